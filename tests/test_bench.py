"""The benchmark runs, and fails on wrong results alone: never on slow ones."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from srhooks.bench.processes import BenchError
from srhooks.bench.report import Row, table
from srhooks.bench.verify import all_shown, all_stored_once


@pytest.mark.timeout(300)  # it shares the machine with the other tests, and starts six servers
def test_a_quick_run_gives_a_table_and_json(tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    command = [sys.executable, "-m", "srhooks", "bench", "--quick", "--json", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    found = json.loads(target.read_text())
    assert found["machine"]["cores"]
    assert found["rows"]
    for row in found["rows"]:
        assert row["name"] in done.stdout
        assert all(value >= 0 for value in row["values"])


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "stored.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notifications (hook_id, event_id, deliveries)")
        rows = [("hook", "one", 1), ("hook", "two", 1)]
        connection.executemany("INSERT INTO notifications VALUES (?, ?, ?)", rows)
    return path


def test_what_was_acknowledged_is_stored(database: Path) -> None:
    all_stored_once(database, "hook", ["one", "two"])


@pytest.mark.parametrize(
    ("sent", "stored", "complaint"),
    [
        (["one", "two", "three"], ("hook", "four", 1), "1 were lost"),
        (["one", "two", "three"], ("hook", "three", 2), "1 doubled"),
        (["one", "two"], ("hook", "two", 1), "1 doubled"),
        (["one", "two"], ("hook", "three", 1), "1 are unknown"),
    ],
)
def test_a_wrong_count_fails(
    database: Path, sent: list[str], stored: tuple[str, str, int], complaint: str
) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO notifications VALUES (?, ?, ?)", stored)
    with pytest.raises(BenchError, match=complaint):
        all_stored_once(database, "hook", sent)


def test_a_row_that_a_viewer_missed_fails() -> None:
    all_shown([b"a", b"b", b"a"], {b"a", b"b"})
    with pytest.raises(BenchError, match="was not shown 1 of 2"):
        all_shown([b"a"], {b"a", b"b"})


def test_a_missed_target_is_shown() -> None:
    rows = [Row("fast", "/s", [2.0, 9.0, 4.0], 3.0, at_least=True), Row("slow", "ms", [5.0], 4.0)]
    text = table(rows, {"cores": 2})
    assert "met" in text
    assert "MISSED" in text
    assert "4 /s" in text
