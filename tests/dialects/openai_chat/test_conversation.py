"""Conversations as vendors want them: who may follow whom, and what becomes of what they do not take."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.openai_chat.conversation import INTERRUPTED, messages
from ccproxy.dialects.quirks import LateSystem, Quirks, ReplayReasoning
from ccproxy.dialects.seals import seal
from ccproxy.dialects.toolnames import Names
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import (
    Inline,
    Media,
    Medium,
    Opaque,
    Part,
    Remote,
    Role,
    Searched,
    Source,
    Stored,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Turn,
)

IMAGE = Media(Medium.IMAGE, Inline("image/png", "AAAA"))
PDF = Media(Medium.DOCUMENT, Inline("application/pdf", "JVBE"), "a.pdf")
IMAGE_URL = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
MARKED = {"anthropic": {"cache_control": {"type": "ephemeral"}}}
MISTRAL = Quirks(
    tool_id_pattern="[a-zA-Z0-9]{9}",
    late_system=LateSystem.USER,
    alternate_roles=True,
    user_may_follow_tool=False,
    empty_tool_result="(no output)",
)


def system(*parts: Part | str) -> Turn:
    """A system turn."""
    return _turn(Role.SYSTEM, parts)


def user(*parts: Part | str) -> Turn:
    """A user's turn."""
    return _turn(Role.USER, parts)


def assistant(*parts: Part | str) -> Turn:
    """An assistant's turn."""
    return _turn(Role.ASSISTANT, parts)


