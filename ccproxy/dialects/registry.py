"""The dialects side by side."""

from collections.abc import Mapping

from ccproxy.dialects.anthropic.dialect import ANTHROPIC
from ccproxy.dialects.dialect import Dialect
from ccproxy.dialects.gemini.dialect import GEMINI
from ccproxy.dialects.openai_chat.dialect import OPENAI_CHAT
from ccproxy.dialects.openai_responses.dialect import OPENAI_RESPONSES

DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect for dialect in (ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES, GEMINI)
}
"""Every dialect by its name, which is what configurations and the catalogue write."""
