"""Configurations as users of the other programs have them, written in their programs' formats.

Each says which formats it has, with which variables it is used, and where a few questions to the daemon lead.
"""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

LONG = "word " * 90_000
"""Some 90,000 tokens, whichever way they are counted."""

THINKING = {"type": "enabled", "budget_tokens": 2000}
SEARCH = [{"type": "web_search_20250305", "name": "web_search"}]
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


@frozen
class Asked:
    """A question, and where it must come out: the upstream's host, the line of its request, its model and its key."""

    model: str
    host: str
    line: str
    upstream_model: str
    key: str
    fields: Mapping[str, Any] = field(factory=dict)


@frozen
class File:
    """`others` are files beside it; `notes` are keys that must be told, each with a word of why."""

    title: str
    name: str
    text: str
    port: int
    asked: tuple[Asked, ...]
    environ: Mapping[str, str] = field(factory=dict)
    others: Mapping[str, str] = field(factory=dict)
    notes: Mapping[str, str] = field(factory=dict)
    tradition: str = ""


CHAT = "POST /v1/chat/completions HTTP/1.1"

ORCHESTRE = File(
    "orchestre: what its README shows, with comments",
    "config.json",
    """{
      // where it listens
      "host": "0.0.0.0", "port": 3456, "log": true, "log_file": "~/.ccproxy/ccproxy.log", "apikey": "",
      "shutdown_timeout": "10s",
      "providers": [
        {"name": "anthropic", "api_base_url": "https://api.anthropic.com", "api_key": "sk-ant-one",
         "models": ["claude-sonnet-4-20250514"], "enabled": true, "transformers": [{"name": "anthropic"}]},
        {"name": "openai", "api_base_url": "https://api.openai.com/v1", "api_key": "${OPENAI_API_KEY}",
         "models": ["gpt-4.1", "gpt-4.1-mini"], "enabled": true, "message_format": "openai"},
        {"name": "deepseek", "api_base_url": "https://api.deepseek.com", "models": ["deepseek-chat"]},
        {"name": "groq", "api_base_url": "https://api.groq.com/openai/v1", "enabled": true}
      ],
      "routes": {
        "default": {"provider": "openai", "model": "gpt-4.1", "parameters": {"temperature": 0.5}},
        "longContext": {"provider": "anthropic", "model": "claude-sonnet-4-20250514",
                        "conditions": [{"type": "tokenCount", "operator": ">", "value": 40000}]},
        "background": {"provider": "openai", "model": "gpt-4.1-mini"},
        "think": {"provider": "deepseek", "model": "deepseek-reasoner"},
        "claude-opus-4": {"provider": "anthropic", "model": "claude-sonnet-4-20250514"}
      },
      "performance": {"request_timeout": "30s", "max_request_body_size": 10485760, "metrics_enabled": true,
                      "rate_limit_enabled": false, "circuit_breaker_enabled": true}
    }""",
    3456,
    (
        Asked("claude-sonnet-5-5", "api.openai.com", CHAT, "gpt-4.1", "Bearer sk-openai"),
        Asked("claude-3-5-haiku-20241022", "api.openai.com", CHAT, "gpt-4.1-mini", "Bearer sk-openai"),
        Asked(
            "claude-sonnet-5-5", "api.deepseek.com", "POST /chat/completions HTTP/1.1", "deepseek-reasoner",
            "Bearer sk-deepseek", {"thinking": THINKING, "max_tokens": 4000},
        ),
        Asked(
            "claude-opus-4", "api.anthropic.com", "POST /v1/messages HTTP/1.1", "claude-sonnet-4-20250514", "sk-ant-one"
        ),
        Asked(
            "claude-sonnet-5-5", "api.anthropic.com", "POST /v1/messages HTTP/1.1", "claude-sonnet-4-20250514",
            "sk-ant-one", {"system": LONG},
        ),
        Asked("deepseek,deepseek-chat", "api.deepseek.com", "POST /chat/completions HTTP/1.1", "deepseek-chat",
              "Bearer sk-deepseek"),
    ),
    {"OPENAI_API_KEY": "sk-openai", "DEEPSEEK_API_KEY": "sk-deepseek"},
    notes={
        "host": "127.0.0.1",
        "performance.request_timeout": "first_byte_timeout",
        "performance.rate_limit_enabled": "never limited",
        "providers[0].transformers": "translated",
        "providers[3]": "GROQ_API_KEY",
    },
    tradition="orchestre-dev/ccproxy",
)  # fmt: skip

