"""The Debian package, as far as it can be judged without building it: `make test-deb` does the rest."""

import re
from configparser import ConfigParser
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from twisted.trial.unittest import SynchronousTestCase

import ccproxy
from ccproxy.config.load import load
from ccproxy.config.settings import Settings

CHECKOUT = Path(__file__).parents[1]
DEBIAN = CHECKOUT / "debian"
LOCK = (CHECKOUT / "requirements.lock").read_text()


class Unit(ConfigParser):
    """A unit file; of an option that is there several times the last one."""

    def __init__(self, name: str) -> None:
        super().__init__(interpolation=None, strict=False)
        self.optionxform = str  # type: ignore[assignment, method-assign]
        self.read(DEBIAN / name)


def reference_page() -> ModuleType:
    """The script that makes ccproxy.json(5)."""
    spec = spec_from_file_location("reference_page", DEBIAN / "reference_page.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class PackageTests(SynchronousTestCase):
    """What is told twice is told alike."""

    def test_version(self) -> None:
        """The package's version is the program's."""
        changelog = (DEBIAN / "changelog").read_text()
        self.assertTrue(changelog.startswith(f"ccproxy ({ccproxy.__version__}) "), changelog[:40])

    def test_lock(self) -> None:
        """Whatever setup.py asks for is locked, and each locked package is told with its hashes."""
        locked = re.findall(
            r"^([a-z0-9-]+)==([^ ]+)[^\n]* \\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", LOCK, re.M
        )
        self.assertEqual(len(locked), len(re.findall("^[a-z]", LOCK, re.M)))
        asked = re.search(r"install_requires=\[(.*?)\n    \]", (CHECKOUT / "setup.py").read_text(), re.DOTALL)
        assert asked is not None
        wanted = {name.lower() for name in re.findall(r'"([A-Za-z0-9-]+)[\[>]', asked[1])}
        self.assertGreater(len(wanted), 8)
        self.assertLessEqual(wanted, {name for name, _, _ in locked})

    def test_pythons(self) -> None:
        """It depends on the Pythons that it brings libraries for."""
        minors = re.findall(r"\b3\.(\d+)", re.findall("^PYTHONS := (.*)", (DEBIAN / "pythons.mk").read_text(), re.M)[0])
        first, *_, last = map(int, minors)
        self.assertEqual([int(minor) for minor in minors], list(range(first, last + 1)))
        control = (DEBIAN / "control").read_text().partition("\nPackage: ")[2]
        self.assertEqual(re.findall(r"python3 \((.*)\)", control), [f">= 3.{first}", f"<< 3.{last + 1}"])

    def test_configuration(self) -> None:
        """The configuration that is installed serves this machine alone, by the demo; its example is one."""
        settings = load(str(DEBIAN / "config.json"), {})
        self.assertEqual(settings.listen, ("tcp:3456:interface=127.0.0.1",))
        self.assertEqual(settings.log_format, "journald")
        self.assertTrue(settings.demo)
        self.assertEqual(settings.apikey, Settings().apikey)

    def test_socket_unit(self) -> None:
        """The socket unit listens where the configuration does."""
        settings = load(str(DEBIAN / "config.json"), {})
        self.assertEqual(Unit("ccproxy.socket")["Socket"]["ListenStream"], f"{settings.host}:{settings.port}")

    def test_instances(self) -> None:
        """An instance is what the service is, with a configuration and directories of its own."""
        service, instance = dict(Unit("ccproxy.service")["Service"]), dict(Unit("ccproxy@.service")["Service"])
        different = {name for name in service | instance if service.get(name) != instance.get(name)}
        own = {f"{kind}Directory" for kind in ("State", "Cache", "Logs", "Runtime")}
        self.assertEqual(different, own | {"Environment"})
        for name in own:
            self.assertIn("%i", instance[name])

    def test_settings_that_break_tls(self) -> None:
        """Two settings that every guide to hardening names break the daemon, and are left out."""
        for name in ("ccproxy.service", "ccproxy@.service"):
            self.assertNotIn("MemoryDenyWriteExecute", Unit(name)["Service"])
            self.assertNotIn("ProcSubset", Unit(name)["Service"])


class ManualTests(SynchronousTestCase):
    """The page that is made from the reference configuration."""

    def test_options(self) -> None:
        """ccproxy.json(5) tells of every option of the reference, and every sentence of its comments."""
        reference = (CHECKOUT / "etc" / "ccproxy" / "config.json").read_text()
        page = reference_page().page(reference, "2026-01-01")
        for name in re.findall(r'^ *"([^"]+)":', reference, re.M):
            self.assertIn(f".B {name}", page)
        words = " ".join(re.sub(r"\\(e|-|\(aq|\(ga|\(dq|&)", " ", page).split())
        for heading in re.findall(r"// ===== (.*) =====", reference):
            self.assertIn(f".SS {heading}\n", page)
        for line in re.findall(r"^ *// ?(.*)", reference.replace(" =====", "").replace("===== ", ""), re.M):
            self.assertIn(" ".join(re.sub(r"[\\'`\"-]", " ", line).split()), words)
        lines = page.splitlines()
        self.assertEqual(lines.count(".RS"), lines.count(".RE"))

    def test_text(self) -> None:
        """No text passes for a request of the formatter, and no character is changed by it."""
        self.assertEqual(reference_page().roff(".so a\n-x \\n 'q'"), "\\&.so a\n\\-x \\en \\(aqq\\(aq")
