"""Small charts, drawn as SVG. Colours and widths are the style sheet's: nothing here has a style of its own, so that
the page may forbid them all."""

from collections.abc import Mapping, Sequence

from twisted.web.template import Tag, tags

WIDTH, HEIGHT = 120, 28

SERIES = 6
"""Models with a colour of their own in a chart; the others share the last."""


def svg(label: str, width: float, height: float, *content: Tag, css: str = "") -> Tag:
    """A drawing; `label` is what is read aloud in its place."""
    box = f"0 0 {width:g} {height:g}"
    drawing = Tag("svg", attributes={"viewBox": box, "preserveAspectRatio": "none", "role": "img", "class": css})
    return drawing(*content, **{"aria-label": label})


def rect(x: float, y: float, width: float, height: float, css: str, title: str = "") -> Tag:
    """A box, with what is told where a pointer rests on it."""
    place = {"x": x, "y": y, "width": width, "height": height}
    box = Tag("rect", attributes={name: f"{value:.2f}" for name, value in place.items()})
    return box(Tag("title")(title) if title else "", class_=css)


def line(label: str, points: Sequence[float | None]) -> Tag:
    """A line through the points that there are; where one is missing it breaks."""
    top = max((point for point in points if point is not None), default=0.0) or 1.0
    step = WIDTH / max(len(points) - 1, 1)
    parts = [rect(0, HEIGHT - 1, WIDTH, 1, "rail")]
    run: list[str] = []

    def draw() -> None:
        if len(run) == 1:
            x, y = run[0].split(",")
            parts.append(Tag("circle", attributes={"cx": x, "cy": y, "r": "1.6", "class": "dot"}))
        elif run:
            parts.append(Tag("polyline", attributes={"points": " ".join(run), "class": "line"}))
        run.clear()

    for number, point in enumerate(points):
        if point is None:
            draw()
        else:
            run.append(f"{2 + number * step * (WIDTH - 4) / WIDTH:.1f},{HEIGHT - 3 - point / top * (HEIGHT - 6):.1f}")
    draw()
    return svg(label, WIDTH, HEIGHT, *parts, css="spark")


def failures(label: str, asked: Sequence[int], failed: Sequence[int]) -> Tag:
    """A bar for each point: how much was asked, and how much of it failed. One path for all bars of a colour: a page
    may have a hundred of these."""
    top = max(asked, default=0) or 1
    step = WIDTH / max(len(asked), 1)
    parts = [rect(0, HEIGHT - 1, WIDTH, 1, "rail")]
    for counts, css in ((asked, "good"), (failed, "bad")):
        bars = "".join(
            f"M{number * step:.1f} {HEIGHT}v-{max(count / top * HEIGHT, 2):.1f}h{step - 1:.1f}V{HEIGHT}z"
            for number, count in enumerate(counts)
            if count
        )
        if bars:
            parts.append(Tag("path", attributes={"d": bars, "class": css}))
    return svg(label, WIDTH, HEIGHT, *parts, css="spark")


def part(label: str, share: float, css: str) -> Tag:
    """How much of something is used."""
    width = min(max(share, 0.0), 1.0) * 100
    return svg(label, 100, 6, rect(0, 0, 100, 6, "rail"), rect(0, 0, width, 6, css), css="part")


def span(label: str, start: float, length: float, whole: float, css: str) -> Tag:
    """When something happened in a time."""
    whole = whole or 1.0
    x = min(start / whole * 100, 99.5)
    width = min(max(length / whole * 100, 0.5), 100 - x)
    return svg(label, 100, 8, rect(0, 0, 100, 8, "rail"), rect(x, 0, width, 8, css), css="span")


def days(label: str, names: Sequence[str], series: Mapping[str, Mapping[str, float]], words: Mapping[str, str]) -> Tag:
    """A bar for each day, of one part for each series; `words` tell of a day."""
    top = max((sum(one.get(day, 0.0) for one in series.values()) for day in names), default=0.0) or 1.0
    step, height = 20, 90
    parts = []
    for number, day in enumerate(names):
        y = float(height)
        for colour, one in enumerate(series.values()):
            tall = one.get(day, 0.0) / top * (height - 2)
            if tall:
                y -= tall
                parts.append(rect(number * step + 2, y, step - 4, tall, colour_of(colour)))
        parts.append(rect(number * step, 0, step, height, "day", words.get(day, day)))
    return svg(label, step * max(len(names), 1), height, *parts, css="days")


def colour_of(number: int) -> str:
    """The style of the series of this number."""
    return f"series{min(number, SERIES)}"


def key(number: int) -> Tag:
    """The colour of a series, beside its name."""
    return tags.span(class_=f"key {colour_of(number)}", **{"aria-hidden": "true"})
