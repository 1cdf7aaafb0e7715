"""Tool calls put together from whatever vendors send of them."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.openai_chat.responses import parse_response
from ccproxy.dialects.quirks import Quirks
from ccproxy.errors import Kind
from ccproxy.model.events import BlockDelta, BlockStarted, BlockStopped
from ccproxy.model.messages import ToolUse
from ccproxy.model.usage import Reason
from ccproxy.wire.jsontext import dumps
from tests.dialects.openai_chat.chunks import DONE, blocks, call, chunk, events, failure, finish, said

TOOLS = chunk({}, "tool_calls")


def fragments(*deltas: dict[str, Any]) -> list[tuple[str, ...]]:
    """The blocks that these fragments of calls come to."""
    return blocks(said(*[chunk(delta) for delta in deltas], TOOLS, DONE))


def both(*deltas: dict[str, Any]) -> dict[str, Any]:
    """Several fragments in one delta."""
    return {"tool_calls": [fragment for delta in deltas for fragment in delta["tool_calls"]]}


class AssemblyTests(SynchronousTestCase):
    """Which fragment belongs to which call."""

    def test_streamed(self) -> None:
        """Arguments are passed on as they come, after the block's start."""
        told = events(
            chunk(call(0, "i", "Read", "")), chunk(call(0, arguments='{"a"')), chunk(call(0, arguments=":1}")), TOOLS
        )
        self.assertEqual(
            told[1:-1],
            [
                BlockStarted(0, ToolUse("i", "Read", "")),
                BlockDelta(0, '{"a"'),
                BlockDelta(0, ":1}"),
                BlockStopped(0),
            ],
        )

    def test_parallel(self) -> None:
        """A call that is whole stops when the next begins."""
        told = events(chunk(call(0, "i", "A", '{"a":1}')), chunk(call(1, "j", "B", '{"b":2}')), TOOLS)
        self.assertEqual(
            [type(event).__name__ + str(getattr(event, "index", "")) for event in told[1:-1]],
            ["BlockStarted0", "BlockDelta0", "BlockStopped0", "BlockStarted1", "BlockDelta1", "BlockStopped1"],
        )

    def test_interleaved(self) -> None:
        """Fragments of two calls in turn find their own."""
        found = fragments(
            call(0, "i", "A", '{"a'),
            call(1, "j", "B", '{"b'),
            call(0, arguments='":1}'),
            call(1, arguments='":2}'),
        )
        self.assertEqual(found, [("call", "i", "A", '{"a":1}'), ("call", "j", "B", '{"b":2}')])

    def test_odd_indexes(self) -> None:
        """An index of a call or a choice that is no number is one all the same."""
        told = said(
            chunk(call(0, "i", "A", '{"a'), index=[0]), chunk(call(0, arguments='":1}'), index=[0]), TOOLS, DONE
        )
        self.assertEqual(blocks(told), [("call", "i", "A", '{"a":1}')])
        found = fragments(*({"tool_calls": [{"index": {}, "id": "i", "function": {"name": "A"}}]},) * 2)
        self.assertEqual(found, [("call", "i", "A", "")])

    def test_repeated(self) -> None:
        """Id and name said again with each fragment are said once."""
        found = fragments(call(0, "i", "Read", '{"a'), call(0, "i", "Read", '":'), call(0, "i", "Read", "1}"))
        self.assertEqual(found, [("call", "i", "Read", '{"a":1}')])

    def test_custom(self) -> None:
        """A custom tool's free text is the input of a call like any other, streamed and whole."""

        def custom(**fields: Any) -> dict[str, Any]:
            return {"tool_calls": [{"index": 0, **fields}]}

        begun = custom(id="i", type="custom", custom={"name": "sum", "input": ""})
        pieces = (custom(custom={"input": 'say "'}), custom(custom={"input": 'x"\n'}))
        self.assertEqual(fragments(begun, *pieces), [("call", "i", "sum", '{"input":"say \\"x\\"\\n"}')])
        self.assertEqual(fragments(begun), [("call", "i", "sum", '{"input":""}')])
        told = both(begun, call(1, "j", "B", "{}"))
        self.assertEqual(fragments(told), [("call", "i", "sum", '{"input":""}'), ("call", "j", "B", "{}")])
        full = {"index": 0, "id": "i", "type": "function", "custom": {"name": "", "input": ""}}
        function = {"function": {"name": "B", "arguments": '{"b":2}'}}
        self.assertEqual(fragments({"tool_calls": [{**full, **function}]}), [("call", "i", "B", '{"b":2}')])
        both_named = {**full, "custom": {"name": "sum", "input": "4"}, "function": {"name": "", "arguments": ""}}
        self.assertEqual(fragments({"tool_calls": [both_named]}), [("call", "i", "sum", '{"input":"4"}')])
        whole = {"tool_calls": [{"id": "i", "type": "custom", "custom": {"name": "sum", "input": "4 + 4"}}]}
        reply = {"choices": [{"index": 0, "message": whole, "finish_reason": "tool_calls"}]}
        response = parse_response(dumps(reply), Quirks())
        self.assertEqual(blocks(response), [("call", "i", "sum", '{"input":"4 + 4"}')])
        self.assertIs(response.stop.reason, Reason.TOOLS)

    def test_no_index(self) -> None:
        """Without an index a known id, or else the last call, is meant."""
        found = fragments(
            call(None, "i", "A", '{"a'), call(None, arguments='":1}'), call(None, "j", "B", '{"b":2}'), call(None, "i")
        )
        self.assertEqual(found, [("call", "i", "A", '{"a":1}'), ("call", "j", "B", '{"b":2}')])

    def test_nothing_but_names(self) -> None:
        """Whole calls with neither index nor id are told apart by their names."""
        found = fragments(
            both(call(None, None, "A", '{"a":1}'), call(None, None, "B", "{}"), call(None, None, "B", "{}"))
        )
        self.assertEqual(
            [(name, arguments) for _, _, name, arguments in found], [("A", '{"a":1}'), ("B", "{}"), ("B", "{}")]
        )
        self.assertEqual(len({id for _, id, _, _ in found}), 3)

    def test_names_repeated_without_ids(self) -> None:
        """A name said again while its arguments are incomplete begins no other call."""
        found = fragments(call(None, None, "A", ""), call(None, None, "A", '{"a'), call(None, None, "A", '":1}'))
        self.assertEqual([(name, arguments) for _, _, name, arguments in found], [("A", '{"a":1}')])

    def test_all_at_index_zero(self) -> None:
        """A vendor that numbers every call 0 is understood by the new id and name after a whole call."""
        found = fragments(call(0, "i", "A", '{"a":1}'), call(0, "j", "B", '{"b":2}'))
        self.assertEqual(found, [("call", "i", "A", '{"a":1}'), ("call", "j", "B", '{"b":2}')])

    def test_rotating_ids(self) -> None:
        """A new id in the middle of the arguments is the same call."""
        found = fragments(call(0, "i", "A", '{"a'), call(0, "j", "A", '":1}'))
        self.assertEqual(found, [("call", "i", "A", '{"a":1}')])

    def test_late_id(self) -> None:
        """An id behind the name still counts, if the arguments had not begun."""
        self.assertEqual(fragments(call(0, None, "A", ""), call(0, "i", None, "{}")), [("call", "i", "A", "{}")])
        self.assertEqual(fragments(call(None, None, "A", ""), call(None, "i", None, "{}")), [("call", "i", "A", "{}")])

    def test_late_name(self) -> None:
        """Arguments before the name wait for it."""
        self.assertEqual(fragments(call(0, "i", "", '{"a":'), call(0, "", "A", "1}")), [("call", "i", "A", '{"a":1}')])

    def test_split_name(self) -> None:
        """A name in pieces is joined, and one that grows replaces itself."""
        for pieces in (["multi", "_", "edit"], ["mu", "multi", "multi_edit"], ["multi_edit", "multi_edit", ""]):
            deltas = [call(0, "i", piece, "") for piece in pieces]
            self.assertEqual(fragments(*deltas, call(0, arguments="{}")), [("call", "i", "multi_edit", "{}")])

    def test_no_id(self) -> None:
        """A call without an id gets one, the same for the same answer, and two calls get two."""
        first = fragments(call(0, None, "A", "{}"), call(1, None, "A", "{}"))
        self.assertEqual(first, fragments(call(0, None, "A", "{}"), call(1, None, "A", "{}")))
        self.assertEqual(len({block[1] for block in first}), 2)

    def test_twice_the_same_id(self) -> None:
        """Two calls with one id become two ids."""
        found = fragments(call(0, "i", "A", '{"a":1}'), call(1, "i", "B", '{"b":1}'))
        self.assertEqual(found[0][1], "i")
        self.assertNotIn(found[1][1], ("i", ""))

    def test_empty_list(self) -> None:
        """An empty list of calls beside text is no call."""
        response = said(chunk({"content": "a", "tool_calls": []}), chunk({"content": "b", "tool_calls": None}), TOOLS)
        self.assertEqual(blocks(response), [("text", "ab")])
        self.assertIs(response.stop.reason, Reason.DONE)


