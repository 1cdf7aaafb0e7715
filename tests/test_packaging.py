"""The plugin is found however ccproxy was installed: from a wheel, from an sdist, or editable."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from twisted.application.service import IServiceMaker
from twisted.plugin import getPlugins
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

CHECKOUT = Path(__file__).parents[1]
PLUGIN = "twisted/plugins/ccproxy_plugin.py"

LIST = "from twisted.application.service import IServiceMaker; from twisted.plugin import getPlugins; " + (
    "print(*(p.tapname for p in getPlugins(IServiceMaker)))"
)


def hook(name: str, source: Path, destination: Path) -> Path:
    """Calls a hook of PEP 517 as a front end does, and gives what it made."""
    code = f"import setuptools.build_meta as b; print('made', b.{name}({str(destination)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise AssertionError(done.stderr[-2000:])
    return destination / done.stdout.rsplit("made ", 1)[1].strip()


class PackagingTests(SynchronousTestCase):
    """Each way of packaging, built from a copy of the sources."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.source = self.directory / "source"
        ignore = shutil.ignore_patterns(
            ".git", ".venv", "tests", "_trial_temp*", "*.egg-info", "__pycache__", ".*cache"
        )
        shutil.copytree(CHECKOUT, self.source, ignore=ignore)
        self.made = self.directory / "made"
        self.made.mkdir()

    def listed(self, *paths: Path) -> list[str]:
        """The plugins that a Python with these on its path finds, away from the checkout."""
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "HOME": str(self.directory)}
        done = subprocess.run(
            [sys.executable, "-c", LIST], cwd=self.made, env=env, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.split()

    def check_own_files(self, names: list[str]) -> None:
        """Of the package `twisted` we have one file; the rest is Twisted's own."""
        self.assertEqual([name for name in names if name.startswith("twisted/")], [PLUGIN])
        self.assertFalse([name for name in names if "dropin.cache" in name])

    def test_wheel(self) -> None:
        """A wheel has the plugin, and Twisted finds it."""
        wheel = hook("build_wheel", self.source, self.made)
        unpacked = self.directory / "unpacked"
        with zipfile.ZipFile(wheel) as archive:
            self.check_own_files(archive.namelist())
            archive.extractall(unpacked)
        self.assertIn("ccproxy", self.listed(unpacked))

    def test_sdist(self) -> None:
        """What an sdist holds is enough to make the wheel from."""
        with tarfile.open(hook("build_sdist", self.source, self.made)) as archive:
            archive.extractall(self.directory / "sdist", filter="data")
        (root,) = (self.directory / "sdist").iterdir()
        wheel = hook("build_wheel", root, self.made)
        with zipfile.ZipFile(wheel) as archive:
            self.check_own_files(archive.namelist())
            self.assertIn("ccproxy/tap.py", archive.namelist())

    def test_editable(self) -> None:
        """An editable install is a path, not an import hook: Twisted walks paths."""
        wheel = hook("build_editable", self.source, self.made)
        with zipfile.ZipFile(wheel) as archive:
            paths = [name for name in archive.namelist() if name.endswith(".pth")]
            self.assertEqual(len(paths), 1)
            self.assertFalse([name for name in archive.namelist() if "finder" in name])
            (line,) = archive.read(paths[0]).decode().split()
        self.assertEqual(Path(line).resolve(), self.source.resolve())
        self.assertIn("ccproxy", self.listed(Path(line)))


class PluginTests(SynchronousTestCase):
    """The plugin itself."""

    def test_found(self) -> None:
        """Twisted finds it, and it is what it says."""
        found: list[Any] = [plugin for plugin in getPlugins(IServiceMaker) if plugin.tapname == "ccproxy"]
        self.assertEqual(len(found), 1)
        verifyObject(IServiceMaker, found[0])
        self.assertEqual(found[0].module, "ccproxy.tap")
