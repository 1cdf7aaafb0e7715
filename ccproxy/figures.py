"""Numbers as people read them: tokens, money, sizes, times, and bars."""

BAR = "▏▎▍▌▋▊▉█"
"""Eighths of a character."""

UNKNOWN = "unknown"


def tokens(count: int | None) -> str:
    """A number of tokens, in three digits or so."""
    if count is None:
        return "-"
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (10_000, "k")):
        if count >= size:
            shown = count / (1000 if unit == "k" else size)
            return f"{shown:.0f}{unit}" if shown >= 100 else f"{shown:.1f}{unit}"
    return f"{count:,}"


def money(dollars: float | None) -> str:
    """Dollars; cents where they say enough."""
    if dollars is None:
        return UNKNOWN
    if dollars and dollars < 0.1:
        return f"${dollars:.4f}"
    return f"${dollars:,.2f}"


def cost(dollars: float, unpriced: int, exchanges: int) -> str:
    """A sum of costs, of which so many are not known."""
    if not unpriced:
        return money(dollars)
    return UNKNOWN if unpriced >= exchanges or not dollars else f"{money(dollars)} + {unpriced} {UNKNOWN}"


def seconds(value: float | None) -> str:
    """A time."""
    if value is None:
        return "-"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s" if value < 100 else f"{value:.0f} s"


def size(count: int) -> str:
    """Bytes."""
    for limit, unit in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= limit:
            return f"{count / limit:.1f} {unit}"
    return f"{count} B"


def bar(start: float, length: float, whole: float, width: int = 40) -> str:
    """A bar from `start` on, `length` long, in a line of `width` characters that stands for `whole`."""
    if whole <= 0:
        return " " * width
    before = min(int(start / whole * width), width - 1)
    eighths = max(round(length / whole * width * 8), 1)
    full, part = divmod(min(eighths, (width - before) * 8), 8)
    drawn = "█" * full + (BAR[part - 1] if part else "")
    return (" " * before + drawn).ljust(width)
