"""The recipes against the schemas of what reads them: no unknown field, no wrong type."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.json_schema import validator

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "tests/data/schemas"
COMPOSE = sorted([*ROOT.glob("compose*.yaml"), *ROOT.glob("deploy/*/compose.yaml")])
KUBERNETES = sorted(ROOT.glob("deploy/kubernetes/*.yaml"))


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    return loaded


def compose_faults(file: dict[str, Any]) -> list[str]:
    return [error.json_path for error in validator(schema("compose-spec.json")).iter_errors(file)]


def kubernetes_faults(resource: dict[str, Any]) -> list[str]:
    known = schema("kubernetes-1.37.json")
    own = {**known["kinds"][resource["kind"]], "$defs": known["$defs"]}
    return [error.json_path for error in validator(own).iter_errors(resource)]


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_compose_files_are_what_compose_reads(path: Path) -> None:
    file = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert compose_faults(file) == []
    misspelt = copy.deepcopy(file)
    name, service = next(iter(misspelt["services"].items()))
    service["enviroment"] = {}
    assert compose_faults(misspelt) == [f"$.services.{name}"]


@pytest.mark.parametrize("path", KUBERNETES, ids=lambda path: path.stem)
def test_manifests_are_what_kubernetes_reads(path: Path) -> None:
    resources = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    assert len(resources) == 4
    for resource in resources:
        assert kubernetes_faults(resource) == []
    (deployment,) = [one for one in resources if one["kind"] == "Deployment"]
    deployment["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    deployment["spec"]["replicas"] = "2"
    assert sorted(kubernetes_faults(deployment)) == [
        "$.spec.replicas", "$.spec.template.spec.containers[0]",
    ]  # fmt: skip


def test_every_file_of_these_kinds_is_checked() -> None:
    assert len(COMPOSE) == 4
    assert [path.name for path in KUBERNETES] == ["one.yaml", "several.yaml"]
