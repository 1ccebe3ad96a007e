"""The environment of programs that tests start: nothing of the developer's own."""

import os


def bare_environment(**more: str) -> dict[str, str]:
    """PATH, what the measurement of coverage needs, and `more`."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return {"PATH": os.environ["PATH"], **kept, **more}
