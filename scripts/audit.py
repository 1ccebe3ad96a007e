"""Look the locked versions up among known vulnerabilities; offline, say so and pass."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

TIME_LIMIT_S = 60


def main(lock: str) -> int:
    """Return 1 for a known vulnerability, 0 when there is none or nobody to ask."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.json")
        command = [
            *(sys.executable, "-m", "pip_audit", "--requirement", lock),
            *("--require-hashes", "--disable-pip", "--progress-spinner", "off"),
            *("--timeout", "10", "--format", "json", "--output", str(report)),
        ]
        try:
            result = subprocess.run(  # noqa: S603 - our own interpreter and fixed words
                command, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
            )
            trouble = (result.stderr.strip().splitlines() or ["no answer"])[-1]
        except subprocess.TimeoutExpired:
            trouble = f"no answer within {TIME_LIMIT_S} s"
        # pip-audit exits 1 both for a finding and for a silent service: only the report tells.
        if not report.exists() or not report.read_text(encoding="utf-8").strip():
            print(f"pip-audit: skipped, the advisory service cannot be asked ({trouble[:120]})")
            return 0
        found = json.loads(report.read_text(encoding="utf-8"))["dependencies"]
    bad = [
        f"{package['name']} {package['version']}: {problem['id']},"
        f" fixed in {', '.join(problem['fix_versions']) or 'no release yet'}"
        for package in found
        for problem in package.get("vulns", ())
    ]
    print("\n".join(bad) or f"pip-audit: {len(found)} packages, no known vulnerability")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
