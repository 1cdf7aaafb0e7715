"""From what an operator wrote to settings, and the messages for what cannot be used."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.load import find, load, search_path
from ccproxy.config.resolve import providers
from ccproxy.config.settings import ConfigError, PerformanceSettings, RouteSettings, Settings
from ccproxy.dialects.quirks import ReasoningControl
from ccproxy.secret import Secret

SECRET = "sk-proj-do-not-show-0123456789"


class LoadCase(SynchronousTestCase):
    """Writes files into a directory of its own, and loads them with an environment that is given."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        self.directory.mkdir(parents=True)

    def file(self, text: str | bytes, name: str = "config.json") -> str:
        path = self.directory / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def loaded(
        self,
        text: str | bytes,
        environ: Mapping[str, str] | None = None,
        flags: Mapping[str, Any] | None = None,
        name: str = "config.json",
    ) -> Settings:
        return load(self.file(text, name), environ or {}, flags)

    def refusal(self, text: str | bytes, environ: Mapping[str, str] | None = None, **rest: Any) -> str:
        message = str(self.assertRaises(ConfigError, self.loaded, text, environ, **rest))
        self.assertNotIn(SECRET, message)
        return message.replace(str(self.directory) + "/", "")


class Layers(LoadCase):
    """What wins over what."""

    def test_probes_too_often(self) -> None:
        """Providers are not flooded with probes; none at all is an answer too."""
        told = self.refusal('{"failover": {"probe_every": "100ms"}}')
        self.assertIn("probe_every", told)
        self.assertIn('or "" for never', told)
        self.assertIsNone(self.loaded('{"failover": {"probe_every": ""}}').failover.probe_every)

    def test_defaults(self) -> None:
        """Without file and environment the defaults hold, at a loopback address."""
        found = load(None, {}, directories=[])
        self.assertEqual(found, Settings(listen=("tcp:3456:interface=127.0.0.1",)))
        self.assertTrue(found.demo)

    def test_order(self) -> None:
        """The command line wins over the environment, the environment over the file, the file over the defaults."""
        text = '{"port": 1, "log_file": "of-file"}'
        self.assertEqual(self.loaded(text).port, 1)
        self.assertEqual(self.loaded(text, {"CCPROXY_PORT": "2"}).port, 2)
        found = self.loaded(text, {"CCPROXY_PORT": "2"}, {"port": "3", "host": None})
        self.assertEqual((found.port, found.log_file, found.host), (3, "of-file", "127.0.0.1"))
        self.assertEqual(found.listen, ("tcp:3:interface=127.0.0.1",))

    def test_proxy(self) -> None:
        """A proxy's URL is kept as a secret, since a password may be in it; what is none is refused and not shown."""
        found = self.loaded(json.dumps({"proxy_url": f"http://me:{SECRET}@proxy.test:1", "no_proxy": ["a.test"]}))
        self.assertNotIn(SECRET, repr(found))
        self.assertEqual(found.no_proxy, ("a.test",))
        told = self.refusal(json.dumps({"proxy_url": f"socks5://me:{SECRET}@proxy.test:1"}))
        self.assertIn("proxy_url", told)
        self.assertIn("SOCKS", told)

    def test_environment(self) -> None:
        """Each variable sets its option; an empty one sets nothing."""
        environ = {
            "CCPROXY_HOST": "::1",
            "CCPROXY_PORT": "5",
            "CCPROXY_API_KEY": f" {SECRET}\n",
            "CCPROXY_LOG": "no",
            "CCPROXY_LOG_FILE": "x.log",
        }
        found = load(None, environ, directories=[])
        self.assertEqual((found.host, found.port, found.log, found.log_file), ("::1", 5, False, "x.log"))
        self.assertEqual(found.apikey, Secret(SECRET))
        empty = load(None, dict.fromkeys(environ, ""), directories=[])
        self.assertEqual(empty, load(None, {}, directories=[]))

    def test_log(self) -> None:
        """LOG says whether to log, unless CCPROXY_LOG does; what is no switch belongs to some other program."""
        self.assertFalse(load(None, {"LOG": "false"}, directories=[]).log)
        self.assertTrue(load(None, {"LOG": "false", "CCPROXY_LOG": "true"}, directories=[]).log)
        self.assertTrue(load(None, {"LOG": "/var/log/x"}, directories=[]).log)

    def test_an_address_given_later_replaces_listen(self) -> None:
        """Who gives a host or port on the command line means to listen there, and not where the file says."""
        text = '{"listen": ["unix:/run/x"], "port": 7}'
        self.assertEqual(self.loaded(text).listen, ("unix:/run/x",))
        self.assertEqual(self.loaded(text, {}, {"host": "127.0.0.2"}).listen, ("tcp:7:interface=127.0.0.2",))

    def test_indexed_key(self) -> None:
        """A provider's key may come by its index, whatever the file says of it."""
        text = '{"providers": [{"name": "groq", "api_key": "x"}, {"name": "xai", "api_key": "${UNSET}"}]}'
        found = self.loaded(text, {"CCPROXY_PROVIDERS_1_API_KEY": SECRET})
        self.assertEqual([provider.api_key.reveal() for provider in found.providers], ["x", SECRET])
        message = self.refusal("{}", {"CCPROXY_PROVIDERS_1_API_KEY": SECRET})
        self.assertIn("CCPROXY_PROVIDERS_1_API_KEY", message)

    def test_home(self) -> None:
        """`~` in the log file's name, and in the configuration's, is the home directory."""
        found = self.loaded('{"log_file": "~/x.log"}', {"HOME": "/home/me"})
        self.assertEqual(found.log_file, "/home/me/x.log")
        self.assertEqual(find("~/c.json", {"HOME": "/home/me"}), "/home/me/c.json")


