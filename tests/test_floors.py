"""Imports point down the floors: a lower one never knows an upper one, and neighbours on a floor do not meet."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

PACKAGE = Path(__file__).parents[1] / "ccproxy"

FLOORS = [
    {"errors"},
    {"figures", "headers", "secret", "wholefiles", "wire"},
    {"model"},
    {"dialects"},
    {"providers", "access", "tokens"},
    {"routing"},
    {"config"},
    {"upstream"},
    {"exchange"},
    {"hooks", "rules"},
    {"captures", "ledger", "metrics", "cluster"},
    {"web"},
    {"log", "logfile"},
    {"daemon"},
    {"demo"},
    {"lasting"},
    {"dispatching"},
    {"front"},
    {"service"},
    {"tap"},
    {"cli"},
]
FLOOR_OF = {name: number for number, floor in enumerate(FLOORS) for name in floor}
TWISTED_FROM = FLOOR_OF["upstream"]

SHARED_BY_DIALECTS = {path.stem for path in (PACKAGE / "dialects").glob("*.py")} - {"registry"}
"""What a dialect may import of `dialects` besides itself."""

CLI_READS = {"ccproxy.cli.process.order", "ccproxy.cli.process.owners", "ccproxy.config.settings"}
"""What reads configurations takes as long to import as the rest of a command, which most often does without."""

LATE = {
    # Twisted takes most of a start.
    "cli/process/serving.py": {"twisted.scripts.twistd", "ccproxy.tap"},
    "cli/logs.py": CLI_READS,
    "cli/reload.py": CLI_READS,
    "cli/status.py": CLI_READS,
    # Most exchanges are not captured.
    "cli/show.py": {"ccproxy.cli.capturing"},
    # A daemon that has run for a while knows them itself.
    "cli/tail.py": {"ccproxy.cli.keeping", "ccproxy.ledger.queries"},
    # Most who could ask providers do not, and few daemons want TLS.
    "cli/process/asking.py": {"ssl"},
    "cli/reaching.py": {"concurrent.futures", "ccproxy.cli.connections"},
    # Most configurations are our own.
    "config/load.py": {"ccproxy.config.imports.parts", "ccproxy.config.imports.reading"},
    # Nothing may have to be hashed, which loads OpenSSL.
    "providers/provider.py": {"hashlib"},
    "routing/facts.py": {"hashlib"},
    # Few errors tell a date.
    "dialects/wording.py": {"email.utils"},
    # Of use where there are ranks, and that database.
    "tokens/ranks.py": {"tiktoken"},
    "ledger/database.py": {"pg8000.dbapi", "ssl"},
}
"""Imports inside functions, and why: of what takes long, for those who do without it."""

BY_NAME = {"cli/main.py", "config/yamlfile.py", "dialects/registry.py", "routing/extensions.py"}
"""Where modules are imported by name: the commands, each when it is run, the dialects, each when it is spoken, yaml,
where there is some, and the operator's own code."""


@cache
def modules() -> tuple[tuple[Path, ast.Module], ...]:
    """Every module of the package, parsed."""
    return tuple((path.relative_to(PACKAGE), ast.parse(path.read_text())) for path in sorted(PACKAGE.rglob("*.py")))


def imports(tree: ast.AST) -> Iterator[str]:
    """The modules that are imported, each with its full name; relative imports have no full name and are told so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "relative" if node.level else str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def package_of(path: Path) -> str:
    """On which floor's package a module stands."""
    return path.parts[0].removesuffix(".py")


class FloorsTests(SynchronousTestCase):
    """The rules, over every module there is."""

    def test_imports_are_seen(self) -> None:
        """What these rules look at is the program: the one module that may know the reactor is seen to."""
        tap = dict(modules())[Path("tap.py")]
        self.assertIn("twisted.internet.reactor", set(imports(tap)))

    def test_every_module_stands_on_a_floor(self) -> None:
        """A new package must say where it belongs."""
        for path, _ in modules():
            if path != Path("__init__.py"):
                self.assertIn(package_of(path), FLOOR_OF, path)

    def test_imports_point_down(self) -> None:
        """A module imports from lower floors and from its own package."""
        for path, tree in modules():
            own = package_of(path)
            for name in imports(tree):
                self.assertNotEqual(name, "relative", path)
                parts = name.split(".")
                if parts[0] != "ccproxy" or len(parts) < 2 or parts[1] not in FLOOR_OF or parts[1] == own:
                    continue
                lower = FLOOR_OF[parts[1]] < FLOOR_OF[own]
                self.assertTrue(lower, f"{path} imports {name}")

    def test_dialects_do_not_meet(self) -> None:
        """A dialect imports what all share, and itself; only the registry knows them all."""
        for path, tree in modules():
            if path.parts[0] != "dialects" or path == Path("dialects/registry.py"):
                continue
            allowed = SHARED_BY_DIALECTS | set(path.parts[1:-1])
            for name in imports(tree):
                parts = name.split(".")
                if parts[:2] == ["ccproxy", "dialects"] and len(parts) > 2:
                    self.assertIn(parts[2], allowed, f"{path} imports {name}")

    def test_twisted_begins_at_upstream(self) -> None:
        """Below `upstream` nothing knows Twisted; its HTTP client and treq are known there alone."""
        for path, tree in modules():
            own = package_of(path)
            for name in imports(tree):
                if name.split(".")[0] in ("twisted", "zope", "treq", "OpenSSL"):
                    self.assertGreaterEqual(FLOOR_OF.get(own, 0), TWISTED_FROM, f"{path} imports {name}")
                if name.startswith(("twisted.web.client", "treq")):
                    self.assertEqual(own, "upstream", f"{path} imports {name}")

    def test_the_reactor_is_known_in_one_place(self) -> None:
        """The clock and the reactor are parameters everywhere but in `tap`."""
        for path, tree in modules():
            if path != Path("tap.py"):
                self.assertNotIn("twisted.internet.reactor", set(imports(tree)), path)

    def test_no_late_imports(self) -> None:
        """No import inside a function dodges these rules."""
        for path, tree in modules():
            late = {
                name
                for function in ast.walk(tree)
                if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
                for node in ast.walk(function)
                if isinstance(node, (ast.Import, ast.ImportFrom))
                for name in ([node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
            }
            self.assertLessEqual(late, LATE.get(str(path), set()), path)

    def test_no_imports_by_name(self) -> None:
        """No import by a computed name dodges them either."""
        for path, tree in modules():
            names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            dodges = "__import__" in names or any(name.split(".")[0] == "importlib" for name in _loading(tree))
            self.assertTrue(not dodges or str(path) in BY_NAME, path)


def _loading(tree: ast.AST) -> Iterator[str]:
    """The imports of what imports; `importlib.metadata` and `importlib.resources` only read."""
    return (name for name in imports(tree) if not name.startswith(("importlib.metadata", "importlib.resources")))
