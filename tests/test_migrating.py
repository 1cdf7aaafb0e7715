"""docs/migrating.md: its commands are run as they stand, for a user of each program."""

import re
import shlex
from pathlib import Path

from tests.cli.test_check import CommandCase
from tests.config.imports.files import FILES

PAGE = (Path(__file__).parents[1] / "docs" / "migrating.md").read_text(encoding="utf-8")
RUN = re.compile(r"<!-- run -->\n```console\n(.*?)```", re.DOTALL)


class MigratingTests(CommandCase):
    """What somebody types who comes from another program."""

    def test_commands(self) -> None:
        """Each command succeeds for each of the files, found where its program had it; what is written is ours."""
        commands = [shlex.split(line[2:])[1:] for text in RUN.findall(PAGE) for line in text.splitlines()]
        self.assertEqual([words[0] for words in commands], ["check", "import"])
        for file in FILES:
            self.setUp()
            self.put(file)
            for words in commands:
                here = [str(self.home / word) if word.endswith(".json") else word for word in words]
                result = self.run_it(*here)
                self.assertEqual(result.exit_code, 0, f"{file.title}: {result.output}")
                self.assertIn(file.tradition, result.output)
            self.assertTrue((self.home / "my-config.json").is_file())

    def test_every_format_has_its_part(self) -> None:
        """No format that is read goes untold."""
        for file in FILES:
            self.assertIn(file.tradition.partition("/")[0], PAGE)
