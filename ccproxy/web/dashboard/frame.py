"""The frame that all pages have, their files, and what a browser is told about them.

Nothing comes from elsewhere or stands inline, and the browser is told to hold the pages to that.
"""

from hashlib import sha256
from importlib.resources import files
from typing import Any

from twisted.web.server import Request
from twisted.web.template import Element, Tag, TagLoader, XMLString, flattenString, renderer, tags

import ccproxy
from ccproxy.web.dashboard.visits import PATH

POLICY = "; ".join(
    [
        "default-src 'none'",
        *(f"{what}-src 'self'" for what in ("script", "style", "img", "connect")),
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
"""What a browser lets these pages do: ask us, and nobody else; run our script, and no other."""

HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # Not `no-referrer`: with it the form to sign in would come from the origin `null`.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

TYPES = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

_FILES = files("ccproxy.web.dashboard") / "files"
_FRAME = XMLString((_FILES / "page.xml").read_text(encoding="utf-8"))
_STATIC = {name: (_FILES / name).read_bytes() for name in TYPES}
_STAMP = sha256(b"".join(_STATIC.values())).hexdigest()[:12]
"""In the addresses of our files, so that a browser keeps them for as long as they are the same."""


class Frame(Element):
    """What all pages have around their content."""

    loader = _FRAME

    def __init__(self, title: str, content: Any, here: str = "", signed_in: bool = False) -> None:
        super().__init__()
        self._title = title
        self._content = content
        self._here = here
        self._signed_in = signed_in

    @renderer
    def title(self, _request: Request, _tag: Tag) -> str:
        return self._title

    @renderer
    def version(self, _request: Request, _tag: Tag) -> str:
        return ccproxy.__version__

    @renderer
    def icon(self, _request: Request, tag: Tag) -> Tag:
        return tag(href=address_of("icon.svg"))

    @renderer
    def style(self, _request: Request, tag: Tag) -> Tag:
        return tag(href=address_of("page.css"))

    @renderer
    def script(self, _request: Request, tag: Tag) -> Tag:
        return tag(src=address_of("page.js"))

    @renderer
    def pages(self, _request: Request, tag: Tag) -> Tag:
        if not self._here:
            return tag
        links = ((PATH, "Overview"), (f"{PATH}/configuration", "Configuration"))
        return tag(
            [
                tags.a(name, href=path, **({"aria-current": "page"} if path == self._here else {}))
                for path, name in links
            ]
        )

    @renderer
    def leave(self, _request: Request, _tag: Tag) -> Any:
        if not self._signed_in:
            return ""
        return tags.form(tags.button("Sign out"), method="post", action=f"{PATH}/sign-out")

    @renderer
    def content(self, _request: Request, _tag: Tag) -> Any:
        return self._content


def address_of(name: str) -> str:
    """Where a file of ours is."""
    return f"{PATH}/{_STAMP}/{name}"


def static(request: Request, name: str) -> bytes:
    """A file of ours, which a browser may keep."""
    request.setHeader("content-type", TYPES[name])
    request.setHeader("x-content-type-options", "nosniff")
    request.setHeader("cache-control", "public, max-age=31536000, immutable")
    return _STATIC[name]


async def html(request: Request, content: Any, status: int = 200) -> bytes:
    """A page in its frame, or a part of one."""
    head(request, status)
    if isinstance(content, Element):
        return b"<!DOCTYPE html>\n" + await flattenString(request, content)
    return await rendered(request, content)


def head(request: Request, status: int = 200) -> None:
    """What stands above every page."""
    request.setResponseCode(status)
    for name, value in HEADERS.items():
        request.setHeader(name, value)


async def rendered(request: Request, content: Any) -> bytes:
    """A part of a page, without a frame."""
    return await flattenString(request, Element(TagLoader(tags.transparent(content))))
