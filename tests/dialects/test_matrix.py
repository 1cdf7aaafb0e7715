"""Every thing a request may hold, from clients of every dialect to upstreams of every dialect."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.registry import DIALECTS
from ccproxy.dialects.seals import PREFIX
from ccproxy.wire.jsontext import loads
from tests.support.cases import CASES, STATE, UPSTREAMS
from tests.support.translation import CHANGES, CHANGES_BETWEEN, DOCUMENT, as_client, direct, document, outcome


class MatrixTests(SynchronousTestCase):
    """What the target's own parser reads is what was asked, but for what the tables explain."""

    def test_complete(self) -> None:
        """Each dialect has an upstream in the matrix, so that a new one cannot be forgotten."""
        self.assertEqual(set(UPSTREAMS), set(DIALECTS))

    def test_upstreams(self) -> None:
        """What an upstream is told otherwise than it was asked is declared as a loss or explained, and no explanation
        is left over."""
        for name, case in CASES.items():
            for to in DIALECTS:
                found = direct(case, to)
                declared = case.shows if found.losses else frozenset()
                explained, _ = CHANGES.get((name, to), (frozenset(), ""))
                self.assertEqual(set(found.differs) - declared, set(explained), (name, to, found))

    def test_losses(self) -> None:
        """Nothing is declared lost where all arrived."""
        for name, case in CASES.items():
            for to in DIALECTS:
                found = direct(case, to)
                if found.losses:
                    self.assertTrue(set(found.differs) & case.shows, (name, to, found.losses))

    def test_pairs(self) -> None:
        """What a client of any dialect says in its own words arrives at any upstream as well as the same thing said
        without a dialect."""
        unexplained, needed = {}, set()
        for name, case in CASES.items():
            for to in DIALECTS:
                known = direct(case, to)
                for of in DIALECTS:
                    request = as_client(case, of, to)
                    if request is None:
                        self.assertTrue(direct(case, of).refusal, (name, of))
                        continue
                    found = outcome(request, to)
                    self.assertFalse(found.refusal and not known.refusal, (name, of, to, found.refusal))
                    if strange := {
                        field: found.differs[field] for field in found.differs.keys() - known.differs.keys()
                    }:
                        needed.add((name, of, to))
                        if (name, of, to) not in CHANGES_BETWEEN:
                            unexplained[name, of, to] = strange
        self.assertEqual(unexplained, {})
        self.assertEqual(set(CHANGES_BETWEEN) - needed, set())

    def test_names(self) -> None:
        """The tables speak of cases and dialects that exist."""
        self.assertEqual({name for name, *_ in (*CHANGES, *CHANGES_BETWEEN)} - set(CASES), set())
        dialects = {dialect for _, *others in (*CHANGES, *CHANGES_BETWEEN) for dialect in others}
        self.assertEqual(dialects - set(DIALECTS), set())

    def test_breakpoints(self) -> None:
        """Anthropic's cache markers are OpenAI's breakpoints, one for one."""
        body = direct(CASES["cache_markers"], "openai_responses").body
        self.assertEqual(body.count(b'"prompt_cache_breakpoint"'), 2)

    def test_own_reasoning(self) -> None:
        """OpenRouter has its own reasoning back in the field it came in."""
        message = loads(direct(CASES["own_thinking"], "openai_chat").body)["messages"][1]
        self.assertEqual(message["reasoning_details"], [{"type": "reasoning.encrypted", "data": STATE}])

    def test_seals(self) -> None:
        """No upstream sees a seal of ours, and none but Anthropic what Anthropic withheld."""
        for name, case in CASES.items():
            for to in DIALECTS:
                body = direct(case, to).body
                self.assertNotIn(PREFIX.encode(), body, (name, to))
                if name == "withheld_thinking" and to != "anthropic":
                    self.assertNotIn(STATE.encode(), body, to)


class DocumentTests(SynchronousTestCase):
    """The table in the documentation."""

    def test_current(self) -> None:
        """It says what the code does; `python -m tests.support.translation` writes it anew."""
        self.assertEqual(DOCUMENT.read_text(encoding="utf-8"), document())
