"""`make release`, up to the upload, in a clone; and what a package index shows of it."""

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
URL = "https://code.example/people/srhooks"
VERSION = "98.7.6"


def run(*command: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True,
        check=False, timeout=250,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of what stands here, released."""
    folder = tmp_path_factory.mktemp("release") / "srhooks"
    folder.mkdir()
    listed = run("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT).splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
            (folder / name).chmod((ROOT / name).stat().st_mode & 0o777)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    who = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    run("git", "init", "-q", cwd=folder)
    run("git", "add", "-A", cwd=folder)
    run("git", *who, "commit", "-qm", "begin", cwd=folder)
    for name, value in (("user.name", "x"), ("user.email", "x@example.com")):
        run("git", "config", name, value, cwd=folder)
    (folder / ".git/info/exclude").write_text(".venv\ndist\n")
    said = run("scripts/release.sh", VERSION, cwd=folder, RELEASE_URL=f"{URL}/")
    assert "twine upload" in said
    return folder


@pytest.fixture(scope="module")
def description(clone: Path) -> Message:
    with zipfile.ZipFile(clone / f"dist/srhooks-{VERSION}-py3-none-any.whl") as wheel:
        text = wheel.read(f"srhooks-{VERSION}.dist-info/METADATA").decode()
    return message_from_string(text)


def test_it_is_committed_tagged_and_packed(clone: Path) -> None:
    assert run("git", "status", "--porcelain", cwd=clone) == ""
    assert run("git", "tag", cwd=clone).split() == [f"v{VERSION}"]
    assert f'version = "{VERSION}"' in (clone / "pyproject.toml").read_text()
    assert "project.urls" not in (clone / "pyproject.toml").read_text()  # of the packages alone
    changelog = (clone / "CHANGELOG.md").read_text()
    assert re.search(rf"^## \[Unreleased\]\n\n## \[{VERSION}\] - \d", changelog, re.MULTILINE)
    with tarfile.open(clone / f"dist/srhooks-{VERSION}.tar.gz") as source:
        names = {name.partition("/")[2] for name in source.getnames()}
    assert names >= {"deploy/README.md", "scripts/release.sh", "templates/base.html"}


def test_the_index_is_told_what_it_is(description: Message) -> None:
    assert description["Version"] == VERSION
    assert description.get_all("Project-URL") == [
        f"Source, {URL}", f"Changelog, {URL}/blob/v{VERSION}/CHANGELOG.md",
    ]  # fmt: skip
    known = __import__("trove_classifiers").classifiers
    assert set(description.get_all("Classifier") or ()) <= known
    pythons = [one for one in description.get_all("Classifier") or () if ":: 3.1" in one]
    assert len(pythons) >= 3


def test_pictures_and_links_of_the_readme_work_away_from_the_repository(
    description: Message,
) -> None:
    text = re.sub(
        r"^```.*?^```$", "", str(description.get_payload()), flags=re.MULTILINE | re.DOTALL
    )
    targets = re.findall(r'(?:src|srcset)="([^"]+)"|\]\(([^)\s]+)\)', text)
    addresses = [picture or link for picture, link in targets]
    assert all(address.startswith(("https://", "http://", "#")) for address in addresses)
    ours = [address.removeprefix(URL) for address in addresses if address.startswith(URL)]
    assert len(ours) > 10
    for address in ours:
        kind, tag, path = address.lstrip("/").split("/", 2)
        assert tag == f"v{VERSION}"
        assert kind == ("raw" if path.endswith(".png") else "blob")
        assert (ROOT / path.partition("#")[0]).exists(), path


def test_the_images_provenance_names_its_inputs(clone: Path) -> None:
    wheel = f"dist/srhooks-{VERSION}-py3-none-any.whl"
    base = f"python:3.13-slim@sha256:{'a' * 64}"
    made = json.loads(
        run(
            sys.executable, "scripts/provenance.py", wheel, cwd=clone, BASE_IMAGE=base,
            REVISION="b" * 40, BUILDER="https://ci.example/1",
        )
    )  # fmt: skip
    (subject,) = made["subject"]
    assert subject["name"] == Path(wheel).name
    inputs = made["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert inputs[0] == {"uri": "docker:python:3.13-slim", "digest": {"sha256": "a" * 64}}
    assert inputs[1] == {"uri": "git:srhooks", "digest": {"gitCommit": "b" * 40}}
    assert {one["uri"] for one in inputs[2:]} == {
        f"file:{path.name}" for path in ROOT.glob("requirements*.lock") if "dev" not in path.name
    }
    assert made["predicate"]["runDetails"]["builder"]["id"] == "https://ci.example/1"