NANOSECONDS = File(
    "orchestre: durations as Go writes them, a key under its wrong name",
    "config.json",
    """{
      "api_key": "sk-mine",
      "host": "0.0.0.0",
      "providers": [{"name": "openrouter", "api_base_url": "https://openrouter.ai/api/v1", "enabled": true}],
      "routes": {"default": {"provider": "openrouter", "model": "qwen/qwen3-coder"}, "think": {"provider": ""}},
      "performance": {"request_timeout": 90000000000, "max_request_body_size": 0},
      "security": {"level": "paranoid"}
    }""",
    3456,
    (Asked("gpt-4", "openrouter.ai", "POST /api/v1/chat/completions HTTP/1.1", "qwen/qwen3-coder", "Bearer sk-or"),),
    {"CCPROXY_PROVIDERS_0_API_KEY": "sk-or"},
    notes={"api_key": "apikey", "performance.max_request_body_size": "32 MiB", "security": "no such key"},
    tradition="orchestre-dev/ccproxy",
)

AISTACK = File(
    "claude-code-proxy: what `init` writes",
    "settings.json",
    """{
      "server": {"port": 8082, "host": "0.0.0.0"},
      "providers": {
        "openai": {"apiKey": "sk-openai", "baseURL": "https://api.openai.com/v1", "responseStyle": "openai"},
        "anthropic": {"apiKey": "sk-ant", "baseURL": "https://api.anthropic.com", "responseStyle": "anthropic"},
        "litellm": {"apiKey": "sk-lite", "baseURL": "http://127.0.0.1:4000", "responseStyle": "openai"}
      },
      "models": {"bigModel": "gpt-4.1@openai", "smallModel": "qwen@litellm", "preferredProvider": "anthropic"},
      "logging": {"level": "warn", "format": "json"},
      "claude": {"args": "--verbose"}
    }""",
    8082,
    (
        Asked("claude-sonnet-5-5", "api.openai.com", CHAT, "gpt-4.1", "Bearer sk-openai"),
        Asked("claude-opus-5", "api.openai.com", CHAT, "gpt-4.1", "Bearer sk-openai"),
        Asked("claude-haiku-4-5", "127.0.0.1", CHAT, "qwen", "Bearer sk-lite"),
        Asked("some-model@litellm", "127.0.0.1", CHAT, "some-model", "Bearer sk-lite"),
        Asked("claude-x", "api.anthropic.com", "POST /v1/messages HTTP/1.1", "claude-x", "sk-ant"),
    ),
    notes={"server.host": "127.0.0.1", "logging.format": "changed nothing"},
    tradition="claude-code-proxy",
)

AISTACK_BARE = File(
    "claude-code-proxy: models without a provider, keys from the environment",
    "settings.json",
    '{"models": {"bigModel": "gemini-3-pro", "smallModel": "gemini-3-flash", "preferredProvider": "gemini"}}',
    8082,
    (
        Asked(
            "claude-sonnet-5-5",
            "generativelanguage.googleapis.com",
            "POST /v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse HTTP/1.1",
            "",
            "g-key",
        ),
    ),
    {"GEMINI_API_KEY": "g-key"},
    tradition="claude-code-proxy",
)

LITELLM = File(
    "LiteLLM: accounts, fallbacks, wildcards and names for groups",
    "config.yaml",
    """
model_list:
  - model_name: claude-sonnet-4-5
    litellm_params: {model: anthropic/claude-sonnet-4-5-20250929, api_key: os.environ/ANTHROPIC_API_KEY}
  - model_name: fast
    litellm_params:
      model: openai/gpt-4.1-mini
      api_key: os.environ/OPENAI_API_KEY
      temperature: 0.3
      rpm: 100
  - model_name: local
    litellm_params: {model: openai/qwen3, api_base: "http://10.0.0.9:8000/v1", api_key: none}
  - model_name: local
    litellm_params: {model: hosted_vllm/qwen3, api_base: "http://10.0.0.8:8000/v1"}
  - model_name: cloud
    litellm_params: {model: bedrock/anthropic.claude-sonnet-4, aws_region_name: us-east-1}
    model_info: {max_tokens: 8192}
  - model_name: "*"
    litellm_params: {model: "openai/*", api_key: os.environ/OPENAI_API_KEY}
litellm_settings:
  drop_params: true
  request_timeout: 600
  fallbacks: [{claude-sonnet-4-5: [fast]}]
  success_callback: [langfuse]
router_settings:
  routing_strategy: simple-shuffle
  model_group_alias: {quick: fast, lost: nowhere}
general_settings:
  master_key: sk-master
""",
    4000,
    (
        Asked(
            "claude-sonnet-4-5",
            "api.anthropic.com",
            "POST /v1/messages HTTP/1.1",
            "claude-sonnet-4-5-20250929",
            "sk-ant",
        ),
        Asked("fast", "api.openai.com", CHAT, "gpt-4.1-mini", "Bearer sk-openai"),
        Asked("quick", "api.openai.com", CHAT, "gpt-4.1-mini", "Bearer sk-openai"),
        Asked("gpt-5", "api.openai.com", CHAT, "gpt-5", "Bearer sk-openai"),
    ),
    {"ANTHROPIC_API_KEY": "sk-ant", "OPENAI_API_KEY": "sk-openai"},
    notes={
        "model_list[4]": "bedrock",
        "model_list[1].litellm_params.rpm": "no meaning",
        "router_settings.model_group_alias.lost": "no entry",
        "litellm_settings.drop_params": "left out",
    },
    tradition="LiteLLM",
)

