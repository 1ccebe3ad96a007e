"""The wheel, installed where there is nothing else, starts and stops as the image's CMD does."""

import hashlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.harness import free_port

ROOT = Path(__file__).parent.parent.parent
READY_S = 90  # how long a start may take before the test gives up
RUN_S = 250  # how long a tool may take: it ends before pytest's own limit
STOP_S = 30  # how long a stop may take: that it takes five is for test_cli


def run(*command: str | Path, cwd: Path | None = None) -> str:
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=RUN_S, cwd=cwd
    )
    assert result.returncode == 0, f"{command}:\n{result.stdout}{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", out, cwd=ROOT)
    (built,) = out.glob("srhooks-*.whl")
    return built


@pytest.fixture(scope="module")
def names_in_wheel(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def locked(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE))


def link_locked_packages(target: Path) -> None:
    """Make a folder of links to what requirements.lock names, and to nothing else that is here."""
    target.mkdir()
    for name in locked("requirements.lock"):
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # locked for another Python or system
        for top in {file.parts[0] for file in package.files or () if file.parts[0] != ".."}:
            if top != "__pycache__":
                (target / top).symlink_to(Path(str(package.locate_file(top))))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an environment that has the wheel and its locked dependencies, not this checkout."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home / "venv", with_pip=False)
    python = home / "venv/bin/python"
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet"),
        *("--no-deps", "--no-index", "--disable-pip-version-check", wheel),
    )
    link_locked_packages(home / "locked")
    (site,) = (home / "venv/lib").glob("python*/site-packages")
    # A path line in a .pth is appended as it is: the checkout's own .pth files are not followed.
    (site / "locked.pth").write_text(f"{home / 'locked'}\n", encoding="utf-8")
    return home / "venv"


@dataclass
class Image:
    """What the Dockerfile's last stage says."""

    cmd: list[str]
    env: dict[str, str]


@pytest.fixture(scope="module")
def image() -> Image:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    last = text[text.rindex("\nFROM ") :]
    (cmd,) = re.findall(r"^CMD (\[.*\])$", last, re.MULTILINE)
    env = {
        name: value
        for line in re.findall(r"^ENV (.*)$", last, re.MULTILINE)
        for name, value in re.findall(r"(\w+)=(\S+)", line)
    }
    return Image(cmd=json.loads(cmd), env=env)


@dataclass
class Running:
    process: subprocess.Popen[str]
    port: int

    def get(self, path: str) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path, headers={"Accept": "text/html"})
            answer = connection.getresponse()
            kind = answer.headers.get_content_type()
            return answer.status, kind, answer.read().decode("utf-8")
        finally:
            connection.close()

    def wait_for(self, path: str) -> None:
        deadline = time.monotonic() + READY_S
        while True:
            assert self.process.poll() is None, f"ended early: {self.process.communicate()[0]}"
            try:
                if self.get(path)[0] == 200:
                    return
            except OSError:
                pass
            assert time.monotonic() < deadline, f"no 200 from {path} in {READY_S} s"
            time.sleep(0.05)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=STOP_S)
        assert self.process.returncode == 0, output


def compose(name: str = "compose.yaml") -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return loaded


@contextmanager
def started(
    installed: Path, words: list[str], port: int, environment: dict[str, str], folder: Path
) -> Iterator[Running]:
    """Start a command of the image in an empty folder, with this environment alone."""
    search = f"{installed / 'bin'}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen(
        [installed / "bin" / words[0], *words[1:]],
        env={**environment, "PATH": search},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield Running(process, port)
        finally:
            process.kill()


