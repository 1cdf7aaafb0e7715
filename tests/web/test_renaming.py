"""Routes follow a provider to its new name, in the file as it is written."""

import json

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.draft import Draft
from ccproxy.web.renaming import rename


class Renaming(SynchronousTestCase):
    """One draft."""

    def renamed(self, **value: object) -> dict[str, object]:
        draft = Draft(json.dumps(value), "config.json")
        rename(draft, "old", "new")
        found: dict[str, object] = json.loads(draft.text)
        return found

    def test_routes(self) -> None:
        """Wherever the name stands: as a provider, and before the comma of a target."""
        routes = {
            "default": "old,some,model",
            "background": {"provider": "old", "model": "old,x"},
            "think": {"targets": ["old,a", "older,b", {"provider": "old"}], "fallbacks": ["other,old"]},
        }
        self.assertEqual(
            self.renamed(routes=routes)["routes"],
            {
                "default": "new,some,model",
                "background": {"provider": "new", "model": "old,x"},
                "think": {"targets": ["new,a", "older,b", {"provider": "new"}], "fallbacks": ["other,old"]},
            },
        )

    def test_nothing_else(self) -> None:
        """What is no route stays, and a file without routes is left alone."""
        self.assertEqual(
            self.renamed(apikey="old,x", providers=[{"name": "old"}]),
            {"apikey": "old,x", "providers": [{"name": "old"}]},
        )
