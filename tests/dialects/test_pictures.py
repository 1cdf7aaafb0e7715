"""Pictures that are not what they are called."""

import json
from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.pictures import as_it_is
from ccproxy.dialects.registry import DIALECTS
from ccproxy.model.messages import Inline, Media, Remote

PICTURES = {
    "image/png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
    "image/gif": b"GIF89a\x01\x00\x01\x00\x00\x00",
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
}


class TypeTests(SynchronousTestCase):
    """What the bytes tell."""

    def test_own_type(self) -> None:
        """Each is told by its bytes, whatever it was called."""
        for type_, begin in PICTURES.items():
            data = b64encode(begin).decode()
            for called in (*PICTURES, "application/octet-stream"):
                self.assertEqual(as_it_is(Inline(called, data)), Inline(type_, data))

    def test_unknown(self) -> None:
        """What tells nothing stays what it is called."""
        for source in (
            Inline("image/avif", b64encode(b"\x00\x00\x00 ftypavif").decode()),
            Inline("image/png", "AAAA"),
            Inline("image/png", "no base64!"),
            Inline("image/png", "ä"),
            Inline("audio/wav", b64encode(b"RIFF\x24\x00\x00\x00WAVEfmt ").decode()),
            Remote("https://a.test/a.png"),
        ):
            self.assertEqual(as_it_is(source), source)

    def test_requests(self) -> None:
        """A client's picture reaches the upstream under its own type, whichever dialect it came in."""
        data = b64encode(PICTURES["image/jpeg"]).decode()
        url = f"data:image/png;base64,{data}"
        asked = {
            "anthropic": {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}},
            "openai_chat": {"type": "image_url", "image_url": {"url": url}},
            "openai_responses": {"type": "input_image", "image_url": url},
        }
        for dialect, part in asked.items():
            turns = [{"role": "user", "content": [part]}]
            body = {"model": "m", "max_tokens": 9, "messages": turns, "input": turns}
            (turn,) = DIALECTS[dialect].parse_request({}, json.dumps(body).encode()).turns
            (media,) = turn.parts
            assert isinstance(media, Media)
            self.assertEqual(media.source, Inline("image/jpeg", data), dialect)