def _turn(role: Role, parts: tuple[Part | str, ...]) -> Turn:
    return Turn(role, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def use(id: str, arguments: str = "{}", name: str = "Read") -> ToolUse:
    """A call."""
    return ToolUse(id, name, arguments)


def result(id: str, *parts: Part | str, failed: bool = False) -> ToolResult:
    """A call's result."""
    return ToolResult(id, _turn(Role.USER, parts).parts, failed)  # type: ignore[arg-type]


def sent(*turns: Turn, quirks: Quirks | None = None) -> list[dict[str, Any]]:
    """The messages of these turns."""
    return messages(turns, quirks or Quirks(), Names([]), [])


def lost(*turns: Turn, quirks: Quirks | None = None) -> list[str]:
    """What of these turns could not be said."""
    losses: list[str] = []
    messages(turns, quirks or Quirks(), Names([]), losses)
    return losses


def short(written: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """Role and content, with the ids of calls for content-less ones."""
    return [(message["role"], message["content"]) for message in written]


class SystemTests(SynchronousTestCase):
    """System prompts, in front and later."""

    def test_leading(self) -> None:
        """All leading system texts are one message in the vendor's role."""
        self.assertEqual(
            short(sent(system("a", "b"), system("c", " "), user("Hi"), quirks=Quirks(system_role="developer"))),
            [("developer", "a\n\nb\n\nc"), ("user", "Hi")],
        )

    def test_late_inline(self) -> None:
        """A late system turn stays where it is, but behind the results that must come first."""
        written = sent(user("a"), assistant(use("i")), system("s"), user(result("i", "r"), "b"))
        self.assertEqual([message["role"] for message in written], ["user", "assistant", "tool", "system", "user"])

    def test_late_as_user(self) -> None:
        """Where only a leading one is allowed, it is said within the user's turn beside it."""
        quirks = Quirks(late_system=LateSystem.USER)
        wrapped = "<system>\ns\n</system>"
        self.assertEqual(short(sent(user("a"), system("s"), quirks=quirks)), [("user", f"a\n\n{wrapped}")])
        self.assertEqual(
            short(sent(user("a"), assistant("b"), system("s"), user("c"), quirks=quirks))[2:],
            [("user", f"{wrapped}\n\nc")],
        )
        self.assertEqual(
            short(sent(user("a"), assistant(use("i")), user(result("i", "r")), system("s"), quirks=quirks))[2:],
            [("tool", "r"), ("user", wrapped)],
        )
        self.assertEqual(
            sent(user("a", IMAGE), system("s"), quirks=quirks)[0]["content"][-1], {"type": "text", "text": wrapped}
        )

    def test_cache_markers(self) -> None:
        """Where the vendor takes cache markers, texts stay parts and keep theirs; elsewhere both vanish."""
        turns = (Turn(Role.SYSTEM, (Text("a"), Text("b", MARKED))), user("Hi"))
        marked = {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}}
        self.assertEqual(
            sent(*turns, quirks=Quirks(cache_markers=True))[0]["content"], [{"type": "text", "text": "a"}, marked]
        )
        breakpoint_ = sent(*turns, quirks=Quirks(cache_breakpoints=True))[0]["content"][1]
        self.assertEqual(breakpoint_["prompt_cache_breakpoint"], {"mode": "explicit"})
        self.assertEqual(sent(*turns)[0]["content"], "a\n\nb")
        tool = ToolResult("i", (Text("r"),), extras=MARKED)
        written = sent(user("a"), assistant(use("i")), user(tool), quirks=Quirks(cache_markers=True))
        self.assertEqual(written[2]["content"][0]["cache_control"], {"type": "ephemeral"})


class ToolLoopTests(SynchronousTestCase):
    """Calls and their results."""

    def test_order(self) -> None:
        """Results stand in the order of the calls directly behind them, whatever order they came in, then the text."""
        written = sent(
            user("a"), assistant("b", use("i", '{"x": 1}'), use("j", "")), user("c", result("j", "2"), result("i", "1"))
        )
        self.assertEqual(
            written[1:],
            [
                {
                    "role": "assistant",
                    "content": "b",
                    "tool_calls": [
                        {"id": "i", "type": "function", "function": {"name": "Read", "arguments": '{"x": 1}'}},
                        {"id": "j", "type": "function", "function": {"name": "Read", "arguments": "{}"}},
                    ],
                },
                {"role": "tool", "tool_call_id": "i", "content": "1"},
                {"role": "tool", "tool_call_id": "j", "content": "2"},
                {"role": "user", "content": "c"},
            ],
        )

    def test_content_of_calls_alone(self) -> None:
        """An assistant who only calls has no content, or an empty one where null is refused."""
        turns = (user("a"), assistant(use("i")), user(result("i", "r")))
        self.assertIsNone(sent(*turns)[1]["content"])
        self.assertEqual(sent(*turns, quirks=Quirks(null_content=False))[1]["content"], "")

    def test_split_turns(self) -> None:
        """Neighbouring assistant turns are one message, with all calls before all results."""
        written = sent(
            user("a"),
            assistant("b"),
            assistant(use("i")),
            assistant(use("j")),
            user(result("i", "1")),
            user(result("j", "2")),
        )
        self.assertEqual([message["role"] for message in written], ["user", "assistant", "tool", "tool"])
        self.assertEqual(written[1]["content"], "b")
        self.assertEqual(len(written[1]["tool_calls"]), 2)

    def test_ids_that_come_again(self) -> None:
        """Where a model counts its calls anew in each answer, each has an id of its own all the same, and its result
        has that; later turns do not change those of earlier ones."""
        turns = (
            user("a"),
            assistant(use("i")),
            user(result("i", "one")),
            assistant(use("i")),
            user(result("i", "two")),
        )
        written = sent(*turns)
        calls = [call["id"] for message in written for call in message.get("tool_calls", ())]
        results = [(message["tool_call_id"], message["content"]) for message in written if message["role"] == "tool"]
        self.assertEqual(len(set(calls)), 2)
        self.assertEqual(calls[0], "i")
        self.assertEqual(results, list(zip(calls, ("one", "two"), strict=True)))
        again = sent(*turns, user("b"), assistant(use("i")), user(result("i", "three")))
        self.assertEqual(again[: len(written)], written)

    def test_results(self) -> None:
        """Results are text: several are joined, failures say so, nothing is what the vendor wants for it."""
        quirks = Quirks(empty_tool_result="(no output)")
        for answer, written in (
            (result("i", "a", "b"), "a\n\nb"),
            (result("i", "bad", failed=True), "Error: bad"),
            (result("i", failed=True), "Error"),
            (result("i"), "(no output)"),
            (result("i", " "), "(no output)"),
        ):
            self.assertEqual(sent(user("a"), assistant(use("i")), user(answer), quirks=quirks)[2]["content"], written)

    def test_call_without_result(self) -> None:
        """A call that was interrupted has a result that says so, at the end of a conversation too."""
        for turns in ((assistant(use("i")), user("go on")), (assistant(use("i")),)):
            written = sent(user("a"), *turns)
            self.assertEqual(written[2], {"role": "tool", "tool_call_id": "i", "content": INTERRUPTED})

    def test_result_without_call(self) -> None:
        """A result whose call is gone is told as text, with its id."""
        written = sent(user(result("gone", "r"), "b"))
        self.assertEqual(short(written), [("user", "[Result of the tool call gone]\nr\n\nb")])

    def test_results_twice(self) -> None:
        """Of two results of one call the last counts."""
        written = sent(user("a"), assistant(use("i")), user(result("i", "1"), result("i", "2")))
        self.assertEqual(short(written)[2:], [("tool", "2")])

    def test_call_twice(self) -> None:
        """A call that is said twice is one; two calls that share an id are two, each with its own result."""
        written = sent(user("a"), assistant(use("i"), use("i")), user(result("i", "1")))
        self.assertEqual(len(written[1]["tool_calls"]), 1)
        written = sent(
            user("a"), assistant(use("i", '{"a":1}'), use("i", '{"a":2}')), user(result("i", "1"), result("i", "2"))
        )
        ids = [call["id"] for call in written[1]["tool_calls"]]
        self.assertEqual(len(set(ids)), 2)
        answers = [(message["tool_call_id"], message["content"]) for message in written[2:]]
        self.assertEqual(answers, [(ids[0], "1"), (ids[1], "2")])

    def test_ids_used_again(self) -> None:
        """A vendor that counts its ids from zero in each answer still gets different ones for different calls."""
        round_ = (assistant(use("call_0")), user(result("call_0", "r")))
        written = sent(user("a"), *round_, *round_)
        first, second = (message["tool_call_id"] for message in written if message["role"] == "tool")
        self.assertEqual(first, "call_0")
        self.assertNotEqual(second, first)
        self.assertEqual(written[3]["tool_calls"][0]["id"], second)

    def test_ids_rewritten(self) -> None:
        """Mistral's nine characters are the same in call and result."""
        written = sent(user("a"), assistant(use("toolu_01")), user(result("toolu_01", "r")), quirks=MISTRAL)
        id = written[1]["tool_calls"][0]["id"]
        self.assertRegex(id, "^[a-zA-Z0-9]{9}$")
        self.assertEqual(written[2]["tool_call_id"], id)

    def test_no_user_behind_tool(self) -> None:
        """Where no user may follow a tool, text joins the last result; images come behind the assistant's `Ok.`"""
        turns = (user("a"), assistant(use("i"), use("j")), user(result("i", "1"), result("j"), "b"))
        self.assertEqual(short(sent(*turns, quirks=MISTRAL))[2:], [("tool", "1"), ("tool", "(no output)\n\nb")])
        with_image = sent(*turns, user(IMAGE), quirks=MISTRAL)
        self.assertEqual([message["role"] for message in with_image[2:]], ["tool", "tool", "assistant", "user"])

    def test_images_in_results(self) -> None:
        """Images of results follow in one user message, numbered as the results point to them."""
        written = sent(
            user("a"), assistant(use("i"), use("j")), user(result("j", IMAGE), result("i", "see", IMAGE), "what?")
        )
        self.assertEqual(
            short(written)[2:],
            [
                ("tool", "see\n\n[image 1 attached below]"),
                ("tool", "[image 2 attached below]"),
                (
                    "user",
                    [
                        {"type": "text", "text": "[image 1]"},
                        IMAGE_URL,
                        {"type": "text", "text": "[image 2]"},
                        IMAGE_URL,
                    ],
                ),
                ("user", "what?"),
            ],
        )


class ShapeTests(SynchronousTestCase):
    """Who may begin, follow and end."""

    def test_first_is_user(self) -> None:
        """A conversation that begins with the assistant, or has nobody, gets a user."""
        self.assertEqual(short(sent(assistant("a"), user("b"))), [("user", "."), ("assistant", "a"), ("user", "b")])
        self.assertEqual(short(sent(system("s"))), [("system", "s"), ("user", ".")])
        self.assertEqual(short(sent()), [("user", ".")])

    def test_last_is_not_assistant(self) -> None:
        """A beginning of the answer is followed by a word of the user, and listed as lost."""
        self.assertEqual(short(sent(user("a"), assistant("b")))[-1], ("user", "Continue."))
        self.assertIn("prefill", lost(user("a"), assistant("b"))[0])

    def test_empty(self) -> None:
        """Empty texts and turns without anything are not said."""
        written = sent(user("a", ""), assistant(" "), assistant(Thinking("t", "foreign")), user("\n"), user("b"))
        self.assertEqual(short(written), [("user", "a"), ("user", "b")])

    def test_alternating(self) -> None:
        """Where roles must alternate, neighbours are one message; results stay apart."""
        quirks = Quirks(alternate_roles=True)
        written = sent(
            user("a"),
            user("b", IMAGE),
            assistant(use("i"), use("j")),
            user(result("i", "1"), result("j", "2")),
            quirks=quirks,
        )
        text = {"type": "text", "text": "a"}
        self.assertEqual(written[0]["content"], [text, {"type": "text", "text": "b"}, IMAGE_URL])
        self.assertEqual([message["role"] for message in written], ["user", "assistant", "tool", "tool"])


class ContentTests(SynchronousTestCase):
    """Images, documents, sounds, and blocks of others."""

    def test_image(self) -> None:
        """An image is a part with its data or its address, and a note where the vendor takes none."""
        remote = Media(Medium.IMAGE, Remote("https://a.example/b.png"), extras={"openai_chat": {"detail": "low"}})
        content = sent(user("a", IMAGE, remote))[0]["content"]
        url = {"url": "https://a.example/b.png", "detail": "low"}
        self.assertEqual(content, [{"type": "text", "text": "a"}, IMAGE_URL, {"type": "image_url", "image_url": url}])
        blind = Quirks(images=False)
        self.assertEqual(sent(user(IMAGE), quirks=blind)[0]["content"], "[image omitted: this model takes no images]")
        self.assertEqual(lost(user(IMAGE, IMAGE), quirks=blind), ["image (this model takes no images)"])

    def test_document(self) -> None:
        """A PDF is a file where the vendor takes one and else a note with its name; a text document is text."""
        file = {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}
        self.assertEqual(sent(user(PDF), quirks=Quirks(documents=True))[0]["content"], [{"type": "file", "file": file}])
        self.assertIn("'a.pdf'", sent(user(PDF))[0]["content"])
        plain = Media(Medium.DOCUMENT, Inline("text/plain", "aGkgdGhlcmU="), "notes")
        self.assertEqual(sent(user(plain))[0]["content"], "notes\nhi there")
        broken = Media(Medium.DOCUMENT, Inline("text/plain", "%%"))
        self.assertIn("not base64", sent(user(broken))[0]["content"])

    def test_audio(self) -> None:
        """WAV and MP3 are sent, other sounds are noted."""
        sound = Media(Medium.AUDIO, Inline("audio/mpeg", "AAAA"))
        part = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}}
        self.assertEqual(sent(user(sound))[0]["content"], [part])
        self.assertIn("omitted", sent(user(Media(Medium.AUDIO, Inline("audio/ogg", "AAAA"))))[0]["content"])

    def test_stored(self) -> None:
        """A file that only another vendor has cannot be sent, and the error says what to do."""
        with self.assertRaises(ApiError) as caught:
            sent(user(Media(Medium.IMAGE, Stored("file_1"))))
        self.assertIs(caught.exception.kind, Kind.UNTRANSLATABLE)
        self.assertIn("base64", caught.exception.message)

    def test_foreign(self) -> None:
        """Another dialect's block is told in words, or not at all; our own goes back as it is."""
        search = Opaque("anthropic", {"type": "search_result", "title": "T", "source": "S", "content": []})
        self.assertEqual(short(sent(user(search, "a"))), [("user", "T\nS\n\na")])
        self.assertEqual(lost(user(search, "a")), ["search_result block"])
        own = {"type": "video_url", "video_url": {"url": "x"}}
        self.assertEqual(sent(user(Opaque("openai_chat", own)))[0]["content"], [own])
        searched = Searched("s", "cats", (Source("https://c.example", "Cats"),))
        self.assertEqual(
            sent(user("a"), assistant(searched), user("b"))[1]["content"],
            "[Web search: cats]\n- Cats https://c.example",
        )


