"""Reading requests of this dialect, and what comes of one that is written and read back."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.dialect import Peek
from ccproxy.dialects.gemini.dialect import GEMINI
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import ApiError, Kind
from ccproxy.model.messages import (
    Choose,
    Effort,
    Inline,
    Media,
    Medium,
    Opaque,
    Output,
    Reasoning,
    Remote,
    Request,
    Role,
    Sampling,
    Text,
    Think,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
    WebSearch,
)

QUIRKS = Quirks(vendor="gemini", model="gemini-3.6-flash", stop_limit=5)


def read(value: Any) -> Request:
    """The request in a body."""
    return GEMINI.parse_request({}, json.dumps(value).encode())


class RoundTrip(SynchronousTestCase):
    """Requests written, and read again."""

    def test_everything(self) -> None:
        """A request with all that Gemini can say comes back the same, but for the model: the path names it."""
        schema = {"type": "object", "properties": {"command": {"type": "string"}}}
        picture = Media(Medium.IMAGE, Inline("image/png", "aGk="))
        signed = {"gemini": {"thoughtSignature": "c2ln"}}
        request = Request(
            "",
            (
                Turn(Role.SYSTEM, (Text("Be kind."),)),
                Turn(Role.USER, (Text("Look:"), picture, Media(Medium.DOCUMENT, Remote("https://example.org/a.pdf")))),
                Turn(
                    Role.ASSISTANT,
                    (Text("So."), ToolUse("c1", "Bash", '{"command":"ls"}', signed), ToolUse("c2", "Bash", "{}")),
                ),
                Turn(
                    Role.USER,
                    (
                        ToolResult("c1", (Text("out"), picture)),
                        ToolResult("c2", (Text("bad"),), failed=True),
                        Text("Now?"),
                        Opaque("gemini", {"executableCode": {"code": "1"}}),
                    ),
                ),
            ),
            tools=(Tool("Bash", "Runs.", schema), Tool("Stop", "", {"type": "object", "properties": {}}), WebSearch()),
            tool_choice=ToolChoice(Choose.NAMED, "Bash"),
            sampling=Sampling(9000, 0.5, 0.25, 40, ("a", "b")),
            reasoning=Reasoning(Think.ADAPTIVE, Effort.LOW),
            output=Output(schema),
            extras={"gemini": {"cachedContent": "c/1", "generationConfig": {"seed": 7}}},
        )
        outgoing = GEMINI.render_request(request, QUIRKS)
        self.assertEqual(outgoing.losses, ())
        self.assertEqual(GEMINI.parse_request({}, outgoing.body), request)

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(list(Role)),
                st.lists(
                    st.one_of(
                        st.builds(Text, st.text(max_size=5)),
                        st.builds(ToolUse, st.sampled_from("ab"), st.sampled_from(["x", "y"]), st.just("{}")),
                        st.builds(ToolResult, st.sampled_from("ab"), st.just((Text("r"),))),
                        st.builds(Thinking, st.just("t"), st.sampled_from(["", "px1.x"])),
                    ),
                    max_size=4,
                ),
            ),
            max_size=6,
        )
    )
    def test_any_history_is_legal(self, turns: list[tuple[Role, list[Any]]]) -> None:
        """Whatever a client's history is, contents alternate, begin and end with the user, and calls have their
        responses."""
        request = Request("m", tuple(Turn(role, tuple(parts)) for role, parts in turns))
        contents = json.loads(GEMINI.render_request(request, QUIRKS).body)["contents"]
        self.assertEqual({one["role"] for one in contents[::2]}, {"user"})
        self.assertEqual({one["role"] for one in contents[1::2]} - {"model"}, set())
        self.assertEqual(len(contents) % 2, 1)
        for place, content in enumerate(contents):
            self.assertTrue(content["parts"])
            calls = [part["functionCall"] for part in content["parts"] if "functionCall" in part]
            responses = [part["functionResponse"] for part in content["parts"] if "functionResponse" in part]
            if content["role"] == "model":
                following = contents[place + 1]["parts"][: len(calls)]
                self.assertEqual(
                    [(one["id"], one["name"]) for one in calls],
                    [(one["functionResponse"]["id"], one["functionResponse"]["name"]) for one in following],
                )
                self.assertEqual(responses, [])
            else:
                self.assertEqual(calls, [])
                before = contents[place - 1]["parts"] if place else []
                self.assertEqual(len(responses), len([part for part in before if "functionCall" in part]))


class Reading(SynchronousTestCase):
    """What others than we write."""

    def test_results_without_ids(self) -> None:
        """A response without an id answers the next call of its name; its content may have any shape."""
        calls = [{"functionCall": {"name": name}} for name in ("a", "b", "a")]
        answers = [
            {"functionResponse": {"name": "a", "response": {"result": "1"}}},
            {"functionResponse": {"name": "b", "response": {"x": 2}}},
            {"functionResponse": {"name": "a", "response": {"output": [3]}}},
        ]
        request = read({"contents": [{"role": "model", "parts": calls}, {"role": "user", "parts": answers}]})
        used, results = request.turns[0].parts, request.turns[1].parts
        self.assertEqual(len({one.id for one in used if isinstance(one, ToolUse)}), 3)
        self.assertEqual(
            [(one.id, one.parts) for one in results if isinstance(one, ToolResult)],
            [
                (one.id, (Text(text),))
                for one, text in zip(used, ("1", '{"x":2}', "[3]"), strict=True)
                if isinstance(one, ToolUse)
            ],
        )

    def test_reasoning(self) -> None:
        """Thoughts are reasoning, and each form of `thinkingConfig` is a wish for it."""
        request = read({"contents": [{"role": "model", "parts": [{"text": "Hm.", "thought": True}]}]})
        self.assertEqual(request.turns[0].parts, (Thinking("Hm."),))
        for config, wish in (
            ({"thinkingBudget": 0}, Reasoning(Think.OFF)),
            ({"thinkingBudget": 500, "includeThoughts": True}, Reasoning(Think.BUDGET, budget=500)),
            ({"thinkingBudget": -1}, Reasoning(Think.ADAPTIVE)),
            ({"thinkingLevel": "HIGH"}, Reasoning(Think.ADAPTIVE, Effort.HIGH, shown=False)),
        ):
            self.assertEqual(read({"contents": [], "generationConfig": {"thinkingConfig": config}}).reasoning, wish)

    def test_faults(self) -> None:
        """What is wrong is named by its place."""
        for value, place in (
            ({}, "contents"),
            ({"contents": [3]}, "contents[0]"),
            ({"contents": [{"role": "tool"}]}, "contents[0].role"),
            ({"contents": [{"parts": [{"text": 1}]}]}, "contents[0].parts[0].text"),
            ({"contents": [{"parts": [{"functionCall": {}}]}]}, "contents[0].parts[0].functionCall.name"),
            ({"contents": [], "tools": {}}, "tools"),
            ({"contents": [], "generationConfig": {"topP": "x"}}, "generationConfig.topP"),
            ({"contents": [], "generationConfig": {"stopSequences": ["x"] * 6}}, "generationConfig.stopSequences"),
            (
                {"contents": [], "toolConfig": {"functionCallingConfig": {"mode": "?"}}},
                "toolConfig.functionCallingConfig.mode",
            ),
        ):
            error = self.assertRaises(ApiError, read, value)
            self.assertEqual((error.kind, error.message.partition(":")[0]), (Kind.INVALID, place))
        for text in (b"{", b"[]"):
            self.assertEqual(self.assertRaises(ApiError, GEMINI.parse_request, {}, text).kind, Kind.INVALID)
            self.assertEqual(self.assertRaises(ApiError, GEMINI.peek, text).kind, Kind.INVALID)

    def test_peek(self) -> None:
        """A body names no model: the path does."""
        self.assertEqual(GEMINI.peek(b'{"contents":[]}'), Peek("", False))
