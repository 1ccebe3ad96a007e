"""How long notifications take on their way, stage by stage. Pure data and rules.

Each stage is timed by two clocks at most: from the sender's to ours, and from there on by ours.
Where the clocks differ, a span may be negative: it is kept as it is, since that tells so.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

Stage = Literal["sent", "answered", "fetched", "shown"]
STAGES: tuple[Stage, ...] = get_args(Stage)


class NotificationTimes(NamedTuple):
    """When (ms) a notification passed each stage; None where it is not known or not done."""

    id: int
    event_name: str | None
    received_at: int
    sent_at: int | None  # by the sender's clock, in whole seconds
    answered_at: int | None
    fetched_at: int | None
    shown_at: int | None  # in a browser, for the first time

    def spans(self) -> dict[Stage, int]:
        """Ms from the sender to us, and from us to each of the others."""
        spans: dict[Stage, int] = {}
        if self.sent_at is not None:
            spans["sent"] = self.received_at - self.sent_at
        later: tuple[tuple[Stage, int | None], ...] = (
            ("answered", self.answered_at), ("fetched", self.fetched_at), ("shown", self.shown_at),
        )  # fmt: skip
        for stage, at in later:
            if at is not None:
                spans[stage] = at - self.received_at
        return spans


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a stage took, in ms."""

    count: int
    median: int
    p95: int
    worst: int


ByStage = Mapping[Stage, Latency | None]


@dataclass(frozen=True, slots=True)
class Slow:
    """One of those that took longest."""

    ms: int
    stage: Stage
    times: NotificationTimes


@dataclass(frozen=True, slots=True)
class LatencyReport:
    whole: ByStage
    by_day: list[tuple[str, ByStage]]  # newest first
    by_event: list[tuple[str, ByStage]]  # those that are most first
    slowest: list[Slow]


def latency(spans: Iterable[int]) -> Latency | None:
    """None without any."""
    ordered = sorted(spans)
    if not ordered:
        return None
    return Latency(
        len(ordered),
        ordered[len(ordered) // 2],
        ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)],
        ordered[-1],
    )


def by_stage(each: Iterable[Mapping[Stage, int]]) -> ByStage:
    """`each`: the spans of a notification (ms)."""
    by: dict[Stage, list[int]] = {stage: [] for stage in STAGES}
    for spans in each:
        for stage, ms in spans.items():
            by[stage].append(ms)
    return {stage: latency(found) for stage, found in by.items()}


def report(
    rows: Sequence[NotificationTimes], day_of: Callable[[int], str], *, events: int, slowest: int
) -> LatencyReport:
    """`day_of` names the day of a time (ms); `events` and `slowest`: how many at most."""
    timed = [(row, row.spans()) for row in rows]
    days: dict[str, list[Mapping[Stage, int]]] = {}
    names: dict[str, list[Mapping[Stage, int]]] = {}
    for row, spans in timed:
        days.setdefault(day_of(row.received_at), []).append(spans)
        names.setdefault(row.event_name or "", []).append(spans)
    common = sorted(names.items(), key=lambda item: (-len(item[1]), item[0]))[:events]
    longest = heapq.nlargest(
        slowest, ((ms, row.id, stage, row) for row, spans in timed for stage, ms in spans.items())
    )
    return LatencyReport(
        whole=by_stage(spans for _, spans in timed),
        by_day=[(day, by_stage(days[day])) for day in sorted(days, reverse=True)],
        by_event=[(name, by_stage(group)) for name, group in common],
        slowest=[Slow(ms, stage, row) for ms, _, stage, row in longest],
    )
