"""The report: rows with their targets, as a text table and as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srhooks.bench.stats import middle

VERDICTS = {True: "met", False: "MISSED", None: ""}


@dataclass(frozen=True)
class Row:
    """One figure of several rounds. `at_least`: the target is a lower bound, else an upper one."""

    name: str
    unit: str
    values: Sequence[float]
    target: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def median(self) -> float:
        return middle(self.values)

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.median >= self.target if self.at_least else self.median <= self.target


def table(rows: Sequence[Row], machine: Mapping[str, Any]) -> str:
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in machine.items()]
    head = ("what", "median", "from", "to", "target", "")
    body = [
        (
            row.name,
            f"{_short(row.median)} {row.unit}".strip(),
            _short(min(row.values)),
            _short(max(row.values)),
            "" if row.target is None else f"{'>=' if row.at_least else '<='} {_short(row.target)}",
            VERDICTS[row.met] + (f" {row.note}" if row.note else ""),
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in (head, *body)) for column in range(len(head))]
    for line in (head, tuple("-" * width for width in widths), *body):
        first, *rest = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        lines.append("  ".join((first, *rest)).rstrip())
    return "\n".join(lines)


def save(path: Path, rows: Sequence[Row], machine: Mapping[str, Any]) -> None:
    measured = [
        {
            "name": row.name,
            "unit": row.unit,
            "median": row.median,
            "values": list(row.values),
            "target": row.target,
            "at_least": row.at_least,
            "met": row.met,
            "note": row.note,
        }
        for row in rows
    ]
    report = {"machine": dict(machine), "rows": measured}
    path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def _short(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
