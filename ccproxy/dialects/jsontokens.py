"""The tokens of JSON, for those who read text that may be none."""

import re

BLANKS = re.compile(r"[ \t\r\n]*")
BLANK = " \t\r\n"
WORD = re.compile(r"[^\s{}\[\]:,\"'`]+")
"""What is neither a string nor punctuation."""
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
CLOSER = {"{": "}", "[": "]"}


def end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where that which begins here ends; here, if it does not begin."""
    found = pattern.match(text, at)
    return at if found is None else found.end()
