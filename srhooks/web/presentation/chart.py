"""A stacked bar chart as numbers that a template draws: no script, no inline style."""

from dataclasses import dataclass

from srhooks.domain.clock import HOUR
from srhooks.protocol.event_types import FAMILIES, family
from srhooks.web.presentation.reader_zone import local

HEIGHT = 120  # units of the drawing; its width is WIDTH
WIDTH = 720
GAP = 1.5


@dataclass(frozen=True, slots=True)
class Segment:
    family: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    start: int  # ms
    end: int
    x: float
    total: int
    segments: list[Segment]
    by_family: dict[str, int]


@dataclass(frozen=True, slots=True)
class Chart:
    bars: list[Bar]
    width: float  # of a bar
    top: int  # the value at the upper edge
    total: int
    totals: dict[str, int]  # by family, in the families' order, without those that have none
    by_day: bool  # the bars are longer than the hours of a day can tell apart


def stacked(rows: list[tuple[int, str, int]], start: int, end: int, bucket: int) -> Chart:
    """Bars of `bucket` ms from `start` to `end`, both multiples of it."""
    order = [*FAMILIES, "other"]
    counts: dict[int, dict[str, int]] = {}
    for at, event, count in rows:
        one = counts.setdefault(at, {})
        one[family(event)] = one.get(family(event), 0) + count
    starts = range(start, end, bucket)
    top = round_up(max((sum(counts.get(at, {}).values()) for at in starts), default=0))
    step = WIDTH / max(1, len(starts))
    bars = []
    for position, at in enumerate(starts):
        here = counts.get(at, {})
        segments = []
        y = float(HEIGHT)
        for name in order:
            if count := here.get(name, 0):
                height = HEIGHT * count / top
                y -= height
                segments.append(Segment(name, round(y, 2), round(height, 2)))
        by_family = {name: here[name] for name in order if name in here}
        x = round(position * step + GAP / 2, 2)
        bars.append(Bar(at, at + bucket, x, sum(here.values()), segments, by_family))
    totals = {name: sum(bar.by_family.get(name, 0) for bar in bars) for name in order}
    return Chart(
        bars=bars,
        width=round(step - GAP, 2),
        top=top,
        total=sum(totals.values()),
        totals={name: count for name, count in totals.items() if count},
        by_day=bucket >= HOUR,
    )


def round_up(value: int) -> int:
    """The next of 1, 2, 4, 6, 10, 20, 40, 60, 100, ... : half of it is a round number, too."""
    scale = 1
    while True:
        for step in (1, 2, 4, 6):
            if value <= step * scale:
                return step * scale
        scale *= 10


def span_label(start: int, *, by_day: bool) -> str:
    """When a bar begins, in the reader's zone."""
    moment = local(start)
    return moment.strftime("%d %b %H:%M" if by_day else "%H:%M")