class Finding(LoadCase):
    """Which file is read."""

    def test_first_found(self) -> None:
        """The first directory that has a file decides, and there JSON before YAML."""
        first, second = self.directory / "a", self.directory / "b"
        first.mkdir()
        second.mkdir()
        places = [str(first), str(second)]
        self.assertIsNone(find(None, {}, places))
        (second / "config.json").write_text('{"port": 2}')
        self.assertEqual(load(None, {}, directories=places).port, 2)
        (first / "config.yml").write_text("port: 1")
        self.assertEqual(load(None, {}, directories=places).port, 1)
        (first / "config.json").write_text('{"port": 3}')
        self.assertEqual(load(None, {}, directories=places).port, 3)

    def test_named(self) -> None:
        """A name on the command line wins over CCPROXY_CONFIG, which wins over the search."""
        one, two = self.file('{"port": 1}', "one.json"), self.file("port: 2", "two.yaml")
        self.assertEqual(load(None, {"CCPROXY_CONFIG": two}, directories=[]).port, 2)
        self.assertEqual(load(one, {"CCPROXY_CONFIG": two}, directories=[]).port, 1)

    def test_search_path(self) -> None:
        """The directory that a variable names, the working directory, the home directory, the system's; and that of
        claude-code-router, whose configuration is read where there is no other."""
        self.assertEqual(
            search_path({"HOME": "/home/me"}),
            [".", ".ccproxy", "/home/me/.ccproxy", "/etc/ccproxy", "/home/me/.claude-code-router"],
        )
        self.assertEqual(search_path({"CCPROXY_CONFIG_DIR": "/x"}), ["/x", ".", ".ccproxy", "/etc/ccproxy"])

    def test_other_names(self) -> None:
        """A file of any name is read by what it looks like."""
        self.assertEqual(self.loaded('// c\n{"port": 1}', name="a.conf").port, 1)
        self.assertEqual(self.loaded("port: 2\n", name="a.conf").port, 2)

    def test_unreadable(self) -> None:
        """A directory, a file that is not there, one that is no text, and no file name at all: each is said."""
        for path, words in (
            (str(self.directory), "is a directory"),
            (str(self.directory / "nothing.json"), "No such file"),
            (self.file(b'{"a": "\xff"}'), "line 1: found a byte that is not UTF-8 (0xff)"),
            ("a\x00b", "file name"),
        ):
            self.assertIn(words, str(self.assertRaises(ConfigError, load, path, {})))

    def test_byte_order_mark_and_line_ends(self) -> None:
        """A byte order mark is skipped, and lines of other systems are counted as lines."""
        self.assertEqual(self.loaded(b'\xef\xbb\xbf{"port": 1}').port, 1)
        self.assertIn("line 3", self.refusal('{\r\n"port": 1,\r\n"prot": 2}'))
        self.assertIn("line 3", self.refusal('{\r"port": 1,\r"prot": 2}'))