class ArgumentTests(SynchronousTestCase):
    """What is made of arguments."""

    def test_none(self) -> None:
        """No arguments at all, or `null`, are no arguments."""
        for arguments in (None, "", " ", "null"):
            self.assertEqual(fragments(call(0, "i", "A", arguments)), [("call", "i", "A", "")])

    def test_object(self) -> None:
        """Arguments as an object and not as text are written out."""
        self.assertEqual(fragments(call(0, "i", "A", {"a": [1]})), [("call", "i", "A", '{"a":[1]}')])

    def test_placeholder(self) -> None:
        """An empty object before the real arguments was a placeholder."""
        self.assertEqual(
            fragments(call(0, "i", "A", "{}"), call(0, arguments='{"a":1}')), [("call", "i", "A", '{"a":1}')]
        )

    def test_encoded_twice(self) -> None:
        """A JSON string that holds the object is unwrapped once."""
        self.assertEqual(
            fragments(call(0, "i", "A", '"{\\"a'), call(0, arguments='\\": 1}"')), [("call", "i", "A", '{"a": 1}')]
        )

    def test_snapshots(self) -> None:
        """A vendor that repeats all arguments so far is found out, and one that repeats them when they are complete."""
        whole = '{"path": "a/b/c.txt", "limit": 10}'
        deltas = [call(0, "i", "A", whole[:end]) for end in (12, 20, 33, len(whole))]
        self.assertEqual(fragments(*deltas), [("call", "i", "A", whole)])
        again = fragments(call(0, "i", "A", whole), call(1, "j", "B", "{}"), call(0, "i", "A", whole))
        self.assertEqual(again, [("call", "i", "A", whole), ("call", "j", "B", "{}")])

    def test_cut_by_limit(self) -> None:
        """A call that the limit of tokens cut is told so, and is no failure."""
        told = events(chunk(call(0, "i", "Write", '{"text": "abc')), chunk({}, "length"), DONE)
        self.assertIs(finish(told).stop.reason, Reason.LENGTH)
        self.assertIn(BlockStopped(0), told)

    def test_brackets(self) -> None:
        """Closing brackets alone are added where nothing else is missing."""
        for sent, whole in (
            ('{"a": "b"', '{"a": "b"}'),
            ('{"a": {"b": ["c"]', '{"a": {"b": ["c"]}}'),
            ('{"a": true', '{"a": true}'),
            ('{"a": "x]}\\""', '{"a": "x]}\\""}'),
        ):
            self.assertEqual(fragments(call(0, "i", "A", sent)), [("call", "i", "A", whole)])

    def test_broken(self) -> None:
        """What would take a guess is not guessed: the answer has failed, naming the tool."""
        for arguments in (
            '{"cmd": "rm -rf /tm',
            '{"a": 1',
            '{"a": 1}{"b": 2}',
            "[1]",
            '{"a"',
            "rm x",
            '"text"',
        ):
            told = failure(chunk(call(0, "i", "Bash", arguments)), TOOLS, DONE).error
            self.assertIs(told.kind, Kind.BROKEN, arguments)
            self.assertIn("Bash", told.message)

    def test_no_name(self) -> None:
        """A call that never gets a name has failed, if it says anything."""
        self.assertIn("without a name", failure(chunk(call(0, "i", None, "{}")), TOOLS).error.message)
        self.assertEqual(fragments(call(0, "i", None, "")), [])

    def test_more_after_the_end(self) -> None:
        """More arguments for a call that was complete are a broken stream; blanks are not."""
        first, second = chunk(call(0, "i", "A", '{"a":1}')), chunk(call(1, "j", "B", "{}"))
        self.assertEqual(len(blocks(said(first, second, chunk(call(0, arguments=" ")), TOOLS))), 2)
        told = failure(first, second, chunk(call(0, arguments='{"c":1}')), TOOLS)
        self.assertIn("after they were complete", told.error.message)

    def test_wrapper(self) -> None:
        """The parallel wrapper that some models make up is taken off."""
        uses = [
            {"recipient_name": "functions.Read", "parameters": {"a": 1}},
            {"recipient_name": "Glob", "parameters": None},
        ]
        for name in ("multi_tool_use.parallel", "parallel"):
            found = fragments(call(0, "i", name, {"tool_uses": uses}))
            self.assertEqual(found, [("call", "i_0", "Read", '{"a":1}'), ("call", "i_1", "Glob", "{}")])

    def test_tool_named_like_the_wrapper(self) -> None:
        """A client's own tool of that name is called as it is."""
        self.assertEqual(fragments(call(0, "i", "parallel", '{"n":2}')), [("call", "i", "parallel", '{"n":2}')])


class StopTests(SynchronousTestCase):
    """Why an answer with calls stopped."""

    def test_calls_decide(self) -> None:
        """An answer with calls waits for their results, whatever the vendor says, but for a limit or a filter."""
        for word, reason in (
            ("stop", Reason.TOOLS),
            ("tool_calls", Reason.TOOLS),
            ("whatever", Reason.TOOLS),
            ("length", Reason.LENGTH),
            ("content_filter", Reason.REFUSED),
        ):
            told = events(chunk(call(0, "i", "A", "{}")), chunk({}, word), DONE)
            self.assertIs(finish(told).stop.reason, reason, word)

    def test_mark_alone(self) -> None:
        """The end mark without a finish reason ends an answer whose calls are complete, and no other."""
        told = events(chunk(call(0, "i", "A", '{"a":1}')), DONE)
        self.assertIs(finish(told).stop.reason, Reason.TOOLS)
        self.assertIs(failure(chunk(call(0, "i", "A", '{"a": 1')), DONE).error.kind, Kind.BROKEN)
        for nothing in ("", "{}"):
            told = events(chunk(call(0, "i", "A", nothing)), chunk({"content": ""}), DONE)
            self.assertIs(finish(told).stop.reason, Reason.TOOLS, nothing)