class ReplayTests(SynchronousTestCase):
    """Reasoning that goes back to its vendor."""

    def quirks(self, replay: ReplayReasoning, vendor: str = "v") -> Quirks:
        return Quirks(vendor=vendor, model="m", replay_reasoning=replay)

    def message(self, quirks: Quirks, *parts: Part | str) -> dict[str, Any]:
        """The assistant's message among others."""
        return sent(user("a"), assistant(*parts), user("b"), quirks=quirks)[1]

    def test_text(self) -> None:
        """Sealed reasoning goes into the vendor's field, though the client shows none of it."""
        for replay, field in ((ReplayReasoning.CONTENT, "reasoning_content"), (ReplayReasoning.REASONING, "reasoning")):
            quirks = self.quirks(replay)
            thought = Thinking("", seal(quirks, {"r": field, "t": "hm"}))
            self.assertEqual(self.message(quirks, thought, "x")[field], "hm")
            self.assertEqual(self.message(quirks, Thinking("plain"), "x")[field], "plain")

    def test_foreign(self) -> None:
        """Another vendor's reasoning, and Anthropic's, is not sent, nor anything where none is wanted."""
        theirs = Thinking("hm", seal(self.quirks(ReplayReasoning.CONTENT, "other"), {"t": "hm"}))
        native = Thinking("hm", "EqQBCgIYAhIM")
        for thought in (theirs, native, Thinking("", "x", withheld=True)):
            self.assertNotIn("hm", str(self.message(self.quirks(ReplayReasoning.CONTENT), thought, "x")))
        self.assertEqual(self.message(Quirks(), Thinking("plain"), "x"), {"role": "assistant", "content": "x"})

    def test_present_on_calls(self) -> None:
        """DeepSeek and Kimi want the field on every message with calls, even an empty one, and on no other."""
        quirks = self.quirks(ReplayReasoning.CONTENT)
        self.assertEqual(self.message(quirks, use("i"))["reasoning_content"], "")
        self.assertNotIn("reasoning_content", self.message(quirks, "x"))
        self.assertNotIn("reasoning", self.message(self.quirks(ReplayReasoning.REASONING), use("i")))

    def test_details(self) -> None:
        """OpenRouter's details come back unchanged and in order, joined over the blocks that held them."""
        quirks = self.quirks(ReplayReasoning.DETAILS)
        one = {"type": "reasoning.text", "text": "a", "index": 0, "format": "f"}
        two = {"type": "reasoning.encrypted", "data": "xx", "index": 1}
        late = {"type": "reasoning.text", "text": "", "signature": "sig", "index": 0}
        thoughts = [
            Thinking("a", seal(quirks, {"details": [one, two]})),
            Thinking("", seal(quirks, {"details": [late]})),
        ]
        written = self.message(quirks, *thoughts, "x")
        self.assertEqual(written["reasoning_details"], [{**one, "signature": "sig"}, two])
        self.assertEqual(self.message(quirks, Thinking("plain"), "x")["reasoning"], "plain")

    def test_parts(self) -> None:
        """Mistral's reasoning is a part before the text, with its signature."""
        quirks = self.quirks(ReplayReasoning.PARTS)
        thought = Thinking("hm", seal(quirks, {"t": "hm", "s": "sig"}))
        part = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "signature": "sig", "closed": True}
        self.assertEqual(self.message(quirks, thought, "x")["content"], [part, {"type": "text", "text": "x"}])

    def test_extra_content(self) -> None:
        """What came with a call goes back with that call, and with no other."""
        quirks = self.quirks(ReplayReasoning.NEVER)
        extra = {"google": {"thought_signature": "s"}}
        first, second = self.message(quirks, Thinking("", seal(quirks, {"x": extra})), use("i"), use("j"))["tool_calls"]
        self.assertEqual(first["extra_content"], extra)
        self.assertNotIn("extra_content", second)