class Beside(LoadCase):
    """What counts beside the file."""

    def test_env_file(self) -> None:
        """Variables of an `.env` file beside a configuration count where the environment does not set them; not for a
        file that is named, and not from the working directory."""
        home = self.directory.absolute()
        (home / "config.json").write_text('{"providers": [{"name": "groq", "api_key": "${A}"}], "log_file": "${B}"}')
        (home / ".env").write_text("# mine\nexport A = \"of file\" # no\nA=of-file # yes\nB='b'\nnothing\n")
        found = load(None, {"B": "environment"}, directories=[str(home)])
        self.assertEqual((found.providers[0].api_key.reveal(), found.log_file), ("of-file", "environment"))
        other = self.directory / "other.json"
        other.write_text('{"log_file": "${B}"}')
        self.assertRaises(ConfigError, load, str(other), {}, directories=[str(home)])

    def test_layers(self) -> None:
        """The three layers of claude-code-proxy are one configuration, the managed one before the project's and that
        before the user's, field by field; a mistake is told in the layer that makes it."""
        places = [self.directory / name for name in ("project", "user", "system")]
        for place in places:
            place.mkdir()
        project, user, system = places
        (user / "settings.json").write_text(
            '{"server": {"port": 1}, "providers": {"openai": {"apiKey": "u", "baseURL": "http://127.0.0.1:2/v1"}},\n'
            ' "models": {"bigModel": "big@openai", "smallModel": "small@openai"}}'
        )
        (project / "settings.json").write_text('{"server": {"port": 2}, "providers": {"openai": {"apiKey": "p"}}}')
        (system / "managed-settings.json").write_text('{"models": {"bigModel": "managed@openai"}}')
        directories = [str(place) for place in places]
        found = load(None, {}, directories=directories)
        (provider,) = found.providers
        self.assertEqual((found.port, provider.api_key.reveal()), (2, "p"))
        self.assertEqual(provider.api_base_url, "http://127.0.0.1:2/v1")
        self.assertEqual(found.routes["sonnet"].model, "managed")
        self.assertEqual(found.routes["haiku"].model, "small")
        alone = load(str(user / "settings.json"), {}, directories=[])
        self.assertEqual((alone.port, alone.routes["sonnet"].model), (1, "big"))
        (system / "managed-settings.json").write_text('{"models": {"bigModel": "managed@opnai"}}')
        message = str(self.assertRaises(ConfigError, load, None, {}, directories=directories))
        self.assertIn("system/managed-settings.json, line 1: models.bigModel", message)

    def test_read_again(self) -> None:
        """A daemon reads again what it read first, layers and all, by the path of the file it found."""
        home = self.directory.absolute()
        (home / "settings.json").write_text('{"providers": {"openai": {"apiKey": "k"}}}')
        (home / "managed-settings.json").write_text('{"server": {"port": 9}}')
        found = find(None, {}, [str(home)])
        self.assertEqual(load(found, {}, directories=[str(home)]).port, 9)

    def test_environment_of_aistack(self) -> None:
        """Its variables are a configuration by themselves where a model is written in its way and a key is there; a
        BIG_MODEL of some other program's is nothing to us."""
        environ = {"BIG_MODEL": "gpt-4.1@openai", "OPENAI_API_KEY": "k"}
        found = load(None, environ, directories=[])
        self.assertEqual((found.port, found.routes["sonnet"].model, found.demo), (8082, "gpt-4.1", False))
        self.assertEqual(load(None, {"BIG_MODEL": "gpt-4.1@openai"}, directories=[]).port, 3456)
        self.assertEqual(load(None, {**environ, "BIG_MODEL": "big"}, directories=[]).port, 3456)

    def test_settings_of_others(self) -> None:
        """A settings.json in the working directory is anybody's, and not looked at."""
        (self.directory / "settings.json").write_text('{"providers": {"openai": {"apiKey": "k"}}}')
        cwd = Path.cwd()
        self.addCleanup(os.chdir, cwd)
        os.chdir(self.directory)
        self.assertIsNone(find(None, {}, ["."]))
        self.assertIsNotNone(find(None, {}, [str(Path.cwd())]))


