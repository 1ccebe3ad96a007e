"""Which srhooks this is."""

from importlib.metadata import version


def program_version() -> str:
    return version("srhooks")
