"""Foreign blocks in words."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.digests import digest
from ccproxy.model.messages import Opaque


class DigestTests(SynchronousTestCase):
    """What of a block another vendor's model can read."""

    def said(self, value: dict[str, object]) -> str:
        return digest(Opaque("anthropic", value))

    def test_results(self) -> None:
        """Titles, addresses and texts of results are told, what is encrypted is not."""
        value = {
            "type": "web_search_tool_result",
            "tool_use_id": "srvtoolu_1",
            "content": [
                {"type": "web_search_result", "title": "T", "url": "https://a.example", "encrypted_content": "secret"}
            ],
        }
        self.assertEqual(self.said(value), "T\nhttps://a.example")

    def test_search_result(self) -> None:
        """A client's own search result is its title, its source and its text."""
        value = {"type": "search_result", "title": "T", "source": "S", "content": [{"type": "text", "text": "C"}]}
        self.assertEqual(self.said(value), "T\nS\nC")

    def test_compaction(self) -> None:
        """A compacted conversation is told as the summary it is."""
        self.assertEqual(self.said({"type": "compaction", "content": "so far"}), "<summary>\nso far\n</summary>")

    def test_silent(self) -> None:
        """Calls of server tools, ids and binary data say nothing."""
        for value in (
            {"type": "server_tool_use", "name": "web_search", "input": {"query": "q"}},
            {"type": "container_upload", "file_id": "f"},
            {"type": "unknown", "source": {"type": "base64", "text": "AAAA"}},
            {"type": "unknown", "n": 5},
        ):
            self.assertEqual(self.said(value), "", value)

    def test_bounded(self) -> None:
        """A page of megabytes becomes no prompt of megabytes, and nesting without end comes to one."""
        self.assertLessEqual(len(self.said({"type": "x", "text": "a" * 10_000_000})), 20_000)
        deep: dict[str, object] = {"text": "bottom"}
        for _ in range(200):
            deep = {"content": deep}
        self.assertEqual(self.said(deep), "")
