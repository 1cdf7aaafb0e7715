"""The pages below docs/ show configurations that load."""

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.load import load

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("access.md",)
CONFIGURATION = re.compile(r"<!-- a configuration -->\n```jsonc\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"^```jsonc\n(.*?)^```", re.DOTALL | re.MULTILINE)
REFERENCE = re.compile(r"\$\{([A-Z0-9_]+)\}")


class GuidesTests(SynchronousTestCase):
    """Each page that says how to configure something."""

    def test_configurations_load(self) -> None:
        """Each configuration that is shown loads as it stands, once the variables that it names are set; and each that
        is shown is marked, so that none is overlooked."""
        for page in PAGES:
            text = (DOCS / page).read_text(encoding="utf-8")
            shown = CONFIGURATION.findall(text)
            self.assertNotEqual(shown, [], page)
            self.assertEqual(shown, BLOCK.findall(text), page)
            for number, configuration in enumerate(shown):
                path = Path(self.mktemp()).with_suffix(".json")
                path.write_text(configuration, encoding="utf-8")
                names = REFERENCE.findall(configuration)
                settings = load(str(path), {name: f"key-{place}" for place, name in enumerate(names)})
                self.assertTrue(settings.has_keys, (page, number))
