"""The form to sign in, and what comes of it."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from twisted.web.template import Tag, tags

from ccproxy.errors import ApiError, Kind
from ccproxy.web.dashboard.visits import PATH
from ccproxy.web.site import BoundedRequest

FORM_LIMIT = 4096
"""Bytes of a form: it holds a key."""

SIGN_IN = "sign-in"


def form(wrong: str = "") -> Tag:
    """It asks for a key, and says what was `wrong` with the last one."""
    attributes = {"autocomplete": "current-password", "required": "required", "autofocus": "autofocus"}
    return tags.form(method="post", action=f"{PATH}/{SIGN_IN}", class_="sign-in")(
        tags.h2("Sign in"),
        tags.p("With the key that clients of this ccproxy send. This browser then stays signed in for a week."),
        tags.p(wrong, role="alert", class_="wrong") if wrong else "",
        tags.label("Key", for_="key"),
        tags.input(type="password", name="key", id="key", **attributes),
        tags.button("Sign in"),
    )


def key_of(request: BoundedRequest) -> str:
    """The key that was filled in."""
    if len(request.body) > FORM_LIMIT:
        raise ApiError(Kind.TOO_LARGE, "that is no key")
    return parse_qs(request.body.decode("utf-8", "replace")).get("key", [""])[0].strip()


def refuse_foreign(headers: Mapping[str, str]) -> None:
    """A form of another site may not sign anybody in or out."""
    origin = headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    if foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ApiError(Kind.FORBIDDEN, "this form was sent by a page of another site")
