"""Sampling that an operator sets, in requests that are translated and in those that are passed on."""

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.dialects.quirks import Quirks
from ccproxy.dialects.registry import DIALECTS
from ccproxy.model.messages import Request, Sampling
from ccproxy.providers.applied import in_body, in_request
from ccproxy.providers.parameters import KNOWN, BadParameter, Parameters

VALUES: dict[str, Any] = {"temperature": 0.2, "top_p": 0.9, "top_k": 40, "max_tokens": 8192, "stop": ["END", "HALT"]}
OTHERS: dict[str, Any] = {"temperature": 1, "top_p": 0.5, "top_k": 5, "max_tokens": 100, "stop": ["STOP"]}

IN_BODIES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    # dialect, body, parameters, what becomes of the body
    ("anthropic", {"m": 1}, {"temperature": 0.2}, {"temperature": 0.2, "m": 1}),
    ("anthropic", {"temperature": 1}, {"temperature": 0.2}, {"temperature": 1}),
    ("anthropic", {"temperature": None}, {"temperature": 0.2}, {"temperature": 0.2}),
    ("anthropic", {"temperature": 1}, {"temperature": {"override": 0.2}}, {"temperature": 0.2}),
    ("anthropic", {"max_tokens": 9}, {"max_tokens": 5}, {"max_tokens": 9}),
    ("anthropic", {"max_tokens": 9}, {"max_tokens": {"override": 5}}, {"max_tokens": 5}),
    ("anthropic", {}, {"stop": ["X"]}, {"stop_sequences": ["X"]}),
    ("anthropic", {}, {"top_k": 4, "top_p": 0.5}, {"top_p": 0.5, "top_k": 4}),
    ("openai_chat", {}, {"max_tokens": 5}, {"max_tokens": 5}),
    ("openai_chat", {"max_completion_tokens": 9}, {"max_tokens": 5}, {"max_completion_tokens": 9}),
    ("openai_chat", {"max_completion_tokens": 9}, {"max_tokens": {"override": 5}}, {"max_completion_tokens": 5}),
    ("openai_chat", {}, {"stop": ["X"], "top_k": 4}, {"top_k": 4, "stop": ["X"]}),
    ("openai_responses", {}, {"max_tokens": 5, "temperature": 0}, {"temperature": 0, "max_output_tokens": 5}),
    ("openai_responses", {}, {"top_k": 4, "stop": ["X"]}, {}),
    # Anthropic refuses sampling together with thinking, and a limit that leaves no room behind it.
    ("anthropic", {"thinking": {"type": "adaptive"}}, {"temperature": 0.2}, {"thinking": {"type": "adaptive"}}),
    (
        "anthropic",
        {"thinking": {"type": "disabled"}},
        {"temperature": 0.2},
        {"temperature": 0.2, "thinking": {"type": "disabled"}},
    ),
    (
        "anthropic",
        {"thinking": {"type": "enabled", "budget_tokens": 4000}, "max_tokens": 9000},
        {"max_tokens": {"override": 4000}},
        {"thinking": {"type": "enabled", "budget_tokens": 4000}, "max_tokens": 9000},
    ),
    (
        "anthropic",
        {"thinking": {"type": "enabled", "budget_tokens": 4000}, "max_tokens": 9000},
        {"max_tokens": {"override": 4001}},
        {"thinking": {"type": "enabled", "budget_tokens": 4000}, "max_tokens": 4001},
    ),
]

WRONG: list[tuple[str, Any]] = [
    ("temperature", "hot"),
    ("temperature", True),
    ("temperature", -0.1),
    ("temperature", 2.1),
    ("temperature", {"override": 3}),
    ("temperature", {"overwrite": 1}),
    ("temperature", {}),
    ("top_p", 1.5),
    ("top_k", 0),
    ("top_k", 1.5),
    ("max_tokens", 0),
    ("max_tokens", None),
    ("stop", "END"),
    ("stop", []),
    ("stop", [""]),
    ("temperatur", 1),
]


