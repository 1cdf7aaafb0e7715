"""The package as people get it: a wheel, a source distribution, an editable install. In each is the plugin."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import ClassVar

from twisted.trial.unittest import SynchronousTestCase

import ccproxy

CHECKOUT = Path(__file__).parents[1]
PLUGIN = "twisted/plugins/ccproxy_plugin.py"

FILTER = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}

WHERE = """
from twisted.application.service import IServiceMaker
from twisted.plugin import getPlugins
import sys
for plugin in getPlugins(IServiceMaker):
    if plugin.tapname == "ccproxy":
        print(sys.modules["twisted.plugins.ccproxy_plugin"].__file__)
"""


def python(*arguments: str, cwd: Path, path: Path | None = None) -> str:
    """What this interpreter prints when it runs so, with nothing but `path` before what is installed. Fails with what
    it says if it fails."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "PYTHONDONTWRITEBYTECODE": "1"}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    ended = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise AssertionError(f"{arguments}: {ended.stdout}\n{ended.stderr}")
    return ended.stdout


def build(source: Path, hook: str, destination: Path) -> Path:
    """Builds what a hook of the build backend makes of a source tree, as pip would."""
    destination.mkdir()
    python("-c", f"from setuptools import build_meta; build_meta.{hook}({str(destination)!r})", cwd=source)
    (made,) = destination.iterdir()
    return made


class Built:
    """Everything there is to build, from one copy of the checkout, so that nothing is left behind in it."""

    def __init__(self) -> None:
        self.top = Path(mkdtemp(prefix="packaging", dir=Path.cwd())).absolute()
        self.source = self.top / "source"
        ignored = shutil.ignore_patterns("__pycache__", "dropin.cache")
        for name in ("ccproxy", "twisted", "etc"):
            shutil.copytree(CHECKOUT / name, self.source / name, ignore=ignored)
        for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "CHANGELOG.md", "LICENSE"):
            shutil.copy(CHECKOUT / name, self.source)
        self.editable = build(self.source, "build_editable", self.top / "editable")
        self.wheel = build(self.source, "build_wheel", self.top / "wheel")
        sdist = build(self.source, "build_sdist", self.top / "sdist")
        with tarfile.open(sdist) as archive:
            # Without a filter newer Pythons warn; Debian 12's knows none.
            archive.extractall(self.top / "unpacked", **FILTER)
        (self.sdist,) = (self.top / "unpacked").iterdir()
        self.installed = self.top / "installed"
        with zipfile.ZipFile(self.wheel) as archive:
            archive.extractall(self.installed)


@cache
def built() -> Built:
    """Built once for all tests."""
    return Built()


def names(wheel: Path) -> set[str]:
    """The files in a wheel, but for those that describe it."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


class PackagingTests(SynchronousTestCase):
    """What is in them, and whether it is found."""

    maxDiff: ClassVar[None] = None

    def test_wheel(self) -> None:
        """The wheel has every module and whatever lies beside them, and of Twisted's package our plugin alone."""
        source = built().source
        files = {str(path.relative_to(source)) for path in (source / "ccproxy").rglob("*") if path.is_file()}
        self.assertEqual(names(built().wheel), files | {PLUGIN})

    def test_wheel_says_what_it_is(self) -> None:
        """The wheel's version is the program's, its licence and its console script are there."""
        (information,) = built().installed.glob("*.dist-info")
        lines = (information / "METADATA").read_text().splitlines()
        self.assertIn(f"Version: {ccproxy.__version__}", lines)
        self.assertIn("Requires-Python: >=3.11", lines)
        self.assertIn("ccproxy = ccproxy.cli.main:main", (information / "entry_points.txt").read_text())
        self.assertTrue(list(information.rglob("LICENSE")))

    def test_wheel_is_found(self) -> None:
        """`twistd` and `twist` know the command once the wheel is installed."""
        top, installed = built().top, built().installed
        self.assertEqual(python("-c", WHERE, cwd=top, path=installed).strip(), str(installed / PLUGIN))
        for runner in (["-c", "from twisted.scripts.twistd import run; run()"], ["-m", "twisted"]):
            self.assertIn(" ccproxy ", python(*runner, "--help", cwd=top, path=installed))

    def test_console_script(self) -> None:
        """The console script tells the version that is installed."""
        script = "from ccproxy.cli.main import main; main()"
        said = python("-c", script, "--version", cwd=built().top, path=built().installed)
        self.assertEqual(said, f"ccproxy {ccproxy.__version__}\n")

    def test_sdist(self) -> None:
        """A wheel made from the source distribution has the same files, and the licence and the reference
        configuration come along."""
        again = build(built().sdist, "build_wheel", built().top / "wheel-of-sdist")
        self.assertEqual(names(again), names(built().wheel))
        for name in ("LICENSE", "README.md", "CHANGELOG.md", "etc/ccproxy/config.json"):
            self.assertTrue((built().sdist / name).is_file(), name)

    def test_editable_is_found(self) -> None:
        """An editable install is a path and no import hook: such a hook hides the plugin from Twisted."""
        (name,) = names(built().editable)
        self.assertTrue(name.endswith(".pth"), name)
        with zipfile.ZipFile(built().editable) as archive:
            path = Path(archive.read(name).decode().strip())
        self.assertEqual(path, built().source)
        self.assertEqual(python("-c", WHERE, cwd=built().top, path=path).strip(), str(path / PLUGIN))

    def test_nothing_of_twisted_is_ours_but_the_plugin(self) -> None:
        """An `__init__.py` beside the plugin would hide Twisted itself."""
        ours = {path.name for path in (CHECKOUT / "twisted").rglob("*.py")}
        self.assertEqual(ours, {"ccproxy_plugin.py"})
