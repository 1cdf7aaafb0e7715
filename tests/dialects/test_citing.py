"""Pages that answers cite and pictures that they hold, from upstreams of every dialect to clients of every dialect."""

import json
from collections.abc import Mapping
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.citing import in_words, url_citation
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.model.events import Event
from ccproxy.model.messages import Citation, Inline, Media, Medium, Remote, Request, Stored, Text, WebSearch
from ccproxy.model.replies import Response, fold, unfold
from ccproxy.model.usage import Reason, Stop, Usage
from tests.dialects.anthropic import frames as anthropic
from tests.dialects.gemini import pieces as gemini
from tests.dialects.openai_chat.chunks import DONE, chunk
from tests.dialects.openai_responses import upstream as responses
from tests.support.cases import UPSTREAMS
from tests.support.streams import every_cut, parse

URL, TITLE, TEXT = "https://example.com/a", "A page", "Rain is wet."
PNG = "iVBORw0KGgo="
PICTURE = Media(Medium.IMAGE, Inline("image/png", PNG))
FLAT = {"type": "url_citation", "url": URL, "title": TITLE, "start_index": 0, "end_index": 12}
NESTED = {"type": "url_citation", "url_citation": {key: FLAT[key] for key in FLAT if key != "type"}}
NATIVE = {
    "type": "web_search_result_location",
    "url": URL,
    "title": TITLE,
    "cited_text": "Rain",
    "encrypted_index": "RW5j",
}
QUIRKS = Quirks(vendor="v", model="m")
ASKED = Request("m", (), tools=(WebSearch(),))


def _cited_message() -> dict[str, Any]:
    item = responses.message(TEXT)
    item["content"][0]["annotations"] = [FLAT]
    return item


CITED: Mapping[str, bytes] = {
    "openai_chat": chunk({"content": TEXT}) + chunk({"annotations": [NESTED]}) + chunk({}, "stop") + DONE,
    "openai_responses": responses.CREATED
    + responses.added(0, responses.message(TEXT))
    + responses.text_delta(0, TEXT)
    + responses.event("response.output_text.annotation.added", output_index=0, content_index=0, annotation=FLAT)
    + responses.done(0, _cited_message())
    + responses.completed(_cited_message()),
    "anthropic": anthropic.begin()
    + anthropic.start(0, type="text", text="", citations=[])
    + anthropic.delta(0, type="citations_delta", citation=NATIVE)
    + anthropic.text(0, TEXT)
    + anthropic.stop(0)
    + anthropic.end(),
    "gemini": gemini.sse(
        gemini.piece(gemini.said(TEXT)),
        gemini.piece(
            finish="STOP",
            groundingMetadata={
                "groundingChunks": [{"web": {"uri": URL, "title": TITLE}}],
                "groundingSupports": [
                    {"segment": {"startIndex": 0, "endIndex": 12, "text": TEXT}, "groundingChunkIndices": [0]}
                ],
                "webSearchQueries": ["rain"],
            },
        ),
    ),
}
"""A text with one citation, as each dialect's upstreams tell it."""

DRAWN: Mapping[str, bytes] = {
    "openai_chat": chunk({"content": "Look:"})
    + chunk({"images": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}]})
    + chunk({}, "stop")
    + DONE,
    "openai_responses": responses.CREATED
    + responses.completed(
        responses.message("Look:"),
        {"id": "ig_1", "type": "image_generation_call", "status": "completed", "result": PNG},
    ),
    "gemini": gemini.sse(
        gemini.piece(gemini.said("Look:"), {"inlineData": {"mimeType": "image/png", "data": PNG}}, finish="STOP")
    ),
}
"""A text and a picture. Anthropic's models make none."""


def events(dialect: str, data: bytes) -> list[Event]:
    """What the parser says, however the bytes are cut."""
    return every_cut(lambda: DIALECTS[dialect].parse_stream(QUIRKS), data)


def told(dialect: str, of: list[Event]) -> bytes:
    """The stream that a client of this dialect gets."""
    renderer = DIALECTS[dialect].render_stream(ASKED)
    return b"".join(map(renderer.render, of))


