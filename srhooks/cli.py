"""The program: one command each for what it does."""

import argparse
import importlib
import signal
import sys
from collections.abc import Sequence

from srhooks.version import program_version

COMMANDS = {
    "serve": "run the application, configured by environment variables",
    "sandbox": "run the fake SmartRecruiters alone",
    "demo": "run both, with live traffic",
    "listen": "stream one's notifications and replay each to a local address",
    "send": "post a notification or a handshake to a hook address",
    "backup": "copy the SQLite database to a file, consistently, while srhooks runs",
    "copy-database": "carry everything to another, empty database",
    "migrate": "bring the tables of the database up to date",
    "confirm-clock": "confirm this machine's clock, so that the retention goes by it",
    "bench": "measure intake, latency, fan-out and memory",
}

UNTIL_STOPPED = ("serve", "sandbox", "demo")


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="srhooks", description="Watch your SmartRecruiters webhooks live."
    )
    parser.add_argument("--version", action="version", version=f"srhooks {program_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    # Only the command that runs is imported: a start takes a fraction of a second, not several.
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    if chosen in UNTIL_STOPPED:
        for number in (signal.SIGTERM, signal.SIGINT):  # it may come while still starting
            signal.signal(number, lambda *_: sys.exit(0))
    for name, text in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == chosen:
            importlib.import_module(_module(name)).configure(sub)
    args = parser.parse_args(arguments)
    module = importlib.import_module(_module(args.command))
    try:
        code: int = module.run(args)
    except KeyboardInterrupt:
        return 130
    return code


def _module(command: str) -> str:
    return f"srhooks.commands.{command.replace('-', '_')}"


if __name__ == "__main__":
    sys.exit(main())