class Values(LoadCase):
    """Options of every kind."""

    def test_everything(self) -> None:
        """A file with all kinds of options gives them typed."""
        found = self.loaded("""{
            "apikey": "k", "listen": ["tcp:1"], "log_format": "json",
            "providers": [{"name": "mine", "api_base_url": "http://10.0.0.1/v1", "dialect": "openai_chat",
                           "models": ["m"], "api_key": "",
                           "quirks": {"reasoning": "thinking", "tool_choices": ["auto"], "max_temperature": 1,
                                      "window": 1000, "max_tools": null, "efforts": {"off": "x"}, "body": {"a": [1]}}}],
            "routes": {"default": {"provider": "mine"}, "claude-x": {"provider": "mine", "model": "m"}},
            "performance": {"connect_timeout": "500ms", "request_timeout": "1h", "stall_timeout": 20}
        }""")
        self.assertEqual(found.listen, ("tcp:1",))
        provider = found.providers[0]
        self.assertEqual((provider.name, provider.models, provider.enabled), ("mine", ("m",), True))
        expected = {
            "reasoning": ReasoningControl.THINKING,
            "tool_choices": frozenset({"auto"}),
            "max_temperature": 1.0,
            "window": 1000,
            "max_tools": None,
            "efforts": {"off": "x"},
            "body": {"a": [1]},
        }
        self.assertEqual(provider.quirks, expected)
        self.assertEqual(found.routes["claude-x"], RouteSettings("mine", "m"))
        self.assertEqual(found.performance.connect_timeout, 0.5)
        self.assertEqual(found.performance.request_timeout, 3600)
        self.assertEqual(found.performance.stall_timeout, 20)
        self.assertEqual(found.performance.first_byte_timeout, PerformanceSettings().first_byte_timeout)
        self.assertFalse(found.demo)

    def test_yaml(self) -> None:
        """YAML says the same as JSON."""
        written = {
            "port": 1,
            "providers": [{"name": "openai", "api_key": "k", "models": ["a"]}],
            "routes": {"default": {"provider": "openai", "model": "a"}},
            "performance": {"request_timeout": None},
        }
        text = (
            "port: 1\nproviders:\n- name: openai\n  api_key: k\n  models: [a]\n"
            "routes:\n  default: {provider: openai, model: a}\nperformance: {request_timeout: }\n"
        )
        self.assertEqual(self.loaded(text, name="c.yaml"), self.loaded(json.dumps(written)))

    def test_variables(self) -> None:
        """`${NAME}` and `${NAME:-else}` are replaced in texts, once; a number may come by them."""
        text = '{"log_file": "${A}-${B:-b}-${C:-}-$D-${E:-${A}", "port": "${P:-77}", "log": "${L:-off}"}'
        found = self.loaded(text, {"A": "${B}", "B": "", "E": "e"})
        self.assertEqual((found.log_file, found.port, found.log), ("${B}-b--$D-e", 77, False))

    def test_unset_variable(self) -> None:
        """An unset variable is an error that names it; in a disabled provider it does not matter."""
        provider = '"name": "openai", "api_key": "${NOT_SET}"'
        message = self.refusal('{"providers": [\n{' + provider + "}]}")
        self.assertIn("config.json, line 2: providers[0].api_key", message)
        self.assertIn("variable NOT_SET", message)
        for enabled in ("false", '"${ON:-false}"'):
            found = self.loaded('{"providers": [{' + provider + f', "enabled": {enabled}' + "}]}")
            self.assertTrue(found.demo)

    def test_keys_of_vendors(self) -> None:
        """A provider without api_key takes its vendor's own variable, but only at that vendor's."""
        found = self.loaded('{"providers": [{"name": "openai"}]}', {"OPENAI_API_KEY": SECRET})
        self.assertEqual(found.providers[0].api_key, Secret(SECRET))
        self.assertIn("OPENAI_API_KEY", self.refusal('{"providers": [{"name": "openai"}]}'))
        elsewhere = '{"providers": [{"name": "openai", "api_base_url": "http://evil.example/v1"}]}'
        self.assertFalse(self.loaded(elsewhere, {"OPENAI_API_KEY": SECRET}).providers[0].api_key)
        none = '{"providers": [{"name": "openai", "api_key": ""}]}'
        self.assertFalse(self.loaded(none, {"OPENAI_API_KEY": SECRET}).providers[0].api_key)
        self.assertFalse(self.loaded('{"providers": [{"name": "anthropic"}]}').providers[0].api_key)

    def test_keys_alone(self) -> None:
        """With no provider configured the keys of the environment stand for theirs, in their order."""
        environ = {"GROQ_API_KEY": "g", "ANTHROPIC_API_KEY": "a", "XAI_API_KEY": "", "HF_TOKEN": "h"}
        for found in (load(None, environ, directories=[]), self.loaded('{"port": 1}', environ)):
            self.assertEqual([provider.name for provider in found.providers], ["anthropic", "groq"])
            self.assertFalse(found.demo)
        written = '{"providers": [{"name": "xai", "api_key": "x"}]}'
        self.assertEqual([provider.name for provider in self.loaded(written, environ).providers], ["xai"])

    def test_secrets_are_not_shown(self) -> None:
        """Settings can be printed without showing a key."""
        text = json.dumps(
            {
                "apikey": SECRET,
                "providers": [{"name": "openai", "api_key": SECRET, "quirks": {"headers": {"x-key": SECRET}}}],
            }
        )
        self.assertNotIn(SECRET, repr(self.loaded(text)))


