"""Test folders in memory, where the machine has room: a commit then waits for no disk."""

import os
import re
import shutil
import tempfile
from pathlib import Path

MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - pytest makes a private folder in it
NEEDED = 4 * 1024**3  # bytes: the whole suite leaves some hundred MB, packages included


def use_memory_disk() -> None:
    """Temporary files of this process, and of those it starts, go there, unless TMPDIR is set."""
    if "TMPDIR" not in os.environ and _has_room():
        os.environ["TMPDIR"] = str(MEMORY_DISK)
        tempfile.tempdir = None  # looked up anew


def _has_room() -> bool:
    """Free space, twice as much free memory behind it, and programs may be run from it."""
    try:
        runs_programs = not os.statvfs(MEMORY_DISK).f_flag & os.ST_NOEXEC
        free = shutil.disk_usage(MEMORY_DISK).free
        memory = re.search(r"MemAvailable: *(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:  # no Linux
        return False
    available = int(memory[1]) * 1024 if memory else 0
    return runs_programs and os.access(MEMORY_DISK, os.W_OK) and free > NEEDED < available / 2
