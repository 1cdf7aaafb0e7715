"""Which program a document was written for; and that no document, however odd, is met without words."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.documents import Document
from ccproxy.config.imports import orchestre
from ccproxy.config.imports.reading import READERS
from ccproxy.config.imports.shapes import ORCHESTRE_PERFORMANCE, ORCHESTRE_PROVIDER, SHAPES, shape_of
from ccproxy.config.load import load, loaded, parse
from ccproxy.config.settings import ConfigError
from tests.config.imports.files import FILES

SECRET = "sk-never-shown-0123456789abcdef"

WORDS = st.sampled_from(["", "openai", "deepseek,deepseek-chat", "gpt-4.1@openai", "anthropic/claude-x", "os.environ/X",
                         "$X", "${X}", "http://127.0.0.1:1/v1", "0.0.0.0", "ccproxy.rules.ThinkingRule", "a,b,c",
                         "\x00", "@", ",", "*", "30s", "é"])  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-5, 10**13) | st.floats(allow_nan=False) | WORDS
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=6
)

KEYS = {
    "claude-code-router": """APIKEY HOST PORT LOG LOG_LEVEL API_TIMEOUT_MS Providers Router fallback name api_base_url
        api_key models transformer use default longContext longContextThreshold OPENAI_BASE_URL OPENAI_API_KEY
        OPENAI_MODEL PROXY_URL""",
    "claude-code-proxy": """server port host providers openai apiKey baseURL responseStyle models bigModel smallModel
        preferredProvider logging level claude args""",
    "LiteLLM": """model_list model_name litellm_params model api_base api_key custom_llm_provider litellm_settings
        router_settings general_settings fallbacks default_fallbacks weight model_group_alias master_key
        environment_variables extra_headers request_timeout""",
    "starbased-co/ccproxy": """ccproxy litellm model_list model_name litellm_params model rules name rule params hooks
        oat_sources debug host port threshold""",
    "orchestre-dev/ccproxy": """host port apikey api_key providers routes performance name model provider api_base_url
        proxy_url transformers conditions parameters request_timeout metrics_enabled max_request_body_size default
        shutdown_timeout""",
}
"""The keys of each format, from wherever in it."""


def documents(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Documents of these keys, put together in any way."""
    keys = st.sampled_from(KEYS[name].split())
    inner = st.recursive(
        SCALARS, lambda part: st.lists(part, max_size=3) | st.dictionaries(keys, part, max_size=5), max_leaves=12
    )
    return st.dictionaries(keys, inner, max_size=8)


def at_every_place(value: Any) -> list[tuple[str | int, ...]]:
    """The path of each value in a document."""
    if isinstance(value, dict):
        items: Any = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return []
    return [path for step, part in items for path in [(step,), *((step, *rest) for rest in at_every_place(part))]]


def replaced(value: Any, path: tuple[str | int, ...], by: Any) -> Any:
    """The document with another value at a path."""
    if not path:
        return by
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], by)
    return copy


class Shapes(SynchronousTestCase):
    """Formats are told by what only they have."""

    def test_each(self) -> None:
        """Each example is of one format; the canonical ones of none."""
        for file in FILES:
            shape = shape_of(parse(file.text, file.name))
            self.assertEqual(shape and shape.name, file.tradition, file.title)
        routed = '{"providers": [{"name": "openai"}], "routes": {"default": {"provider": "openai"}}}'
        for text in ('{"port": 1}', routed, '{"Providers": []}', '{"providers": {"openai": {}}}', "{}"):
            self.assertIsNone(shape_of(parse(text, "x.json")), text)

    def test_two_at_once(self) -> None:
        """A document of two formats is refused with both their names."""
        document = Document("x.json", {"Router": {"default": "a,b"}, "models": {"bigModel": "x@y"}})
        message = str(self.assertRaises(ConfigError, shape_of, document))
        self.assertIn("claude-code-router", message)
        self.assertIn("claude-code-proxy", message)

    def test_reference_is_ours(self) -> None:
        """Our own reference, with all its options, is of no other format."""
        reference = Path(__file__).parents[3] / "etc" / "ccproxy" / "config.json"
        self.assertIsNone(shape_of(parse(reference.read_text(), "config.json")))

    def test_reasons(self) -> None:
        """Each key by which orchestre's format is told has a reason why it is not taken, and each of its formats a
        reader."""
        self.assertEqual(set(ORCHESTRE_PERFORMANCE), set(orchestre.IGNORED_OF_PERFORMANCE))
        self.assertEqual(set(ORCHESTRE_PROVIDER), set(orchestre.IGNORED_OF_PROVIDERS))
        self.assertEqual(list(READERS), [shape.name for shape in SHAPES])


