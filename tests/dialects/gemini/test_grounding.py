"""What Google searched, and what it found."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.gemini.grounding import Grounding
from ccproxy.model.messages import Citation, Source

METADATA = {
    "webSearchQueries": ["weather Rome", "rain Rome"],
    "groundingChunks": [{"web": {"uri": "https://a.test", "title": "A"}}, {"web": {"uri": "https://b.test"}}],
    "groundingSupports": [{"segment": {"text": "It rains."}, "groundingChunkIndices": [1, 0, 7]}],
}


class GroundingTests(SynchronousTestCase):
    """The grounding of one answer."""

    def test_all(self) -> None:
        """Its queries and pages are one search; the pages that words come from are cited once, however often it is
        told."""
        grounding = Grounding()
        grounding.learn(METADATA)
        grounding.learn(METADATA)
        self.assertEqual(grounding.searches, 2)
        self.assertEqual(
            grounding.citations(),
            (Citation("https://b.test", "", "It rains."), Citation("https://a.test", "A", "It rains.")),
        )
        self.assertEqual(grounding.citations(), ())
        searched = grounding.searched("r1")
        assert searched is not None
        self.assertEqual(searched.query, "weather Rome; rain Rome")
        self.assertEqual(searched.sources, (Source("https://a.test", "A"), Source("https://b.test", "")))

    def test_id(self) -> None:
        """The same search of the same answer has the same id, and no other has it."""
        ids = set()
        for answer in ("r1", "r1", "r2"):
            grounding = Grounding()
            grounding.learn(METADATA)
            searched = grounding.searched(answer)
            assert searched is not None
            ids.add(searched.id)
        self.assertEqual(len(ids), 2)

    def test_nothing(self) -> None:
        """Without a query or a page nothing was searched; what is garbled is passed over."""
        grounding = Grounding()
        garbled: list[dict[str, Any]] = [
            {},
            {"webSearchQueries": "x", "groundingChunks": [1, {"web": 2}, {"web": {"uri": 3}}]},
            {"groundingSupports": [1, {"segment": 1, "groundingChunkIndices": ["x", -1, 0]}]},
        ]
        for metadata in garbled:
            grounding.learn(metadata)
        self.assertEqual((grounding.searches, grounding.citations(), grounding.searched("r1")), (0, (), None))

    def test_pages_alone(self) -> None:
        """Pages without a query were found by one search."""
        grounding = Grounding()
        grounding.learn({"groundingChunks": METADATA["groundingChunks"]})
        self.assertEqual(grounding.searches, 1)