class SeveralKeys(LoadCase):
    """A provider with more than one key."""

    def keys(self, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
        """The keys that the one provider's target is asked with."""
        (provider,) = providers(self.loaded(text, environ)).values()
        target = provider.target("m")
        return [keyed.key.reveal() for keyed in (target, *target.others)]

    def test_written(self) -> None:
        """As a list of their own, as a list in place of the one key, or both; each once."""
        for fields, expected in (
            ('"api_key": "a"', ["a"]),
            ('"api_keys": ["a", "b"]', ["a", "b"]),
            ('"api_key": ["a", "b"]', ["a", "b"]),
            ('"api_key": "a", "api_keys": ["b", "a", "c"]', ["a", "b", "c"]),
            ('"api_keys": ["${A}", "${B}"]', ["1", "2"]),
        ):
            text = f'{{"providers": [{{"name": "openai", {fields}}}]}}'
            self.assertEqual(self.keys(text, {"A": "1", "B": "2"}), expected)

    def test_vendors_variable(self) -> None:
        """The vendor's own variable is asked only where no key is written."""
        text = '{"providers": [{"name": "openai", "api_keys": ["a", "b"]}]}'
        self.assertEqual(self.keys(text, {"OPENAI_API_KEY": "other"}), ["a", "b"])
        self.assertEqual(self.keys('{"providers": [{"name": "openai"}]}', {"OPENAI_API_KEY": "one"}), ["one"])

    def test_refused(self) -> None:
        """Strategies that do not exist, empty keys, and limits out of bounds are told; keys never are."""
        for fields, told in (
            ('"key_strategy": "random"', "round_robin"),
            ('"api_keys": ["a", ""]', "api_keys[1]"),
            (f'"api_keys": ["{SECRET}", 5]', "api_keys[1]"),
            ('"max_concurrent": 0', "1 or more"),
            ('"max_queued": -1', "0 or more"),
        ):
            text = f'{{"providers": [{{"name": "ollama", {fields}}}]}}'
            self.assertIn(told, self.refusal(text))

    def test_failover(self) -> None:
        """So are its own options."""
        for fields, told in (
            ('"max_attempts": 0', "above 0"),
            ('"breaker_failures": -1', "0 for no breaker"),
            ('"breaker_pause": "2m"', "at least as much"),
        ):
            self.assertIn(told, self.refusal(f'{{"failover": {{{fields}}}}}'))


class Refused(LoadCase):
    """Each message names file, line and key, what was found and what was expected."""

    def test_unknown_option(self) -> None:
        """An option that does not exist is an error with the nearest that does."""
        message = self.refusal('{\n  "port": 1,\n  "Providers": []\n}')
        self.assertTrue(message.startswith('config.json, line 3: Providers: found an unknown option "Providers"'))
        self.assertIn('did you mean "providers"?', message)
        self.assertIn("line 2: performance.conect_timeout", self.refusal('{"performance":\n{"conect_timeout": 1}}'))
        self.assertIn('did you mean "model"?', self.refusal('{"routes": {"x": {"provider": "demo", "modle": "m"}}}'))
        self.assertIn("max_tokens_field", self.refusal('{"providers": [{"name": "groq", "quirks": {"max_token": 1}}]}'))

    def test_comment_keys_are_not_special(self) -> None:
        """A key `//` is as unknown as any other: there are real comments."""
        self.assertIn('unknown option "//"', self.refusal('{"//": "a remark"}'))

    def test_types(self) -> None:
        """A value of another type is told with what it is."""
        for text, place, found, expected in (
            ('{"port": "3456"}', "port", 'the text "3456"', "a whole number"),
            ('{"port": 1.5}', "port", "the number 1.5", "a whole number"),
            ('{"port": true}', "port", "true", "a whole number"),
            ('{"port": null}', "port", "nothing", "a whole number"),
            ('{"log": 1}', "log", "the number 1", "true or false"),
            ('{"host": []}', "host", "an empty list", "a text"),
            ('{"listen": "tcp:1"}', "listen", 'the text "tcp:1"', "a list"),
            ('{"listen": [1]}', "listen[0]", "the number 1", "a text"),
            ('{"providers": {"openai": {}}}', "providers", "an object", "a list"),
            ('{"providers": ["openai"]}', "providers[0]", 'the text "openai"', "an object"),
            ('{"routes": []}', "routes", "an empty list", "an object"),
            ('{"routes": {"gpt-5.4": 5}}', 'routes["gpt-5.4"]', "the number 5", "an object"),
            (
                '{"performance": {"stall_timeout": "soon"}}',
                "performance.stall_timeout",
                'the text "soon"',
                "a duration",
            ),
            ('{"performance": {"stall_timeout": -1}}', "performance.stall_timeout", "the number -1", "a duration"),
        ):
            message = self.refusal(text)
            self.assertTrue(message.startswith(f"config.json, line 1: {place}: found {found}"), message)
            self.assertIn(f"expected {expected}", message)

    def test_bounds(self) -> None:
        """Ports, sizes, deadlines, levels and formats have their bounds."""
        for text, place, words in (
            ('{"port": 65536}', "port", "0 to 65535"),
            ('{"host": ""}', "host", "0.0.0.0"),
            ('{"listen": ["3456"]}', "listen[0]", "tcp:3456"),
            ('{"log_level": "warning"}', "log_level", 'did you mean "warn"?'),
            ('{"log_format": "JSON"}', "log_format", 'did you mean "json"?'),
            ('{"performance": {"connect_timeout": 0}}', "performance.connect_timeout", "more than 0"),
            ('{"performance": {"max_request_body_size": 0}}', "performance.max_request_body_size", "above 0"),
        ):
            message = self.refusal(text)
            self.assertTrue(message.startswith(f"config.json, line 1: {place}: found"), message)
            self.assertIn(words, message)

    def test_providers(self) -> None:
        """Providers need a name of their own that can be written in front of a model, and something to ask."""
        for provider, place, words in (
            ("{}", "name", "found nothing"),
            ('{"name": ""}', "name", "without comma"),
            ('{"name": "a,b", "api_base_url": "http://h", "dialect": "openai_chat"}', "name", "without comma"),
            ('{"name": "opnai"}', "api_base_url", 'did you mean the name "openai"?'),
            ('{"name": "x", "api_base_url": "http://h"}', "dialect", "openai_chat"),
            (
                '{"name": "x", "api_base_url": "http://h", "dialect": "openai"}',
                "dialect",
                'did you mean "openai_chat"?',
            ),
            ('{"name": "x", "api_base_url": "h", "dialect": "openai_chat"}', "api_base_url", "http://"),
            ('{"name": "ollama", "models": [""]}', "models[0]", "a model's name"),
            ('{"name": "ollama", "quirks": {"reasoning": "efort"}}', "quirks.reasoning", "reasoning_effort"),
            ('{"name": "ollama", "quirks": {"vendor": "x"}}', "quirks.vendor", "unknown"),
        ):
            message = self.refusal('{"providers": [\n' + provider + "]}")
            self.assertIn(f"line 2: providers[0].{place}: found", message)
            self.assertIn(words, message)

    def test_second_provider_of_a_name(self) -> None:
        """A duplicate provider is an error at the second."""
        message = self.refusal('{"providers": [{"name": "ollama"},\n{"name": "ollama"}]}')
        self.assertIn('line 2: providers[1].name: found "ollama" a second time', message)
        self.assertIn("providers[0]", message)

    def test_route_to_nowhere(self) -> None:
        """A route to a provider that is not there is an error with the nearest that is."""
        message = self.refusal('{"providers": [{"name": "ollama"}],\n"routes": {"default": {"provider": "olama"}}}')
        self.assertIn('line 2: routes.default.provider: found "olama"', message)
        self.assertIn('did you mean "ollama"?', message)

    def test_open_door(self) -> None:
        """Listening where others reach us needs a key, from wherever the address came."""
        for text, environ, flags in (
            ('{"host": "0.0.0.0"}', {}, {}),
            ('{"listen": ["unix:/run/x", "tcp:3456"]}', {}, {}),
            ("{}", {"CCPROXY_HOST": "192.168.0.1"}, {}),
            ("{}", {}, {"host": "::"}),
        ):
            message = self.refusal(text, environ, flags=flags)
            self.assertIn("apikey", message)
            self.assertIn("127.0.0.1", message)
            self.assertTrue(self.loaded(text, {**environ, "CCPROXY_API_KEY": "k"}, flags).listen)

    def test_where_it_came_from(self) -> None:
        """A value that is not from the file is told with the variable or option it is from."""
        self.assertIn("environment variable CCPROXY_PORT (port)", self.refusal("{}", {"CCPROXY_PORT": "abc"}))
        self.assertIn("option --log-level", self.refusal("{}", flags={"log_level": "loud"}))

    def test_all_at_once(self) -> None:
        """Several faults are told in one message, a line each."""
        message = self.refusal('{"port": "x",\n"log": "y",\n"hst": "z"}')
        self.assertIn("3 things are wrong", message)
        for line in (1, 2, 3):
            self.assertIn(f"line {line}: ", message)

    def test_secrets_are_not_shown(self) -> None:
        """No message shows a key, wherever it was put."""
        for text in (
            f'{{"apikey": ["{SECRET}"]}}',
            f'{{"apikey": "{SECRET}\\nmore"}}',
            f'{{"{SECRET}": 1}}',
            f'{{"port": "{SECRET}"}}',
            f'{{"log_level": "{SECRET}"}}',
            f'{{"providers": [{{"name": "x", "api_base_url": "https://u:{SECRET}@h/v1", "dialect": "openai_chat"}}]}}',
            f'{{"providers": [{{"name": "ollama", "quirks": {{"reasoning": "{SECRET}"}}}}]}}',
            f'{{"providers": [{{"name": "{SECRET}"}}]}}',
            f'{{"api_key": {SECRET}}}',
            f'{{"port": "${{KEY}}", "log_level": "{SECRET}"}}',
        ):
            self.refusal(text, {"KEY": SECRET})

    @settings(derandomize=True, max_examples=200, deadline=None)
    @given(st.data())
    def test_any_value_anywhere(self, data: st.DataObject) -> None:
        """Whatever values stand at whatever options, there are settings or an error with the file's name."""
        word = st.sampled_from(
            ["port", "host", "listen", "apikey", "providers", "routes", "performance", "name", "provider", "model",
             "models", "quirks", "api_key", "api_base_url", "dialect", "stall_timeout", "default", "enabled", "x",
             "openai", "ollama", "http://h/v1", "http://[", "openai_chat", "${X}", "${",
             "\ud800", "tcp:1", "\x00", "30s"]
        )  # fmt: skip
        leaf = word | st.none() | st.booleans() | st.integers() | st.floats() | st.just(10**30)
        value = st.recursive(
            leaf, lambda v: st.lists(v, max_size=3) | st.dictionaries(word, v, max_size=5), max_leaves=9
        )
        provider = st.dictionaries(word, value, max_size=4) | value
        top = st.fixed_dictionaries(
            {},
            optional={
                "providers": st.lists(provider, max_size=2) | value,
                "routes": st.dictionaries(word, value, max_size=2) | value,
                "performance": value,
                "port": value,
                "listen": value,
                "apikey": value,
            },
        )
        text = json.dumps(data.draw(top)).replace("NaN", "1").replace("-Infinity", "1").replace("Infinity", "1")
        try:
            self.loaded(text, {"X": "y"})
        except ConfigError as error:
            self.assertIn("config.json", str(error))