class NothingWithoutWords(SynchronousTestCase):
    """Whatever a document holds, it is taken, or refused in words that name its file and what was expected."""

    def attempt(self, value: Mapping[str, Any]) -> None:
        path = Path(self.mktemp()).absolute()
        path.mkdir(parents=True)
        file = path / "x.json"
        file.write_text(json.dumps(value))
        try:
            document = loaded(str(file), {"X": "x"}).document
        except ConfigError as error:
            self.assertNotIn(SECRET, str(error))
            lines = str(error).splitlines()
            for line in lines[1:] or lines:
                self.assertRegex(line, r"x\.json|environment variable")
                self.assertRegex(line, "expected|here a second time|can be read as|half a character")
        else:
            for note in document.notes:
                self.assertNotIn(SECRET, str(note))
                self.assertIn("x.json", note.place)

    def test_any_document(self) -> None:
        """Documents of a format's keys in any order and depth."""
        for name in KEYS:

            @settings(derandomize=True, max_examples=120, deadline=None)
            @given(documents(name))
            def try_one(value: dict[str, Any]) -> None:
                self.attempt(value)

            try_one()

    def test_any_value_at_any_place(self) -> None:
        """A sound file, with another value at each of its places in turn."""
        others: list[Any] = [None, 0, -1, True, "", "x", [], {}, [None], {"x": 1}, 10**30, "${UNSET}", [SECRET]]
        for file in FILES:
            value = parse(file.text, file.name).value
            for path in at_every_place(value):
                for other in others:
                    self.attempt(replaced(value, path, other))

    def test_keys_stay_hidden(self) -> None:
        """A key in a place where there should be none is not shown in what is said of it."""
        for file in FILES:
            value = parse(file.text, file.name).value
            for path in at_every_place(value):
                self.attempt(replaced(value, path, SECRET))


class OwnCode(SynchronousTestCase):
    """Hooks and tokens of starbased's users."""

    def test_taken(self) -> None:
        """A hook that did not come with the program is one of ours at the request; a command that prints a token is
        the key of its provider, and the token of a login is nobody's."""
        directory = Path(self.mktemp()).absolute()
        directory.mkdir(parents=True)
        (directory / "ccproxy.yaml").write_text(
            "ccproxy:\n  hooks: [ccproxy.hooks.model_router, "
            "{hook: own_hooks.softly, params: {most: 7}}, own_hooks.see]\n"
            "  oat_sources: {groq: echo key, anthropic: cat token, xai: {user_agent: x}}\n"
        )
        (directory / "config.yaml").write_text(
            "model_list:\n- {model_name: a, litellm_params: {model: groq/a}}\n"
            "- {model_name: default, litellm_params: {model: claude-x}}\n"
        )
        (directory / "own_hooks.py").write_text(
            "def softly(data, user_api_key_dict, **kwargs):\n    return data\n\n\nsee = softly\n"
        )
        read = loaded(str(directory / "ccproxy.yaml"), {})
        hooks = [(hook.on, hook.hook, dict(hook.parameters)) for hook in read.settings.extensions.hooks]
        self.assertEqual(hooks, [("request", "own_hooks.softly", {"most": 7}), ("request", "own_hooks.see", {})])
        groq, anthropic = read.settings.providers
        self.assertEqual(getattr(groq.api_key, "command", None), "echo key")
        self.assertFalse(anthropic.api_key)
        told = " ".join(map(str, read.document.notes))
        self.assertIn("ccproxy.oat_sources.anthropic: ignored", told)
        self.assertIn("ccproxy.oat_sources.xai: ignored: there is no command", told)


