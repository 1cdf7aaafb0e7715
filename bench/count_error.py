"""How far our estimate of tokens is from tiktoken's count, chunk by chunk.

    python bench/count_error.py [PATH ...]

Needs tiktoken's ranks (`ccproxy tokens fetch`). The samples are what every Python has with it: the source of its
standard library for code, the language reference in `pydoc_data` and the docstrings for prose, and generated JSON.
Further files may be named; each is a kind of its own by its suffix. The seed is fixed, so that two runs on one Python
say the same.
"""

import ast
import json
import math
import os
import random
import re
import sys
import sysconfig
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

from ccproxy.tokens.estimate import estimate
from ccproxy.tokens.ranks import find, load

CHUNK = 2000
"""Characters."""

CHUNKS = 600
"""Of each kind."""

CHANCE = random.Random(20261124)


def main() -> None:
    """Prints a line for each kind: mean error, and the 95th percentile of its size."""
    directory = find(os.environ, Path.home())
    if directory is None:
        sys.exit("tiktoken's ranks are not here: run `ccproxy tokens fetch`")
    measure = load(directory)
    everything: list[float] = []
    print(f"{'':8} chunks    mean     p95   worst")
    for kind, texts in _kinds([Path(name) for name in sys.argv[1:]]):
        chunks = _chunks(texts)
        errors = [estimate(chunk) / measure(chunk) - 1 for chunk in chunks]
        everything += errors
        _tell(kind, errors)
    _tell("all", everything)
    _speed()


def _tell(kind: str, errors: list[float]) -> None:
    sizes = sorted(abs(error) for error in errors)
    p95 = sizes[max(0, math.ceil(len(sizes) * 0.95) - 1)]
    mean = sum(errors) / len(errors)
    worst = max(errors, key=abs)
    print(f"{kind:8} {len(errors):6} {mean:+7.1%} {p95:7.1%} {worst:+7.1%}")


def _speed() -> None:
    text = "\n".join(topics.values())
    started = time.perf_counter()
    estimate(text)
    seconds = time.perf_counter() - started
    print(f"the estimate reads {len(text) / seconds / 1e6:.0f} MB/s")


def _kinds(named: Iterable[Path]) -> Iterator[tuple[str, list[str]]]:
    code = [text for path in _library() if len(text := _read(path)) >= CHUNK]
    prose = [*topics.values(), *_docstrings(code)]
    yield "code", code
    yield "prose", ["\n\n".join(prose[start::40]) for start in range(40)]
    yield "json", list(_generated(prose))
    suffixes: dict[str, list[str]] = {}
    for path in named:
        suffixes.setdefault(path.suffix, []).append(_read(path))
    yield from suffixes.items()


def _library() -> list[Path]:
    return sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")) + sorted(
        Path(sysconfig.get_path("stdlib")).glob("[a-r]*/*.py")
    )


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _docstrings(sources: Iterable[str]) -> Iterator[str]:
    for source in sources:
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                said = ast.get_docstring(node)
                if said and len(said) > 300:
                    yield said


def _chunks(texts: list[str]) -> list[str]:
    """Spread over all texts by their length."""
    lengths = [max(0, len(text) - CHUNK) for text in texts]
    chosen = CHANCE.choices(texts, lengths, k=CHUNKS)
    starts = [CHANCE.randrange(len(text) - CHUNK + 1) for text in chosen]
    return [text[start : start + CHUNK] for text, start in zip(chosen, starts, strict=True)]


def _generated(prose: list[str]) -> Iterator[str]:
    """Documents as APIs and tools give them: compact or indented, of words, numbers, dates, URLs and identifiers."""
    words = re.findall(r"[A-Za-z]{2,12}", " ".join(prose[:60]))
    for _ in range(200):
        document = [_value(words, 4) for _ in range(60)]
        yield json.dumps(document, indent=CHANCE.choice([None, None, 1, 2, 4]))


def _value(words: list[str], depth: int) -> Any:
    shape = CHANCE.random()
    if depth and shape < 0.3:
        return {_key(words): _value(words, depth - 1) for _ in range(CHANCE.randint(1, 7))}
    if depth and shape < 0.45:
        return [_value(words, depth - 1) for _ in range(CHANCE.randint(1, 6))]
    match CHANCE.randrange(8):
        case 0:
            return CHANCE.randint(0, 10 ** CHANCE.randint(1, 10))
        case 1:
            return round(CHANCE.random() * 1000, CHANCE.randint(1, 12))
        case 2:
            return str(uuid.UUID(int=CHANCE.getrandbits(128)))
        case 3:
            return CHANCE.choice([True, False, None])
        case 4:
            return f"20{CHANCE.randint(10, 29)}-{CHANCE.randint(1, 12):02}-{CHANCE.randint(1, 28):02}T12:30:00Z"
        case 5:
            return "/".join(["https:", "", *CHANCE.choices(words, k=4)]).lower()
        case _:
            return " ".join(CHANCE.choices(words, k=CHANCE.randint(1, 14)))


def _key(words: list[str]) -> str:
    first, second = CHANCE.choices(words, k=2)
    return CHANCE.choice([first.lower(), f"{first}_{second}".lower(), first.lower() + second.title()])


if __name__ == "__main__":
    main()
