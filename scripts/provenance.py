"""Say of what the image was made: `provenance.py WHEEL > provenance.json`, within its build.

An in-toto statement with SLSA's predicate (slsa.dev/spec/v1.0/provenance). It is not signed: it
tells what the build saw, and whoever publishes an image signs it with a key of their own. Nothing
in it changes from one build of the same to the next.
"""

import hashlib
import json
import os
import platform
import sys
from pathlib import Path

LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-sbom.lock")
BUILD_TYPE = "urn:srhooks:dockerfile:1"


def digest(path: Path) -> dict[str, str]:
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def base_image(reference: str) -> dict[str, object]:
    name, _, value = reference.partition("@sha256:")
    return {"uri": f"docker:{name}"} | ({"digest": {"sha256": value}} if value else {})


def statement(wheel: Path, base: str, revision: str, builder: str) -> dict[str, object]:
    source: dict[str, object] = {"uri": "git:srhooks"}
    if revision:
        source["digest"] = {"gitCommit": revision}
    locks = [{"uri": f"file:{name}", "digest": digest(Path(name))} for name in LOCKS]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": wheel.name, "digest": digest(wheel)}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"BASE_IMAGE": base, "REVISION": revision},
                "internalParameters": {
                    "python": platform.python_version(),
                    "machine": platform.machine(),
                },
                "resolvedDependencies": [base_image(base), source, *locks],
            },
            "runDetails": {"builder": {"id": builder}},
        },
    }


if __name__ == "__main__":
    made = statement(
        Path(sys.argv[1]),
        os.environ.get("BASE_IMAGE", ""),
        os.environ.get("REVISION", ""),
        os.environ.get("BUILDER", "") or "urn:srhooks:unknown-builder",
    )
    print(json.dumps(made, indent=2, sort_keys=True))