class Told(SynchronousTestCase):
    """Mistakes are told where they were written, by the names they have there."""

    def refusal(self, text: str, name: str = "config.json", environ: Mapping[str, str] | None = None) -> str:
        directory = Path(self.mktemp()).absolute()
        directory.mkdir(parents=True)
        (directory / name).write_text(text)
        message = str(self.assertRaises(ConfigError, load, str(directory / name), environ or {}))
        return message.replace(f"{directory}/", "")

    def test_router(self) -> None:
        """A route of claude-code-router's to a provider that is not there, with the one that was meant."""
        text = '{"Providers": [{"name": "deepseek", "api_base_url": "https://api.deepseek.com", "api_key": "k"}],\n'
        message = self.refusal(text + '"Router": {\n"default": "deepsek,deepseek-chat"}}')
        self.assertIn("config.json, line 3: Router.default: found the provider", message)
        self.assertIn('did you mean "deepseek"?', message)
        self.assertIn("expected provider,model", self.refusal(text + '"Router": {"default": "deepseek"}}'))

    def test_proxy_of_a_router(self) -> None:
        """claude-code-router's proxy is ours, its variables included; one that cannot be is told under its own name."""
        text = '{"Router": {}, "Providers": [{"name": "deepseek", "api_key": "k"}],\n"PROXY_URL": "%s"}'
        path = Path(self.mktemp())
        path.write_text(text % "$MY_PROXY")
        settings = load(str(path), {"MY_PROXY": "http://proxy.test:3128"})
        self.assertEqual(settings.proxy_url.reveal(), "http://proxy.test:3128")
        self.assertIn("config.json, line 2: PROXY_URL: expected", self.refusal(text % "socks5://proxy.test:1"))

    def test_foreign_key(self) -> None:
        """What is wrong with a value is told under the key that was written, not under ours for it."""
        message = self.refusal(
            '{"Router": {},\n"Providers": [\n{"name": "x", "api_base_url": "ftp://x", "api_key": "k"}]}'
        )
        self.assertIn("config.json, line 3: Providers[0].api_base_url: found a URL that cannot be used", message)
        message = self.refusal(
            '{"models": {"bigModel": "a@b@c"},\n"providers": {"b": {"apiKey": "k", "baseURL": "x"}}}'
        )
        self.assertIn("models.bigModel", message)
        self.assertIn("expected model@provider", message)

    def test_all_at_once(self) -> None:
        """All that a reader finds is told together."""
        message = self.refusal('{"Providers": [{"api_base_url": "x"}],\n"Router": {"default": 1, "think": "x"}}')
        self.assertTrue(message.startswith("3 things are wrong"), message)

    def test_environment(self) -> None:
        """What a variable says is told as the variable's."""
        text = '{"providers": {"openai": {"apiKey": "k"}}}'
        message = self.refusal(text, "settings.json", {"BIG_MODEL": "x@nowhere"})
        self.assertIn("the environment variable BIG_MODEL: models.bigModel: found the provider", message)

    def test_unset_variable(self) -> None:
        """Where no provider has its key, the variable that is missing is named with its place."""
        provider = '{"name": "deepseek", "api_base_url": "https://api.deepseek.com", "api_key": "$A_KEY"}'
        text = '{"Router": {}, "Providers": [\n' + provider + "]}"
        message = self.refusal(text)
        self.assertIn("config.json, line 2: Providers[0].api_key", message)
        self.assertIn("A_KEY to be set", message)

    def test_missing_half(self) -> None:
        """ccproxy.yaml without the config.yaml beside it is half of a configuration."""
        self.assertIn("config.yaml", self.refusal("ccproxy: {debug: true}\n", "ccproxy.yaml"))

    def test_names(self) -> None:
        """Every format has a name of its own."""
        self.assertEqual(len({shape.name for shape in SHAPES}), len(SHAPES))
