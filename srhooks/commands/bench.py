"""`srhooks bench`: the repeatable benchmark. Wrong results fail it, slow ones never do."""

import argparse
import os
import signal
import sys
from pathlib import Path

from srhooks.bench.plan import SUBJECTS, run_all
from srhooks.bench.processes import BenchError
from srhooks.bench.report import save, table
from srhooks.commands.options import whole

TERMINATED = 128 + signal.SIGTERM  # the exit code, as a shell tells it
MAX_STORED = 10_000_000  # what fits into the 14 days of bench/stored.py


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "docs/performance.md tells how each figure is got. The exit code is 1 when a notification"
        " was lost, doubled or answered wrongly; a missed target is only shown."
    )
    add = parser.add_argument
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="a short run that proves it works")
    size.add_argument(
        "--full", action="store_true", help="also with 1,000,000 stored notifications"
    )
    add(
        "--stored", type=whole(1000, MAX_STORED), default=0, metavar="COUNT",
        help="pages with so many stored notifications, and with no others",
    )  # fmt: skip
    add("--only", action="append", choices=list(SUBJECTS), help="this subject; repeatable")
    add(
        "--postgres", metavar="URL", default="",
        help="a PostgreSQL server on which databases may be made, for fleets and pages as well",
    )  # fmt: skip
    add("--rounds", type=whole(1, 99), help="interleaved rounds (5; with --quick 1)")
    add("--json", type=Path, metavar="FILE", help="write the figures there as well")
    add("--dir", type=Path, help="where databases are made: use the disk you ask about")


def run(args: argparse.Namespace) -> int:
    if not hasattr(os, "sched_setaffinity"):
        print("srhooks bench: it needs Linux, to give each side a core", file=sys.stderr)
        return 1
    if args.json is not None and not args.json.parent.is_dir():
        print(f"srhooks bench: --json: there is no folder {args.json.parent}", file=sys.stderr)
        return 2
    # Its servers and databases go with it, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        rows, machine = run_all(
            args.only or list(SUBJECTS),
            parent=args.dir,
            rounds=args.rounds or (1 if args.quick else 5),
            quick=args.quick,
            full=args.full,
            postgres=args.postgres,
            stored=args.stored,
            progress=lambda text: print(text, file=sys.stderr, flush=True),
        )
        print(table(rows, machine))
        if args.json is not None:
            save(args.json, rows, machine)
    except (BenchError, OSError) as error:
        print(f"srhooks bench: {error}", file=sys.stderr)
        return 1
    return 0
