"""`srhooks confirm-clock` and `srhooks migrate`: what they say, and with which exit code."""

import argparse
from pathlib import Path
from types import ModuleType

import pytest
from srhooks.commands import confirm_clock, migrate

ONE_OF_BOTH = pytest.mark.parametrize(
    ("command", "done"),
    [(confirm_clock, "Confirmed: it is "), (migrate, "The tables are up to date.")],
)


@ONE_OF_BOTH
def test_done(
    command: ModuleType, done: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'test.db'}")
    assert command.run(argparse.Namespace()) == 0
    assert capsys.readouterr().out.startswith(done)


@ONE_OF_BOTH
@pytest.mark.parametrize(("url", "code"), [("mysql://x/y", 2), ("sqlite:///{there}/x/y.db", 1)])
def test_a_wrong_setting_and_a_database_that_cannot_be_used(
    command: ModuleType, done: str, url: str, code: int, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "x").write_text("a file, where a folder is needed")
    monkeypatch.setenv("DATABASE_URL", url.format(there=tmp_path))
    assert command.run(argparse.Namespace()) == code
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("srhooks: ")