class Stylesheets(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        wanted = dict(attrs)
        if tag == "link" and wanted.get("rel") == "stylesheet" and wanted.get("href"):
            self.found.append(str(wanted["href"]))


def files_below(folder: str) -> set[str]:
    """Name what the checkout has there, seen from its top."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_wheel_has_every_template_and_static_file(names_in_wheel: set[str]) -> None:
    wanted = {f"srhooks/{name}" for name in files_below("templates") | files_below("static")}
    assert {name for name in wanted if name.endswith(".html")}
    assert {name for name in wanted if name.endswith(".css")}
    assert wanted <= names_in_wheel


def test_wheel_has_the_package_and_nothing_else(names_in_wheel: set[str]) -> None:
    assert files_below("srhooks") <= names_in_wheel
    assert {name.split("/")[0].split("-")[0] for name in names_in_wheel} == {"srhooks"}
    assert not [name for name in names_in_wheel if name.endswith((".pyc", ".db", "~"))]


def test_wheel_declares_licence_and_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (info,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        about = archive.read(info).decode("utf-8")
        commands = archive.read(info.replace("METADATA", "entry_points.txt")).decode("utf-8")
    assert "License-Expression: MIT" in about
    assert "srhooks = srhooks.cli:main" in commands


def test_installed_wheel_starts_serves_and_stops(
    installed: Path, image: Image, tmp_path: Path
) -> None:
    port = free_port()
    settings = {
        **image.env,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "APP_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'srhooks.db'}",
        "SMARTRECRUITERS_CLIENT_ID": "packaged",
        "SMARTRECRUITERS_CLIENT_SECRET": "packaged",
        "SESSION_SECRET": "0123456789abcdef" * 3,
    }
    with started(installed, image.cmd, port, settings, tmp_path) as running:
        running.wait_for("/readyz")
        assert running.get("/healthz")[0] == 200
        status, kind, page = running.get("/")
        assert (status, kind) == (200, "text/html")
        assert "Log in with SmartRecruiters" in page
        sheets = Stylesheets()
        sheets.feed(page)
        assert sheets.found
        for sheet in sheets.found:
            status, kind, text = running.get(sheet)
            assert (status, kind) == (200, "text/css")
            assert "{" in text
        running.stop()
    assert (tmp_path / "srhooks.db").stat().st_mode & 0o077 == 0


def test_installed_sandbox_starts_as_compose_says(installed: Path, tmp_path: Path) -> None:
    port = free_port()
    words = list(compose("compose.override.yaml")["services"]["sandbox"]["command"])
    words[words.index("--host") + 1] = "127.0.0.1"
    words[words.index("--port") + 1] = str(port)
    with started(installed, words, port, {}, tmp_path) as running:
        running.wait_for("/")
        running.stop()


def test_the_package_that_ran_is_the_wheels(installed: Path, tmp_path: Path) -> None:
    code = "import srhooks, aiohttp; print(srhooks.__file__)"
    assert Path(run(installed / "bin/python", "-c", code, cwd=tmp_path).strip()).is_relative_to(
        installed
    )


def test_sbom_lists_what_is_installed(installed: Path, tmp_path: Path) -> None:
    tool = Path(sys.executable).with_name("cyclonedx-py")
    output = tmp_path / "sbom.json"
    run(
        tool, "environment", "--pyproject", ROOT / "pyproject.toml", "--output-reproducible",
        "--no-validate",  # takes ten times as long, and the image's own is validated as it is made
        "--output-file", output, installed / "bin/python",
    )  # fmt: skip
    bom = json.loads(output.read_text(encoding="utf-8"))
    assert bom["bomFormat"] == "CycloneDX"
    assert bom["metadata"]["component"]["name"] == "srhooks"
    listed = {part["name"].lower().replace("_", "-"): part["version"] for part in bom["components"]}
    listed.pop("srhooks", None)
    assert listed.items() <= locked("requirements.lock").items()
    assert {"aiohttp", "cryptography", "jinja2"} <= listed.keys()
    assert all(part["purl"].startswith("pkg:pypi/") for part in bom["components"])


def test_lock_files_agree_and_are_hashed() -> None:
    runtime = locked("requirements.lock")
    development = locked("requirements-dev.lock")
    assert runtime.items() <= development.items()
    assert locked("requirements-build.lock").items() <= development.items()
    assert locked("requirements-sbom.lock").items() <= development.items()
    for name in (
        "requirements.lock", "requirements-build.lock", "requirements-dev.lock",
        "requirements-sbom.lock",
    ):  # fmt: skip
        text = (ROOT / name).read_text(encoding="utf-8")
        pins = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)
        assert pins
        assert all("--hash=sha256:" in pin for pin in pins)
        assert "://" not in text, "a lock file says what, not from where"


def test_lock_satisfies_pyproject() -> None:
    import tomllib

    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = locked("requirements.lock")
    for line in project["dependencies"]:
        wanted = Requirement(line)
        assert wanted.specifier.contains(pins[wanted.name.lower()]), f"`make lock` for {line}"


def test_dockerfile_passes_hadolint() -> None:
    run(Path(sys.executable).with_name("hadolint"), "--no-color", ROOT / "Dockerfile")


def test_image_runs_as_nobody_in_particular() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    last = text[text.rindex("\nFROM ") :]
    assert re.search(r"^USER \d{4,}(:\d{4,})?$", last, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", last, re.MULTILINE)
    assert re.search(r"^VOLUME /data$", last, re.MULTILINE)
    assert re.search(r"^STOPSIGNAL SIGTERM$", last, re.MULTILINE)


def test_compose_locks_its_services_down() -> None:
    sandbox = compose("compose.override.yaml")["services"]["sandbox"]
    for name, service in {**compose()["services"], "sandbox": sandbox}.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_compose_without_the_sandbox_runs_without_its_credentials() -> None:
    """Compose reads the override by itself; without it nothing of the sandbox is left."""
    app = compose()["services"]["app"]
    assert compose()["services"].keys() == {"app"}
    assert "sandbox" not in json.dumps(app["environment"])
    assert "8090" not in json.dumps(app)
    beside = compose("compose.override.yaml")["services"]["app"]["environment"]
    assert beside["SMARTRECRUITERS_CLIENT_ID"] == "sandbox-client"
    assert beside["SMARTRECRUITERS_API_URL"] == "http://localhost:8090"


def test_vendored_files_are_what_their_list_says() -> None:
    """`static/VERSIONS` has a line `name version sha256 path` for each file not written here."""
    listing = ROOT / "static/VERSIONS"
    assert listing.exists()
    listed = set()
    for line in listing.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        _name, _version, digest, path = line.split()
        file = ROOT / "static" / path.removeprefix("static/")
        assert hashlib.sha256(file.read_bytes()).hexdigest() == digest, path
        listed.add(file)
    unlisted = {
        file
        for file in (ROOT / "static/vendor").rglob("*")
        if file.is_file() and file not in listed and "LICENSE" not in file.name
    }
    assert listed
    assert not unlisted


def test_imports_go_one_way() -> None:
    run(Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo", cwd=ROOT)