STARBASED = File(
    "starbased: rules in ccproxy.yaml, models in config.yaml",
    "ccproxy.yaml",
    """
ccproxy:
  debug: true
  metrics_enabled: true
  default_model_passthrough: true
  handler: "ccproxy.handler:CCProxyHandler"
  hooks:
    - ccproxy.hooks.rule_evaluator
    - ccproxy.hooks.model_router
    - hook: ccproxy.hooks.capture_headers
      params: {headers: [user-agent]}
  rules:
    - name: token_count
      rule: ccproxy.rules.TokenCountRule
      params: [{threshold: 50000}]
    - name: quick
      rule: ccproxy.rules.MatchModelRule
      params: [{model_name: claude-haiku}]
    - name: reasoner
      rule: ccproxy.rules.ThinkingRule
    - name: searcher
      rule: ccproxy.rules.MatchToolRule
      params: [WebSearch]
    - name: nowhere
      rule: ccproxy.rules.ThinkingRule
    - name: quick
      rule: own_rules.Shouting
      params: [{mark: "!!!"}]
  oat_sources:
    anthropic: "cat token"
    groq: {command: "echo g-key", user_agent: other}
litellm:
  host: 127.0.0.1
  port: 4000
  num_workers: 4
""",
    4000,
    (
        Asked("claude-sonnet-5-5", "api.anthropic.com", "POST /v1/messages HTTP/1.1", "claude-sonnet-5-5", "sk-ant"),
        Asked("claude-haiku-4-5", "api.openai.com", CHAT, "gpt-4.1-mini", "Bearer sk-openai"),
        Asked("claude-sonnet-5-5", "api.openai.com", CHAT, "gpt-4.1-mini", "Bearer sk-openai",
              {"messages": [{"role": "user", "content": "Do it!!!"}]}),
        Asked(
            "claude-sonnet-5-5", "api.deepseek.com", "POST /chat/completions HTTP/1.1", "deepseek-reasoner",
            "Bearer sk-deep", {"thinking": THINKING, "max_tokens": 4000},
        ),
        Asked("claude-sonnet-5-5", "generativelanguage.googleapis.com",
              "POST /v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse HTTP/1.1", "", "g-key",
              {"system": LONG}),
        Asked("claude-sonnet-5-5", "api.openai.com", CHAT, "gpt-4.1", "Bearer sk-openai",
              {"tools": [{"name": "WebSearch", "input_schema": {"type": "object"}}]}),
    ),
    {"ANTHROPIC_API_KEY": "sk-ant", "OPENAI_API_KEY": "sk-openai", "DEEPSEEK_API_KEY": "sk-deep",
     "GEMINI_API_KEY": "g-key"},
    {
        "config.yaml": """
model_list:
  - {model_name: default, litellm_params: {model: claude-sonnet-5-5}}
  - {model_name: quick, litellm_params: {model: openai/gpt-4.1-mini}}
  - {model_name: searcher, litellm_params: {model: openai/gpt-4.1}}
  - {model_name: reasoner, litellm_params: {model: deepseek/deepseek-reasoner}}
  - {model_name: token_count, litellm_params: {model: gemini/gemini-2.5-pro}}
  - {model_name: rapid, litellm_params: {model: groq/openai/gpt-oss-120b}}
litellm_settings: {callbacks: ccproxy.handler}
general_settings: {forward_client_headers_to_llm_api: true}
""",
        "own_rules.py": """
class Shouting:
    def __init__(self, mark):
        self.mark = mark

    def evaluate(self, request, config):
        return self.mark in str(request["messages"])
""",
    },
    notes={
        "ccproxy.rules[4]": "no \"nowhere\"",
        "ccproxy.hooks[0]": "conditions of routes",
        "ccproxy.metrics_enabled": "always counts",
        "ccproxy.oat_sources.anthropic": "passed on",
        "litellm.num_workers": "one process",
        "litellm_settings.callbacks": "LiteLLM alone",
    },
    tradition="starbased-co/ccproxy",
)  # fmt: skip