class CitationTests(SynchronousTestCase):
    """Citations."""

    def test_read(self) -> None:
        """Each dialect's citation is read with its text: page, title and place or words."""
        for dialect, data in CITED.items():
            blocks = [block for block in fold(events(dialect, data)).blocks if isinstance(block, Text)]
            (citation,) = blocks[0].citations
            self.assertEqual((citation.url, citation.title), (URL, TITLE), dialect)

    def test_streamed(self) -> None:
        """Clients of every dialect that has citations read it in their stream, and in a whole reply alike."""
        for dialect, data in CITED.items():
            of = events(dialect, data)
            response = fold(of)
            for client in ("anthropic", "openai_chat", "openai_responses"):
                streamed = fold(parse(DIALECTS[client].parse_stream(QUIRKS), [told(client, of)]))
                whole = DIALECTS[client].parse_response(DIALECTS[client].render_response(response, ASKED), QUIRKS)
                for reply in (streamed, whole):
                    cited = [one for block in reply.blocks if isinstance(block, Text) for one in block.citations]
                    self.assertEqual([(one.url, one.title) for one in cited], [(URL, TITLE)], (dialect, client))

    def test_native(self) -> None:
        """Anthropic's own citation goes to its clients as it came; another's has nothing in the place of what Anthropic
        encrypts."""
        self.assertIn(json.dumps(NATIVE, separators=(",", ":")).encode(), told("anthropic", events(*_of("anthropic"))))
        foreign = told("anthropic", events(*_of("openai_chat")))
        self.assertIn(b'"encrypted_index":""', foreign)

    def test_lists(self) -> None:
        """A bare list of pages beside the answer, as Perplexity has it in every chunk, is told once."""
        data = chunk({"content": TEXT}, citations=[URL])
        data += chunk({"content": ""}, "stop", citations=[URL], search_results=[{"title": TITLE, "url": URL}]) + DONE
        (text,) = fold(events("openai_chat", data)).blocks
        assert isinstance(text, Text)
        self.assertEqual(text.citations, (Citation(URL, TITLE),))

    def test_places(self) -> None:
        """OpenAI's clients get the place told, else that of the words, else the whole text."""
        for citation, place in (
            (Citation(URL, "", "wet", 1, 3), (1, 3)),
            (Citation(URL, "", "wet"), (8, 11)),
            (Citation(URL, "", "dry"), (0, 12)),
        ):
            written = url_citation(citation, TEXT)
            self.assertEqual((written["start_index"], written["end_index"]), place)
            self.assertEqual(written["title"], URL)

    def test_never_to_claude(self) -> None:
        """When the conversation moves to Anthropic, another vendor's search is told in words and its citations go:
        Anthropic checks what it encrypted. Its own stay to the byte."""
        page = {"type": "web_search_result", "url": URL, "title": TITLE, "encrypted_content": "", "page_age": None}
        call = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "rain"}}
        found = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [page]}
        theirs = {"type": "text", "text": TEXT, "citations": [{**NATIVE, "encrypted_index": ""}]}
        send = DIALECTS["anthropic"].verbatim
        quirks = UPSTREAMS["anthropic"]

        def sent(*blocks: Any) -> bytes:
            said = [{"role": "user", "content": "?"}, {"role": "assistant", "content": list(blocks)}]
            return json.dumps({"model": "m", "max_tokens": 1, "messages": said}).encode()

        (_, message) = json.loads(send({}, sent(call, found, theirs), quirks).body)["messages"]
        told_, text = message["content"]
        self.assertEqual(told_["type"], "text")
        for words in ("rain", URL, TITLE):
            self.assertIn(words, told_["text"])
        self.assertEqual(text, {"type": "text", "text": TEXT})
        own = sent(
            call, {**found, "content": [{**page, "encrypted_content": "RW5j"}]}, {**theirs, "citations": [NATIVE]}
        )
        self.assertEqual(send({}, own, quirks).body, own)


def _of(dialect: str) -> tuple[str, bytes]:
    return dialect, CITED[dialect]


class PictureTests(SynchronousTestCase):
    """Pictures."""

    def test_read(self) -> None:
        """Each dialect's picture is one, in its place."""
        for dialect, data in DRAWN.items():
            text, picture = fold(events(dialect, data)).blocks
            self.assertEqual(text, Text("Look:"), dialect)
            assert isinstance(picture, Media)
            self.assertEqual((picture.medium, picture.source), (PICTURE.medium, PICTURE.source), dialect)

    def test_told(self) -> None:
        """Clients whose dialect has pictures get it in their own form, streamed and whole."""
        for dialect, data in DRAWN.items():
            of = events(dialect, data)
            for client in ("openai_chat", "openai_responses", "gemini"):
                streamed = fold(parse(DIALECTS[client].parse_stream(QUIRKS), [told(client, of)]))
                whole = DIALECTS[client].parse_response(DIALECTS[client].render_response(fold(of), ASKED), QUIRKS)
                for reply in (streamed, whole):
                    pictures = [block.source for block in reply.blocks if isinstance(block, Media)]
                    self.assertEqual(pictures, [PICTURE.source], (dialect, client))

    def test_in_words(self) -> None:
        """Anthropic's clients, whose API has no place for one, are told that there was one, and never its bytes."""
        for dialect, data in DRAWN.items():
            of = events(dialect, data)
            for body in (told("anthropic", of), DIALECTS["anthropic"].render_response(fold(of), ASKED)):
                self.assertIn(b"The model made this image (image/png, 1 kB)", body, dialect)
                self.assertNotIn(PNG.encode(), body, dialect)
        self.assertEqual(in_words(Media(Medium.IMAGE, Remote(URL))), f"![image]({URL})")
        self.assertIn("f1", in_words(Media(Medium.IMAGE, Stored("f1"))))

    def test_again(self) -> None:
        """A picture that a client sends back is the model's own again where the vendor has a place for it."""
        reply = Response("r", "m", (Text("Look:"), PICTURE), Stop(Reason.DONE), Usage(1, 1))
        body = json.loads(DIALECTS["openai_responses"].render_response(reply, ASKED))
        asked = json.dumps({"model": "m", "input": [{"role": "user", "content": "?"}, *body["output"]]}).encode()
        request = DIALECTS["openai_responses"].parse_request({}, asked)
        sent = json.loads(DIALECTS["openai_responses"].render_request(request, UPSTREAMS["openai_responses"]).body)
        self.assertIn(PNG, [item.get("result") for item in sent["input"]])
        google = json.loads(DIALECTS["gemini"].render_request(request, UPSTREAMS["gemini"]).body)
        self.assertIn({"inlineData": {"mimeType": "image/png", "data": PNG}}, google["contents"][1]["parts"])

    def test_fold(self) -> None:
        """A whole reply unfolds to a stream that folds to it."""
        reply = Response(
            "r", "m", (Text(TEXT, citations=(Citation(URL, TITLE),)), PICTURE), Stop(Reason.DONE), Usage(1, 1)
        )
        self.assertEqual(fold(unfold(reply)), reply)
