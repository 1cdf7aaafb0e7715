"""All vendors, side by side. Where two rows share a host, the earlier one is found by it."""

from ccproxy.providers.vendor import Vendor
from ccproxy.providers.vendors.anthropic import ANTHROPIC
from ccproxy.providers.vendors.compatible import COMPATIBLE
from ccproxy.providers.vendors.deepseek import DEEPSEEK
from ccproxy.providers.vendors.gemini import GEMINI
from ccproxy.providers.vendors.glm import GLMS
from ccproxy.providers.vendors.groq import GROQ
from ccproxy.providers.vendors.hosts import CEREBRAS, FIREWORKS, HUGGINGFACE, NVIDIA, PERPLEXITY, TOGETHER
from ccproxy.providers.vendors.minimax import MINIMAXES
from ccproxy.providers.vendors.mistral import MISTRAL
from ccproxy.providers.vendors.moonshot import MOONSHOTS
from ccproxy.providers.vendors.openai import AZURE, GITHUB, OPENAI
from ccproxy.providers.vendors.openrouter import OPENROUTER
from ccproxy.providers.vendors.qwen import QWENS
from ccproxy.providers.vendors.servers import SERVERS
from ccproxy.providers.vendors.xai import XAI

VENDORS: tuple[Vendor, ...] = (
    ANTHROPIC,
    OPENAI,
    AZURE,
    GEMINI,
    OPENROUTER,
    DEEPSEEK,
    GROQ,
    MISTRAL,
    XAI,
    *MOONSHOTS,
    *GLMS,
    *QWENS,
    *MINIMAXES,
    *SERVERS,
    CEREBRAS,
    TOGETHER,
    FIREWORKS,
    GITHUB,
    HUGGINGFACE,
    NVIDIA,
    PERPLEXITY,
    *COMPATIBLE,
)
"""The catalogue's rows, in the order in which they are shown."""

ALIASES = {
    # what other programs, or the vendors themselves, call them
    "ai-studio": "gemini",
    "alibaba": "qwen",
    "alibaba-cn": "qwen-cn",
    "alibaba-coding-plan": "qwen-coding",
    "alibaba-coding-plan-cn": "qwen-coding-cn",
    "azure-openai": "azure",
    "bigmodel": "zhipu",
    "claude": "anthropic",
    "cloudflare-workers-ai": "cloudflare",
    "dashscope": "qwen",
    "dashscope-cn": "qwen-cn",
    "featherless-ai": "featherless",
    "fireworks-ai": "fireworks",
    "friendliai": "friendli",
    "github-models": "github",
    "glm": "zai",
    "google": "gemini",
    "google-ai-studio": "gemini",
    "grok": "xai",
    "hf": "huggingface",
    "hugging-face": "huggingface",
    "kimi": "moonshot",
    "kimi-for-coding": "kimi-coding",
    "lambda-ai": "lambda",
    "llama-cpp": "llamacpp",
    "lm-studio": "lmstudio",
    "meta-llama": "llama",
    "mistralai": "mistral",
    "moonshotai": "moonshot",
    "moonshotai-cn": "moonshot-cn",
    "novita-ai": "novita",
    "nvidia-nim": "nvidia",
    "ollama-local": "ollama",
    "pplx": "perplexity",
    "sambanova-cloud": "sambanova",
    "together-ai": "together",
    "togetherai": "together",
    "vercel-ai-gateway": "vercel",
    "volcano": "volcengine",
    "x-ai": "xai",
    "z-ai": "zai",
    "zai-coding-plan": "zai-coding",
    "zhipuai": "zhipu",
    "zhipuai-coding-plan": "zhipu-coding",
}
"""Other names of rows."""