ROUTER = File(
    "claude-code-router: the whole example of its README",
    "config.json",
    """{
      "// a remark": "and nothing more",
      "APIKEY": "my-secret", "HOST": "0.0.0.0", "PORT": "3456", "LOG": true, "LOG_LEVEL": "trace",
      "API_TIMEOUT_MS": 600000, "NON_INTERACTIVE_MODE": false, "CUSTOM_ROUTER_PATH": "/home/me/router.js",
      "OPENAI_API_KEY": "$OPENAI_API_KEY",
      "Providers": [
        {"name": "openrouter", "api_base_url": "https://openrouter.ai/api/v1/chat/completions", "api_key": "sk-or",
         "models": ["google/gemini-2.5-pro"],
         "transformer": {"use": [["openrouter", {"provider": {"only": ["x"]}}]],
                         "google/gemini-2.5-pro": {"use": ["reasoning"]}}},
        {"name": "deepseek", "api_base_url": "https://api.deepseek.com/chat/completions",
         "api_key": "$DEEPSEEK_API_KEY", "models": ["deepseek-chat", "deepseek-reasoner"],
         "transformer": {"use": ["deepseek"], "deepseek-chat": {"use": ["tooluse"]}}},
        {"name": "ollama", "api_base_url": "http://localhost:11434/v1/chat/completions", "api_key": "ollama",
         "models": ["qwen2.5-coder:latest"]},
        {"name": "gemini", "api_base_url": "https://generativelanguage.googleapis.com/v1beta/models/",
         "api_key": "g-key", "models": ["gemini-2.5-flash"], "transformer": {"use": ["gemini"]}},
        {"name": "my claude", "api_base_url": "https://claude.example/v1/messages", "api_key": "sk-c",
         "models": ["claude-x"], "transformer": {"use": ["Anthropic"]}},
        {"name": "other", "api_base_url": "https://llm.example/v1", "api_key": "sk-x", "models": ["m"],
         "transformer": {"use": [["maxtoken", {"max_tokens": 50}], "enhancetool", "strange"]}}
      ],
      "Router": {
        "default": "deepseek,deepseek-chat", "background": "Ollama,qwen2.5-coder:latest",
        "think": "deepseek,deepseek-reasoner", "longContext": "openrouter,google/gemini-2.5-pro",
        "longContextThreshold": 50000, "webSearch": "gemini,gemini-2.5-flash", "image": "my claude,claude-x"
      },
      "fallback": {"default": ["other,m"]}
    }""",
    3456,
    (
        Asked("claude-sonnet-5-5", "api.deepseek.com", "POST /chat/completions HTTP/1.1", "deepseek-chat",
              "Bearer sk-deep"),
        Asked("claude-haiku-4-5", "localhost", CHAT, "qwen2.5-coder:latest", "Bearer ollama"),
        Asked("claude-sonnet-5-5", "api.deepseek.com", "POST /chat/completions HTTP/1.1", "deepseek-reasoner",
              "Bearer sk-deep", {"thinking": THINKING, "max_tokens": 4000}),
        Asked("claude-sonnet-5-5", "openrouter.ai", "POST /api/v1/chat/completions HTTP/1.1", "google/gemini-2.5-pro",
              "Bearer sk-or", {"system": LONG}),
        Asked("claude-sonnet-5-5", "generativelanguage.googleapis.com",
              "POST /v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse HTTP/1.1", "", "g-key",
              {"tools": SEARCH}),
        Asked("claude-sonnet-5-5", "claude.example", "POST /v1/messages HTTP/1.1", "claude-x", "sk-c",
              {"messages": [{"role": "user", "content": [PICTURE]}]}),
        Asked("other,m", "llm.example", CHAT, "m", "Bearer sk-x"),
    ),
    {"DEEPSEEK_API_KEY": "sk-deep"},
    notes={
        "CUSTOM_ROUTER_PATH": "JavaScript",
        "NON_INTERACTIVE_MODE": "terminal",
        "API_TIMEOUT_MS": "first_byte_timeout",
        "OPENAI_API_KEY": "variable",
        "Providers[4].name": "my-claude",
        "Providers[5].transformer.use[1]": "mended",
        "Providers[5].transformer.use[2]": "strange",
        "Providers[1].transformer.deepseek-chat": "provider of its own",
    },
    tradition="claude-code-router",
)  # fmt: skip

ROUTER_FIRST = File(
    "claude-code-router: its first versions had one provider",
    "config.json",
    """{"OPENAI_API_KEY": "sk-deep", "OPENAI_BASE_URL": "https://api.deepseek.com", "OPENAI_MODEL": "deepseek-chat",
        "log": true}""",
    3456,
    (
        Asked(
            "claude-sonnet-5-5",
            "api.deepseek.com",
            "POST /chat/completions HTTP/1.1",
            "deepseek-chat",
            "Bearer sk-deep",
        ),
    ),
    tradition="claude-code-router",
)

FILES = (ORCHESTRE, NANOSECONDS, AISTACK, AISTACK_BARE, LITELLM, STARBASED, ROUTER, ROUTER_FIRST)
