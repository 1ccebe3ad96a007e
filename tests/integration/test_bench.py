"""The benchmark runs, and fails on wrong results alone: never on slow ones."""

import json
import sqlite3
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from srhooks.bench.account import Account
from srhooks.bench.client import HttpConnection
from srhooks.bench.database import SqliteFile, postgres_database, url_of
from srhooks.bench.processes import BenchError, _environment
from srhooks.bench.report import Row, table
from srhooks.bench.rows.pages import look
from srhooks.bench.rows.proxied import CONFIG, KEEP_ALIVE
from srhooks.bench.rows.storm import percentile_within
from srhooks.bench.verify import all_fetched, all_shown, all_stored_once
from srhooks.commands.bench import TERMINATED

from tests.support.harness import DEADLINE

LINK = '<a href="#" hx-get="{}"\n hx-target="#more">'
# A word of what each subject must tell. The others take two cores from the tests beside them for
# long, or need a server: `srhooks bench --quick` has them, too.
TOLD = {
    "intake": "intake against raw",
    "latency": "POST to frame on the socket, p99",
    "entity": "entity on the page",
    "pages": "growth for 10x",
}


@pytest.mark.timeout(600)  # it shares the machine with the other tests, and starts many servers
def test_a_quick_run_gives_a_table_and_json(tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    command = [sys.executable, "-m", "srhooks", "bench", "--quick", "--json", str(target)]
    command += [word for subject in TOLD for word in ("--only", subject)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=580)
    assert done.returncode == 0, done.stderr
    found = json.loads(target.read_text())
    assert found["machine"]["cores"]
    for subject, words in TOLD.items():
        assert any(words in row["name"] for row in found["rows"]), subject
    for row in found["rows"]:
        assert row["name"] in done.stdout
        assert row["values"]


def test_its_servers_and_databases_go_with_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "srhooks", "bench", "--only", "latency", f"--dir={tmp_path}"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as running:
        until = time.monotonic() + DEADLINE
        while not listening(tmp_path):
            assert time.monotonic() < until, "it started no server"
            time.sleep(0.05)
        servers = children(running.pid)
        running.terminate()
        assert running.wait(60) == TERMINATED
    assert servers
    assert not any(Path(f"/proc/{pid}").exists() for pid in servers)
    assert not list(tmp_path.iterdir())


def listening(folder: Path) -> bool:
    return any("listening on" in log.read_text() for log in folder.glob("*/latency/srhooks.log"))


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_what_is_measured_behind_nginx_is_what_the_readme_says() -> None:
    readme = (Path(__file__).parent.parent.parent / "README.md").read_text(encoding="utf-8")
    lines = readme.partition("```nginx")[2].partition("```")[0]
    assert KEEP_ALIVE in lines
    for line in ("proxy_pass http://srhooks;", "proxy_http_version 1.1;"):
        assert line in lines
        assert line in CONFIG


def test_programs_start_as_they_do_for_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("KEPT", "1")
    inherited = _environment()
    assert inherited["KEPT"] == "1"
    assert "PYTHONDONTWRITEBYTECODE" not in inherited


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "stored.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notifications (hook_id, event_id, deliveries)")
        rows = [("hook", "one", 1), ("hook", "two", 1)]
        connection.executemany("INSERT INTO notifications VALUES (?, ?, ?)", rows)
    return path


def test_what_was_acknowledged_is_stored(database: Path) -> None:
    all_stored_once(SqliteFile(database), "hook", ["one", "two"])


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
        all_stored_once(SqliteFile(database), "hook", sent)


def test_a_row_that_a_viewer_missed_fails() -> None:
    all_shown([b"a", b"b", b"a"], {b"a", b"b"})
    with pytest.raises(BenchError, match="was not shown 1 of 2"):
        all_shown([b"a"], {b"a", b"b"})


def test_an_entity_that_was_not_fetched_fails(tmp_path: Path) -> None:
    path = tmp_path / "stored.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notifications (entity_status)")
        connection.execute("INSERT INTO notifications VALUES ('fetched')")
        connection.commit()
        all_fetched(SqliteFile(path))
        connection.execute("INSERT INTO notifications VALUES ('failed')")
    with pytest.raises(BenchError, match="entities that exist are failed, fetched"):
        all_fetched(SqliteFile(path))


@pytest.mark.parametrize("url", ["garbage", "postgresql://127.0.0.1:port/x"])
def test_a_wrong_url_of_a_server_is_told_in_a_line(url: str) -> None:
    with pytest.raises(BenchError, match="PostgreSQL: "), postgres_database(url):
        pass


@pytest.mark.parametrize(
    ("server", "other"),
    [
        ("postgresql://me:pass@db:5432/postgres?ssl=on", "postgresql://me:pass@db:5432/x?ssl=on"),
        (
            "postgresql://me@/postgres?host=/run/postgresql",
            "postgresql://me@/x?host=/run/postgresql",
        ),
        ("postgresql:///postgres", "postgresql:///x"),
        ("postgresql://db", "postgresql://db/x"),
    ],
)
def test_the_url_of_another_database(server: str, other: str) -> None:
    assert url_of(server, "x") == other


def test_where_no_figures_can_be_written_nothing_is_measured(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "srhooks", "bench", "--json", str(tmp_path / "missing" / "x")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"srhooks bench: --json: there is no folder {tmp_path / 'missing'}\n"


def test_a_percentile_of_what_a_histogram_gained() -> None:
    before = [(0.01, 5.0), (0.02, 5.0), (float("inf"), 5.0)]
    after = [(0.01, 55.0), (0.02, 105.0), (float("inf"), 105.0)]
    assert percentile_within(before, after, 0.5) == pytest.approx(0.01)
    assert percentile_within(before, after, 0.75) == pytest.approx(0.015)
    beyond = [(0.01, 5.0), (0.02, 5.0), (float("inf"), 9.0)]
    assert percentile_within(before, beyond, 0.99) == pytest.approx(0.02)


def test_a_search_that_goes_on_is_followed_until_it_has_found_something() -> None:
    class Service(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            pages = {
                "/": LINK.format("/?a=1&amp;b=2"),
                "/?a=1&b=2": LINK.format("/end"),
                "/end": "it",
            }
            body = pages[self.path].encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Service) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        line = HttpConnection(server.server_port)
        account = Account(f"http://127.0.0.1:{server.server_port}", "", "", "", "", "")
        first, whole = look(line, account, "/", "it")
        assert 0 < first < whole
        first, whole = look(line, account, "/end", "it")
        assert first == whole
        with pytest.raises(BenchError):
            look(line, account, "/", "what is nowhere")
        line.close()
        server.shutdown()


def test_a_missed_target_is_shown() -> None:
    rows = [Row("fast", "/s", [2.0, 9.0, 4.0], 3.0, at_least=True), Row("slow", "ms", [5.0], 4.0)]
    text = table(rows, {"cores": 2})
    assert "met" in text
    assert "MISSED" in text
    assert "4 /s" in text
