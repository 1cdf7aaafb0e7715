"""Whether, where and for how long exchanges are captured."""

import json
from typing import Any

from ccproxy.config.settings import CaptureSettings
from tests.config.test_load import LoadCase


class CaptureTests(LoadCase):
    """`capture` in a configuration."""

    def captured(self, environ: dict[str, str] | None = None, **options: Any) -> CaptureSettings:
        return self.loaded(json.dumps(options), environ).capture

    def test_off(self) -> None:
        """Nothing is captured unless somebody says so."""
        self.assertFalse(self.captured().enabled)

    def test_beside_the_ledger(self) -> None:
        """Captures are where the ledger is, if that is a file, and else where one would be by default."""
        home = {"HOME": "/home/me"}
        for ledger, environ, directory in (
            ({}, home, "/home/me/.ccproxy/captures"),
            ({"database": "/data/ledger.db"}, home, "/data/captures"),
            ({"database": "~/here/ledger.db"}, home, "/home/me/here/captures"),
            ({"database": "postgresql://u@h/n"}, home, "/home/me/.ccproxy/captures"),
            ({"enabled": False}, home, "/home/me/.ccproxy/captures"),
            ({}, {"STATE_DIRECTORY": "/var/lib/ccproxy", **home}, "/var/lib/ccproxy/captures"),
            ({"enabled": False}, {"CCPROXY_CONFIG_DIR": "/c", **home}, "/c/captures"),
            ({}, {}, ""),
        ):
            self.assertEqual(self.captured(environ, ledger=ledger).directory, directory)

    def test_elsewhere(self) -> None:
        """They may be anywhere else."""
        found = self.captured({"HOME": "/home/me"}, capture={"directory": "~/elsewhere", "keep": "2h"})
        self.assertEqual((found.directory, found.keep), ("/home/me/elsewhere", 7200.0))

    def test_what_cannot_be(self) -> None:
        """Limits of nothing, captures for ever, and expressions that are none are told with their place."""
        for options, told in (
            ({"max_bytes": 0}, "capture.max_bytes: found 0, expected a number of bytes above 0"),
            ({"max_bytes": 2**30}, "capture.max_bytes: found 1073741824, expected at most 33554432"),
            ({"max_size": -1}, "capture.max_size: found -1, expected a number of bytes above 0"),
            ({"keep": ""}, "capture.keep: "),
            ({"keep": 0}, "capture.keep: found 0 seconds, expected more than 0"),
            ({"redact": ["ok", "/(/"]}, 'capture.redact[1]: found "/(/", expected a regular expression'),
            ({"redact": [""]}, 'capture.redact[0]: found "", expected the name of a field'),
            ({"reduct": []}, "redact"),
        ):
            self.assertIn(told, self.refusal(json.dumps({"capture": options})))
