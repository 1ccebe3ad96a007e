"""Print a CycloneDX list of the packages installed beside this interpreter.

It reads what is really there, rather than what a lock file asked for.
"""

import json
import sys
from importlib import metadata

SPEC_VERSION = "1.6"
SUBJECT = "srhooks"


def component(package: metadata.Distribution, kind: str = "library") -> dict[str, object]:
    """Describe one installed package; its purl is the key that scanners look it up by."""
    about = package.metadata
    name = about["Name"].lower().replace("_", "-")
    purl = f"pkg:pypi/{name}@{package.version}"
    entry: dict[str, object] = {
        "type": kind,
        "bom-ref": purl,
        "name": name,
        "version": package.version,
        "purl": purl,
    }
    # Only the newer field is an SPDX expression; the old one holds anything, even whole texts.
    if "License-Expression" in about:
        entry["licenses"] = [{"expression": about["License-Expression"]}]
    elif "License" in about:
        entry["licenses"] = [{"license": {"name": about["License"].strip().splitlines()[0]}}]
    return entry


def bom() -> dict[str, object]:
    """Build the document, without time or serial number: equal contents are equal files."""
    others = [p for p in metadata.distributions() if p.metadata["Name"] != SUBJECT]
    others.sort(key=lambda package: package.metadata["Name"].lower())
    return {
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "version": 1,
        "metadata": {"component": component(metadata.distribution(SUBJECT), "application")},
        "components": [component(package) for package in others],
    }


if __name__ == "__main__":
    json.dump(bom(), sys.stdout, indent=2)
    sys.stdout.write("\n")
