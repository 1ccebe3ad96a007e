"""The machine that is measured on: cores, limits, memory, and its description for the report."""

import os
import platform
import resource
import time
from pathlib import Path
from statistics import median

SYNCS = 50  # fdatasync calls whose median goes into the description


def cores() -> tuple[int, int] | None:
    """A core for the servers and a core for the load generator; None on a single core."""
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[-1]) if len(usable) > 1 else None


def pin(*allowed: int | None) -> None:
    """Restrict this process, and those it starts later, to these cores; None: no restriction."""
    known = {core for core in allowed if core is not None}
    if known:
        os.sched_setaffinity(0, known)


def raise_file_limit() -> int:
    """Raise the limit of open files to the hard limit, also for child processes; returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def memory_of(pid: int) -> int:
    """Resident memory of a process (bytes; proc(5), statm)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def cpu_of(pid: int) -> float:
    """User and system CPU time of a process with all its threads (seconds; proc(5), stat)."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def describe_machine(folder: Path, file_limit: int) -> dict[str, str | int | float]:
    """The facts that a reader needs to compare figures of two runs."""
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
    """The file system's type: on tmpfs, durable commits would look free."""
    best = ("", "unknown")
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, where, kind, *_ = line.split()
        if folder.resolve().is_relative_to(where) and len(where) >= len(best[0]):
            best = (where, kind)
    return best[1]


def _sync_time(folder: Path) -> float:
    """Median time of fdatasync after a write of 4 kB (seconds)."""
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
