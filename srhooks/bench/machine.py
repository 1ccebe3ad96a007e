"""The machine that is measured on: cores, limits, memory, and a note that tells what it was."""

import os
import platform
import resource
import time
from pathlib import Path
from statistics import median

SYNCS = 50  # commits' worth of fdatasync for the note


def cores() -> tuple[int, int] | None:
    """One core for the servers and one for the load; None where there is but one."""
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[-1]) if len(usable) > 1 else None


def pin(*wanted: int | None) -> None:
    """This process, and what it starts from now on, to these cores; None: wherever it may run."""
    known = {core for core in wanted if core is not None}
    if known:
        os.sched_setaffinity(0, known)


def raise_file_limit() -> int:
    """As many open sockets as the system lets us have; also for what is started from here."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def memory_of(pid: int) -> int:
    """Resident bytes of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def cpu_of(pid: int) -> float:
    """Seconds that a process has run on a core, all of its threads together (proc(5), stat)."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def note(folder: Path, file_limit: int) -> dict[str, str | int | float]:
    """What a reader must know to compare figures."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "load_average": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "open_files": file_limit,
        "file_system": _file_system(folder),
        "fdatasync_ms": round(_sync_time(folder) * 1000, 3),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """The kind of file system; a memory disk would make durability look free."""
    best = ("", "unknown")
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, where, kind, *_ = line.split()
        if folder.resolve().is_relative_to(where) and len(where) >= len(best[0]):
            best = (where, kind)
    return best[1]


def _sync_time(folder: Path) -> float:
    """Seconds that the disk takes to keep one page."""
    path = folder / "sync"
    times = []
    with path.open("wb") as file:
        for _ in range(SYNCS):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    path.unlink()
    return median(times)
