"""Which srhooks this is."""

from functools import cache
from importlib.metadata import version


@cache
def program_version() -> str:
    return version("srhooks")
