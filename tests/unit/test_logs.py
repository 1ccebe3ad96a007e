"""Lines on standard error: their shape, their order, and nothing left out at the end."""

import re
import subprocess
import sys

PROGRAM = """
import asyncio, logging, sys
from srhooks.observability.logging_setup import setup_logs
from srhooks.observability.plain_lines import PlainLine
from srhooks.observability.request_id import begin_request
setup_logs({level!r}, {form!r})
log = logging.getLogger("srhooks.test")
plain = PlainLine(log, "plain", "signature", "ms")
async def main():
    begin_request("r-1")
    log.info("first")
    log.info("second", extra={{"signature": "valid", "ms": 1.5}})
    plain("valid", 1.5)  # written at the end of the turn, or before the next record
    log.info("third")
    log.warning("fourth\\nand more", extra={{"a": 1}})
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("sixth")
    log.info("last")
    plain("invalid", 0.1)
asyncio.run(main())
"""


def lines(level: str, form: str) -> list[str]:
    program = PROGRAM.format(level=level, form=form)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stderr.splitlines()


def test_console_lines_keep_their_order_and_their_fields() -> None:
    found = lines("info", "console")
    words = [re.sub(r"^.*srhooks\.test: ", "", line) for line in found]
    assert words[:6] == [
        "first request=r-1",
        "second signature=valid ms=1.5 request=r-1",
        "plain signature=valid ms=1.5 request=r-1",
        "third request=r-1",
        "fourth a=1 request=r-1",
        "and more",
    ]
    assert words[6] == "sixth request=r-1"
    assert words[-3:] == [
        "builtins.ZeroDivisionError",
        "last request=r-1",
        "plain signature=invalid ms=0.1 request=r-1",
    ]
    for line in (found[0], found[2]):
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO    srhooks\.test: ", line)


def test_the_level_counts() -> None:
    assert [line for line in lines("warning", "console") if "INFO" in line] == []


def test_json_has_the_fields() -> None:
    found = lines("info", "json")
    for message in ("second", "plain"):
        line = next(line for line in found if f'"{message}"' in line)
        assert '"signature": "valid"' in line
        assert '"request": "r-1"' in line
