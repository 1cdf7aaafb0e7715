"""Makes `twistd ccproxy` and `twist ccproxy` known to Twisted."""

from twisted.application.service import ServiceMaker

ccproxy = ServiceMaker(
    "ccproxy",
    "ccproxy.tap",
    "Any LLM provider behind the API that Claude Code and other clients already speak.",
    "ccproxy",
)
