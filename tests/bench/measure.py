"""What a download costs: time, CPU, memory, and bytes to and from the disk, of a command with all its children."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 0.05
# Nobody takes so long: who does hangs.
PATIENCE_SECONDS = 3600
LOG_TAIL = 2000


class DownloadFailed(Exception):
    """A download that did not end well."""


@dataclass(frozen=True)
class Io:
    """What a process had read from and written to disks (not what the page cache had)."""

    read: int = 0
    written: int = 0

    def __sub__(self, before: "Io") -> "Io":
        return Io(self.read - before.read, self.written - before.written)

    def __add__(self, other: "Io") -> "Io":
        return Io(self.read + other.read, self.written + other.written)


@dataclass(frozen=True)
class Usage:
    """What a download took. Of several processes, the memory is that of the largest, all else the sum."""

    wall: float
    cpu: float
    peak_bytes: int
    io: Io


def run(command: list[str], env: dict[str, str], folder: Path) -> Usage:
    """Runs a command to its end; what it prints goes into a log beside its folder."""
    begun = time.monotonic()
    with _started(command, env, folder) as process:
        peak = _Peak(process.pid)
        with _patience(process):
            # Not waited for yet: /proc still tells what it and its children had in all.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        wall = time.monotonic() - begun
        io = io_of(process.pid)
        peak_bytes = peak.stop()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise DownloadFailed(f"{command} ended with {process.returncode}:\n{_log(folder).read_text()[-LOG_TAIL:]}")
    return Usage(wall, used.ru_utime + used.ru_stime, peak_bytes, io)


def run_until(command: list[str], env: dict[str, str], folder: Path, written: int) -> None:
    """Runs a command and kills it with its children as soon as they have written so many bytes to files."""
    with _started(command, env, folder) as process:
        while process.poll() is None and bytes_written_by(process.pid) < written:
            time.sleep(0.001)
        has_ended = process.poll() is not None
    if has_ended:
        raise DownloadFailed(f"{command} ended before it was half done:\n{_log(folder).read_text()[-LOG_TAIL:]}")


@contextmanager
def _started(command: list[str], env: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a command; what it has started does not outlive the block."""
    with _log(folder).open("wb") as log:
        process = subprocess.Popen(
            command, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield process
        finally:
            _kill(process)
            process.wait()


@contextmanager
def _patience(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kills a process that hangs in the block."""
    timer = threading.Timer(PATIENCE_SECONDS, _kill, [process])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def io_of(pid: int) -> Io:
    """The disk traffic of a process and of its children that have ended."""
    fields = _fields(Path(f"/proc/{pid}/io"))
    return Io(fields.get("read_bytes", 0), fields.get("write_bytes", 0) - fields.get("cancelled_write_bytes", 0))


def cpu_of(pid: int) -> float:
    """The CPU seconds of a process so far."""
    # The fields after the name, which ends with the last parenthesis: see proc_pid_stat(5).
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def peak_of(pid: int) -> int:
    """The most memory that a process has had since it runs its program, in bytes."""
    # Not ru_maxrss: that begins with what the process had that it was forked from.
    return _fields(Path(f"/proc/{pid}/status")).get("VmHWM", 0) << 10


def bytes_written_by(pid: int) -> int:
    """What a process and its children have written to files so far."""
    return sum(_fields(Path(f"/proc/{each}/io")).get("wchar", 0) for each in family(pid))


def family(pid: int) -> list[int]:
    """A process and all below it that run."""
    found = [pid]
    for each in found:
        for children in Path(f"/proc/{each}/task").glob("*/children"):
            found += map(int, _text(children).split())
    return found


def drop_from_cache(paths: Iterable[Path]) -> None:
    """Makes the next reading of these files come from the disk."""
    for path in paths:
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class _Peak(threading.Thread):
    """Looks at the memory of a process and those below it until it is stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._stopped = threading.Event()
        self._peak = 0
        self.start()

    def run(self) -> None:
        while not self._stopped.wait(SAMPLE_SECONDS):
            self._peak = max([self._peak, *map(peak_of, family(self._pid))])

    def stop(self) -> int:
        self._stopped.set()
        self.join()
        return self._peak


def _log(folder: Path) -> Path:
    return folder.with_suffix(".log")


def _fields(path: Path) -> dict[str, int]:
    """The numbers of a file of lines such as `name: 12 kB`; none when the process has gone."""
    lines = (line.split() for line in _text(path).splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in lines if len(words) > 1 and words[1].isdigit()}


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