PARTS = st.one_of(
    st.text(max_size=5).map(Text),
    st.sampled_from([IMAGE, PDF, Thinking("t"), Opaque("x", {"type": "y", "text": "z"})]),
    st.builds(use, st.sampled_from(["i", "j", "k l", ""])),
    st.builds(result, st.sampled_from(["i", "j", "k l", ""]), st.text(max_size=5).map(Text)),
)
TURNS = st.lists(st.builds(Turn, st.sampled_from(list(Role)), st.lists(PARTS, max_size=4).map(tuple)), max_size=6)
QUIRKS = st.sampled_from(
    [
        Quirks(),
        MISTRAL,
        Quirks(late_system=LateSystem.USER, images=False),
        Quirks(alternate_roles=True, documents=True, cache_markers=True, replay_reasoning=ReplayReasoning.CONTENT),
    ]
)


class AnyConversationTests(SynchronousTestCase):
    """What holds of every conversation."""

    @settings(derandomize=True, max_examples=200, deadline=None)
    @given(TURNS, QUIRKS)
    def test_order(self, turns: list[Turn], quirks: Quirks) -> None:
        """Calls are answered at once and once each, the user is first, the assistant never last."""
        written = sent(*turns, quirks=quirks)
        rest = [message for message in written if message["role"] != "system"]
        self.assertEqual(rest[0]["role"], "user")
        self.assertIn(written[-1]["role"], ("user", "tool", "system"))
        waiting: list[str] = []
        for message in written:
            if message["role"] == "tool":
                self.assertEqual(message["tool_call_id"], waiting.pop(0))
                continue
            self.assertEqual(waiting, [])
            waiting = [call["id"] for call in message.get("tool_calls", [])]
            self.assertTrue(message["content"] or waiting, message)
        self.assertEqual(waiting, [])

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(TURNS, TURNS)
    def test_prefix(self, before: list[Turn], after: list[Turn]) -> None:
        """The messages of one turn begin those of the next, so that the vendor's cache stays warm."""
        conversation = [system("s"), user("a"), *before, user("b")]
        earlier = sent(*conversation)
        later = sent(*conversation, assistant("c", use("n")), user(result("n", "r")), *after)
        self.assertEqual(later[: len(earlier)], earlier)
