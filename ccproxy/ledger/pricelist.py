"""The list of prices, `prices.tsv`: read a line at a time where a price is wanted, and written by `make prices`.

A line is a vendor, as our catalogue calls it, a model and its prices as JSON. The file is not kept in memory: a daemon
asks for the few models that it uses, and remembers those.

`python -m ccproxy.ledger.pricelist WHEEL` writes it anew, from the catalogue of prices inside a wheel of litellm: facts
under the MIT licence, mended daily by many. We take numbers and names, and no code.
"""

import json
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ccproxy.ledger.price import MILLION, Price
from ccproxy.providers.catalogue import names

FILE = Path(__file__).with_name("prices.tsv")

HEAD = "# vendor, model, dollars for a million tokens. Written by `make prices`; the facts are from {source} (MIT)."

WITHIN_WHEEL = "litellm/model_prices_and_context_window_backup.json"

MODES = ("chat", "responses", "completion")

OURS = {
    "bedrock_converse": "bedrock",
    "cohere_chat": "cohere",
    "dashscope": "qwen",
    "fireworks_ai": "fireworks",
    "friendliai": "friendli",
    "gradient_ai": "digitalocean",
    "lambda_ai": "lambda",
    "opencode_go": "opencode-go",
    "text-completion-codestral": "codestral",
    "text-completion-inception": "inception",
    "text-completion-openai": "openai",
    "together_ai": "together",
    "vercel_ai_gateway": "vercel",
    "vertex_ai": "vertex",
    "vertex_ai-anthropic_models": "vertex",
    "vertex_ai-language-models": "vertex",
    "xiaomi_mimo": "xiaomi",
}
"""Our names of vendors that the catalogue calls otherwise."""

BEYOND = ("bedrock", "vertex")
"""Vendors whose prices are kept besides those of our catalogue."""

SERVICES = ("flex", "priority")
"""Tiers of service that have prices of their own."""

_FIELDS = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_written": "cache_creation_input_token_cost",
    "cache_written_long": "cache_creation_input_token_cost_above_1hr",
    "reasoning": "output_cost_per_reasoning_token",
}
"""Fields of `Price`, and those of the catalogue."""


def find(vendor: str, model: str, file: Path = FILE) -> Price | None:
    """The price of a model, by its exact name. It reads the file, which takes a millisecond."""
    start = f"{vendor}\t{model}\t"
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(start):
                return of_line(line[len(start) :])
    return None


def of_line(written: str) -> Price:
    """The price that a line tells behind its two names."""
    return _price(json.loads(written))


def _price(written: Mapping[str, Any]) -> Price:
    above = tuple((int(least), _price(tier)) for least, tier in written.get("above", ()))
    services = {name: _price(service) for name, service in written.get("services", {}).items()}
    return Price(**{**written, "above": above, "services": services})


def lines(catalogue: Mapping[str, Any]) -> Iterator[str]:
    """The lines for all that the catalogue tells of our vendors, sorted."""
    ours = {*names(), *BEYOND}
    found = {}
    for name, row in catalogue.items():
        theirs = row.get("litellm_provider", "")
        vendor = OURS.get(theirs, theirs)
        if vendor not in ours or row.get("mode") not in MODES:
            continue
        price = _written(row)
        # Many rows say 0 where they mean that nobody knows.
        if price is not None and (price["input"] or price["output"]):
            model = name.removeprefix(f"{theirs}/").removeprefix(f"{vendor}/")
            found[vendor, model] = price
    for (vendor, model), price in sorted(found.items()):
        yield f"{vendor}\t{model}\t{json.dumps(price, separators=(',', ':'))}"


def _written(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """A row's prices as a line has them."""
    price = _tier(row, "")
    tiers = row.get("tiered_pricing")
    if isinstance(tiers, list) and tiers and all("input_cost_per_token" in tier for tier in tiers):
        price = _tier(tiers[0], "")
        above = [[int(tier["range"][0]), {**(price or {}), **(_tier(tier, "") or {})}] for tier in tiers[1:]]
    else:
        least = sorted({at for field in row if (at := _threshold(field)) is not None})
        above = [[at, {**(price or {}), **(_tier(row, f"_above_{at // 1000}k_tokens") or {})}] for at in least]
    if price is None:
        return None
    search = row.get("search_context_cost_per_query")
    if isinstance(search, dict) and isinstance(search.get("search_context_size_medium"), (int, float)):
        price["search"] = search["search_context_size_medium"]
    found = price | ({"above": above} if above else {})
    services = {}
    for name in SERVICES:
        service = {field.removesuffix(f"_{name}"): value for field, value in row.items() if field.endswith(f"_{name}")}
        if "input_cost_per_token" in service and (tier := _written({**_plain(row), **service})) is not None:
            services[name] = tier
    return found | ({"services": services} if services else {})


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row's usual prices, which hold where a service has none of its own."""
    return {field: row[field] for field in _FIELDS.values() if field in row}


def _threshold(field: str) -> int | None:
    """The length of a prompt above which a field's price holds; None for a field of another kind."""
    start, end = "input_cost_per_token_above_", "k_tokens"
    number = field.removeprefix(start).removesuffix(end)
    return int(number) * 1000 if field == f"{start}{number}{end}" and number.isdigit() else None


def _tier(row: Mapping[str, Any], suffix: str) -> dict[str, float] | None:
    found = {
        ours: float(f"{row[theirs + suffix] * MILLION:.8g}")
        for ours, theirs in _FIELDS.items()
        if isinstance(row.get(theirs + suffix), (int, float))
    }
    return found if suffix or {"input", "output"} <= set(found) else None


def main(wheel: str) -> None:
    """Write the file from a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        catalogue = json.loads(archive.read(WITHIN_WHEEL))
    source = "-".join(Path(wheel).name.split("-")[:2])
    text = "\n".join([HEAD.format(source=source), *lines(catalogue)])
    FILE.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