class ParametersTests(SynchronousTestCase):
    """The tables above, and every parameter."""

    def test_filled_in(self) -> None:
        """Each value fills in what a request leaves out, and leaves alone what it says."""
        every = Parameters.of(VALUES)
        empty = Request(model="m", turns=())
        expected = Sampling(**{**VALUES, "stop": ("END", "HALT")})
        self.assertEqual(in_request(every, empty).sampling, expected)
        said = Request(model="m", turns=(), sampling=Sampling(**{**OTHERS, "stop": ("STOP",)}))
        self.assertIs(in_request(every, said), said)

    def test_overridden(self) -> None:
        """Each override replaces what a request says."""
        every = Parameters.of({name: {"override": value} for name, value in VALUES.items()})
        said = Request(model="m", turns=(), sampling=Sampling(**{**OTHERS, "stop": ("STOP",)}))
        self.assertEqual(in_request(every, said).sampling, Sampling(**{**VALUES, "stop": ("END", "HALT")}))

    def test_bodies(self) -> None:
        """A body that is passed on gets them in its own dialect's words."""
        for dialect, body, written, expected in IN_BODIES:
            found = in_body(Parameters.of(written), json.dumps(body).encode(), dialect, Quirks())
            self.assertEqual(json.loads(found), expected, (dialect, body, written))

    def test_both_lanes_agree(self) -> None:
        """What a body says once they are in it is what a translated request says."""
        body = {"model": "m", "max_tokens": 7, "messages": [{"role": "user", "content": "x"}], "input": "x"}
        for name, dialect in DIALECTS.items():
            if name == "gemini":
                continue
            for parameters in (VALUES, {key: {"override": value} for key, value in VALUES.items()}):
                every = Parameters.of(parameters)
                data = json.dumps(body).encode()
                found = dialect.parse_request({}, in_body(every, data, name, Quirks())).sampling
                expected = in_request(every, dialect.parse_request({}, data)).sampling
                for field in KNOWN:
                    if name == "openai_responses" and field in ("top_k", "stop"):
                        continue
                    self.assertEqual(getattr(found, field), getattr(expected, field), (name, field))

    def test_the_vendors_word(self) -> None:
        """A vendor that knows only one of two words gets that one."""
        every = Parameters.of({"max_tokens": 5})
        quirks = Quirks(max_tokens_field="max_completion_tokens")
        self.assertEqual(json.loads(in_body(every, b"{}", "openai_chat", quirks)), {"max_completion_tokens": 5})
        self.assertEqual(json.loads(in_body(every, b"{}", "anthropic", quirks)), {"max_tokens": 5})

    def test_no_other_byte(self) -> None:
        """Every other byte of a body stays: odd numbers, escapes, spaces."""
        body = b'{ "a" : 1.0e2 ,\n"s": "\\u00e9\\/", "temperature": 1 }'
        every = Parameters.of({"temperature": {"override": 0.5}, "top_p": 0.1})
        found = in_body(every, body, "anthropic", Quirks())
        self.assertEqual(found, b'{"top_p":0.1, "a" : 1.0e2 ,\n"s": "\\u00e9\\/", "temperature": 0.5 }')

    def test_wrong(self) -> None:
        """What is no sampling parameter, or out of its bounds, is refused by name."""
        for name, value in WRONG:
            error = self.assertRaises(BadParameter, Parameters.of, {name: value})
            self.assertEqual(error.field, name)
        self.assertEqual(error.known, tuple(KNOWN))

    def test_none(self) -> None:
        """Nothing set is false, and changes nothing."""
        none = Parameters()
        self.assertFalse(none)
        self.assertTrue(Parameters.of({"top_k": 1}))
        self.assertEqual(in_body(none, b"{ }", "anthropic", Quirks()), b"{ }")
        request = ANTHROPIC.parse_request({}, b'{"model":"m","messages":[{"role":"user","content":"x"}]}')
        self.assertIs(in_request(none, request), request)
