"""README.md and the program agree: each setting, command, target and route is in both."""

import contextlib
import io
import re
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from srhooks.app import create_app
from srhooks.cli import COMMANDS, main
from srhooks.config import SettingsError, load_settings
from srhooks.observability.metrics import Metrics

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
REQUIRED = {
    "SESSION_SECRET": "0123456789abcdef" * 2,
}
SHELLS = {"", "sh", "bash", "console", "shell", "text"}
# Targets that `make help` lists are many; these are the ones that people must be told about.
TARGETS_TO_TELL = {"demo", "setup", "test", "check", "image-check"}


class Recorder(dict[str, str]):
    """An environment that remembers which names it was asked for."""

    def __init__(self) -> None:
        super().__init__(REQUIRED)
        self.asked: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.asked.add(key)
        return super().get(key, default)


@cache
def settings_in_code() -> frozenset[str]:
    environment = Recorder()
    load_settings(environment)
    return frozenset(environment.asked)


def plain_settings() -> set[str]:
    return {name for name in settings_in_code() if not name.endswith("_FILE")}


def table_cells(column: int) -> Iterator[str]:
    """Yield that cell of every row of every table."""
    for line in README.splitlines():
        if line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
            if column < len(cells):
                yield cells[column]


def code_in(text: str) -> list[str]:
    """Give what stands between backticks, and the lines of blocks that a shell would read."""
    fence = re.compile(r"^ *```([^\n]*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
    blocks = [block for kind, block in fence.findall(text) if kind.strip() in SHELLS]
    lines = [line for block in blocks for line in block.splitlines()]
    return lines + re.findall(r"`([^`]+)`", fence.sub("", text))


CODE = code_in(README)


def settings_in_readme() -> set[str]:
    return {
        name
        for cell in table_cells(0)
        for name in re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)`", cell)
    }


def commands_in_readme() -> set[str]:
    return {name for code in CODE for name in re.findall(r"(?<![\w-])srhooks ([a-z-]+)", code)}


@cache
def help_of(*command: str) -> str:
    """In this process: each start of the program costs a second."""
    shown = io.StringIO()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with contextlib.redirect_stdout(shown), pytest.raises(SystemExit) as ended:
            main([*command, "--help"])
    finally:
        for number, handler in handlers.items():  # the program has its own
            signal.signal(number, handler)
    assert ended.value.code == 0
    return shown.getvalue()


def routes_in_code() -> set[str]:
    app = create_app(load_settings(REQUIRED))
    return {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        # HEAD comes with GET; files have no route of their own to speak of.
        if route.resource is not None
        and route.method not in {"HEAD", "OPTIONS", "*"}
        and not route.resource.canonical.startswith("/static")
    }


def routes_in_readme() -> set[str]:
    return {
        f"{method} {path}"
        for code in CODE
        for method, path in re.findall(r"^(GET|POST|PUT|PATCH|DELETE) (/\S*)$", code)
    }


def test_every_setting_in_the_readme_exists() -> None:
    assert settings_in_readme() - settings_in_code() == set()


def test_every_setting_is_in_the_readme() -> None:
    assert plain_settings() - settings_in_readme() == set()


def read_from_files() -> set[str]:
    """Name the settings whose NAME_FILE is honoured: one that leads nowhere is complained of."""
    honoured = set()
    for name in plain_settings():
        environment = {key: value for key, value in REQUIRED.items() if key != name}
        try:
            load_settings({**environment, f"{name}_FILE": "/nowhere/to/be/found"})
        except SettingsError as error:
            if f"{name}_FILE" in str(error):
                honoured.add(name)
    return honoured


def test_settings_read_from_files_are_told() -> None:
    """Each is told as `NAME_FILE`, or as `NAME` in a paragraph that speaks of `NAME_FILE`."""
    paragraphs = [part for part in README.split("\n\n") if "NAME_FILE" in part]
    assert "SESSION_SECRET" in read_from_files()
    untold = {
        name
        for name in read_from_files()
        if f"`{name}_FILE`" not in README
        and not any(f"`{name}`" in paragraph for paragraph in paragraphs)
    }
    assert untold == set()


def test_every_command_in_the_readme_exists() -> None:
    assert commands_in_readme() - COMMANDS.keys() == set()


def test_every_command_is_in_the_readme() -> None:
    assert COMMANDS.keys() - commands_in_readme() == set()


def test_every_option_in_the_readme_exists() -> None:
    for line in CODE:
        for command, words in re.findall(r"(?<![\w-])srhooks ([a-z]+)\b([^|;&]*)", line):
            for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", words):
                assert option in help_of(command), f"srhooks {command} {option}"


def test_every_make_target_in_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    told = {name for code in CODE for name in re.findall(r"(?:^|\s)make ([a-z][a-z-]*)", code)}
    assert told - targets == set()
    assert TARGETS_TO_TELL - told == set()


def test_every_route_in_the_readme_exists() -> None:
    assert routes_in_readme() - routes_in_code() == set()


def test_every_route_is_in_the_readme() -> None:
    assert routes_in_code() - routes_in_readme() == set()


def test_every_link_inside_the_repository_leads_somewhere() -> None:
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", README) + re.findall(r'src="([^"]+)"', README)
    for target in targets:
        if "://" not in target and not target.startswith("mailto:"):
            assert (ROOT / target).exists(), target


def test_every_anchor_has_its_heading() -> None:
    headings = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", README)) - slugs == set()


def test_every_proof_that_security_md_names_exists() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:\w+/)*test_\w+\.py)`", text))
    assert len(named) > 10
    assert {name for name in named if not (ROOT / "tests" / name).exists()} == set()
    rows = re.findall(r"^\| [A-Z].*\|$", text, re.MULTILINE)
    assert len(rows) > 10
    assert [row for row in rows if ".py`" not in row] == []


def test_every_metric_is_in_the_readme_and_the_other_way_round() -> None:
    listed = README.partition("- **Metrics** at")[2].partition("- **Overload**")[0]
    measured = {metric.name for metric in Metrics().registry.collect()}
    assert set(re.findall(r"`(srhooks_\w+)", listed)) == measured
