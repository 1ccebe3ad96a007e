"""The recipes in deploy/: started where this machine can, else read as their platform would."""

import asyncio
import configparser
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from srhooks.config import Settings, load_settings
from srhooks.domain.models import Hook
from srhooks.store import make_store

from tests.support.environment import bare_environment
from tests.support.harness import eventually, free_port
from tests.support.machine import program
from tests.support.process import START_WITHIN
from tests.support.recipes import DEPLOY, Programs, interpolated, is_ready, text
from tests.support.stored import TOKENS, person

ROOT = Path(__file__).parents[2]
IMAGE = dict(
    pair.split("=", 1)
    for pair in re.findall(
        r"^ {4}((?:HOST|PORT|DATABASE_URL)=\S+)",
        (ROOT / "Dockerfile").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)
SEEN: set[str] = set()  # settings that were asked for


class Recording(dict[str, str]):
    def get(self, key: str, default: Any = None) -> Any:
        SEEN.add(key)
        return super().get(key, default)


def loaded(environment: Mapping[str, str]) -> Settings:
    """What srhooks makes of it; each name must be a setting."""
    settings = load_settings(Recording(IMAGE | dict(environment)))
    assert set(environment) <= SEEN
    return settings


def documents(path: str) -> dict[str, Any]:
    return {one["kind"]: one for one in yaml.safe_load_all(text(path))}


def test_every_recipe_stands_in_the_index() -> None:
    index = text("README.md")
    for folder in DEPLOY.iterdir():
        if folder.is_dir():
            assert f"]({folder.name})" in index, folder.name
    assert "deploy/README.md" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("recipe", ["compose-one", "compose-several"])
def test_compose(recipe: str) -> None:
    compose = yaml.safe_load(text(f"{recipe}/compose.yaml"))
    services = compose["services"]
    ours = {name: one for name, one in services.items() if name.startswith("srhooks")}
    caddy = text(f"{recipe}/Caddyfile")
    for name, service in ours.items():
        settings = loaded(interpolated(service["environment"]))
        assert settings.app_url == "https://hooks.example.com"
        scheme = "postgresql:" if recipe == "compose-several" else "sqlite:////data/"
        assert settings.database_url.startswith(scheme)
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service.get("ports") is None  # only the proxy is reached from outside
        assert f"{name}:{IMAGE['PORT']}" in caddy
        assert (DEPLOY / recipe / service["build"]).resolve() == ROOT
    assert len(ours) == (2 if recipe == "compose-several" else 1)
    for service in services.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (DEPLOY / recipe / source).is_file()
    assert caddy.startswith("{$DOMAIN} {")
    assert caddy.count("{") == caddy.count("}")


@pytest.mark.parametrize("recipe", ["one.yaml", "several.yaml"])
def test_kubernetes(recipe: str) -> None:
    found = documents(f"kubernetes/{recipe}")
    name = {"app.kubernetes.io/name": "srhooks"}
    versions = {kind: one["apiVersion"] for kind, one in found.items()}
    assert versions.items() >= {"Deployment": "apps/v1", "Service": "v1", "Secret": "v1"}.items()
    assert all(one["metadata"]["labels"] == name for one in found.values())
    spec = found["Deployment"]["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"] == name
    assert found["Service"]["spec"]["selector"] == name
    assert found["Service"]["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"]
    assert str(container["ports"][0]["containerPort"]) == IMAGE["PORT"]
    secret = found["Secret"]["stringData"]
    environment = {one["name"]: one["value"] for one in container["env"]} | secret
    settings = loaded(environment)
    user = re.search(r"^USER (\d+):", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert user is not None
    security = pod["securityContext"]
    assert security["runAsNonRoot"]
    assert {security["runAsUser"], security["fsGroup"]} == {int(user[1])}
    assert container["securityContext"]["readOnlyRootFilesystem"]
    probes = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in PROBES}
    assert probes == PROBES
    # It ends within 5 seconds, and before that waits until nobody sends it anything.
    assert pod["terminationGracePeriodSeconds"] >= 5 + 5 + 5
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert set(mounts.values()) == {volume["name"] for volume in pod["volumes"]}
    if recipe == "one.yaml":
        assert (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate")
        assert settings.database_url.startswith(f"sqlite:///{'/data'}/")
        assert "/data" in mounts
        return
    assert spec["replicas"] >= 2
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert settings.database_url.startswith("postgresql:")
    budget = found["PodDisruptionBudget"]
    assert budget["apiVersion"] == "policy/v1"
    assert budget["spec"]["selector"]["matchLabels"] == name
    assert budget["spec"]["minAvailable"] < spec["replicas"]


PROBES = {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}


def test_platforms() -> None:
    given = {"APP_URL": "https://x.example", "SESSION_SECRET": "s" * 44}
    postgres = {"DATABASE_URL": "postgres://user:pass@host:5432/db"}
    fly = tomllib.loads(text("fly/fly.toml"))
    loaded(fly["env"] | given | postgres)
    assert (DEPLOY / "fly" / fly["build"]["dockerfile"]).resolve() == ROOT / "Dockerfile"
    service = fly["http_service"]
    assert str(service["internal_port"]) == IMAGE["PORT"]
    assert service["checks"][0]["path"] == "/readyz"
    assert (service["auto_stop_machines"], service["min_machines_running"]) == ("off", 1)
    render = yaml.safe_load(text("render/render.yaml"))
    (web,), (database,) = render["services"], render["databases"]
    variables = {one["key"]: one for one in web["envVars"]}
    assert variables["DATABASE_URL"]["fromDatabase"]["name"] == database["name"]
    values = {name: str(one.get("value", "")) for name, one in variables.items()}
    loaded(values | given | postgres | {"PORT": "10000"})
    assert (web["healthCheckPath"], web["plan"]) == ("/readyz", "starter")
    heroku = yaml.safe_load(text("heroku/heroku.yml"))
    assert heroku["build"]["docker"]["web"] == "Dockerfile"
    assert heroku["run"]["web"] == "srhooks serve"
    app = json.loads(text("heroku/app.json"))
    loaded({name: one.get("value", "") for name, one in app["env"].items()} | given | postgres)
    assert app["stack"] == "container"


class Unit(configparser.RawConfigParser):
    """A unit's file, in which a name may come more than once."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def unit() -> Mapping[str, str]:
    found = Unit(strict=False, delimiters=("=",), comment_prefixes=("#",), interpolation=None)
    found.read_string(text("systemd/srhooks.service"))
    return found["Service"]


def environment_file(path: str) -> dict[str, str]:
    lines = [line for line in text(path).splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


async def test_the_units_command_runs_with_its_environment(tmp_path: Path) -> None:
    service = unit()
    program, command = service["ExecStart"].split(" ", 1)
    assert program == "/opt/srhooks/bin/srhooks"
    name, _, value = service["Environment"].partition("=")
    assert value.startswith(f"sqlite:///{service['WorkingDirectory']}/")
    assert service["WorkingDirectory"] == f"/var/lib/{service['StateDirectory']}"
    port = free_port()
    environment = bare_environment() | {
        name: value.replace(service["WorkingDirectory"], str(tmp_path)),
        **environment_file("systemd/srhooks.env"),
        "PORT": str(port),
    }
    loaded({key: value for key, value in environment.items() if key not in bare_environment()})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "srhooks", *command.split(), env=environment, cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:
            await eventually(lambda: is_ready(session, port), within=START_WITHIN)
    finally:
        process.terminate()
        code = await asyncio.wait_for(process.wait(), int(service["TimeoutStopSec"]))
    assert code == 0
    assert (tmp_path / "srhooks.db").exists()


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    file = tmp_path / "srhooks.service"
    unit = text("systemd/srhooks.service")
    file.write_text(unit.replace("/opt/srhooks/bin/srhooks", program("true")))
    checked = subprocess.run(
        [program("systemd-analyze"), "verify", "--man=no", str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = [line for line in checked.stderr.splitlines() if "srhooks" in line]
    assert said == []


def nginx_configuration(folder: Path, port: int, upstreams: list[int]) -> Path:
    """The recipe, to the letter but for its ports, within what nginx needs around it."""
    recipe = text("nginx/several.conf")
    changed = {"listen 8080;": f"listen 127.0.0.1:{port};"}
    changed |= {f"127.0.0.1:{8081 + n};": f"127.0.0.1:{one};" for n, one in enumerate(upstreams)}
    changed |= {f"127.0.0.1:{8081 + n} ": f"127.0.0.1:{one} " for n, one in enumerate(upstreams)}
    for old, new in changed.items():
        recipe = recipe.replace(old, new)
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off;\n{temporary}\n{recipe}}}\n"
    )
    return path


@pytest.fixture
def programs() -> Iterator[Programs]:
    with Programs() as started:
        yield started


async def test_two_behind_nginx_lose_nothing_when_one_is_killed(
    tmp_path: Path, postgres_url: str, programs: Programs
) -> None:
    port, *upstreams = (free_port() for _ in range(3))
    base = f"http://127.0.0.1:{port}"
    configuration = nginx_configuration(tmp_path, port, upstreams)
    store = make_store(postgres_url)
    await store.open()
    await store.save_user(person(), TOKENS)
    await store.add_hook(Hook("a" * 32, "u1", None, None, 1))
    environment = bare_environment() | {
        "APP_URL": base, "SESSION_SECRET": "s" * 64,
        "DATABASE_URL": postgres_url, "SMARTRECRUITERS_API_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    first, _ = (
        programs.start(sys.executable, "-m", "srhooks", "serve", **environment, PORT=str(upstream))
        for upstream in upstreams
    )
    programs.start(program("nginx"), "-c", str(configuration), "-p", str(tmp_path))

    async with aiohttp.ClientSession() as session:

        async def deliver(number: int) -> int:
            headers = {"event-id": str(number), "event-name": "job.created"}
            url = f"{base}/hooks/{'a' * 32}"
            async with session.post(url, data=b"{}", headers=headers) as answer:
                return answer.status

        for each in (*upstreams, port):
            await eventually(lambda: is_ready(session, each), within=START_WITHIN)  # noqa: B023 - awaited
        assert set(await asyncio.gather(*map(deliver, range(30)))) == {202}
        under_way = [asyncio.create_task(deliver(number)) for number in range(30, 60)]
        first.kill()
        # What one did not answer, the other did: SmartRecruiters sends nothing again.
        assert set(await asyncio.gather(*under_way)) == {202}
        assert set(await asyncio.gather(*map(deliver, range(60, 90)))) == {202}
        async with session.get(f"{base}/healthz") as answer:
            assert answer.status == 200
    assert await store.counts_by_event("u1", 0) == {"job.created": 90}
    await store.close()
