"""How fast the API answers with many jobs: 10,000 in the store, 1,000 of them queued, and one of 70,000 files running."""

import itertools
import json
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import measure
from cluster import Member, Services, stop
from measure import DownloadFailed
from network import Network, through
from report import MEMORY_MIB, Bound
from source import Source, free_ports
from websocket import WebSocket
from work import GIB, MIB, Shelf

JOBS, QUEUED, FILES = 10_000, 1_000, 70_000
KEEP = ("--keep-jobs", str(2 * JOBS))
SAMPLES = 200
PATIENCE_SECONDS = 300
# The endless file outlasts all that is measured, and neither a small file nor a page of a listing is slowed down but by the way.
SLOW = Network("slow", rate=4 * MIB, latency_ms=50)
# The most that p50 and p99 may take, in milliseconds. Progress is told four times a second.
BUDGETS = {
    "list 100 jobs": (20, 100),
    "list jobs of a repository": (200, 500),
    "job of many files": (20, 100),
    "create": (20, 100),
    "commit a cancellation": (20, 100),
    "relay a new job": (50, 300),
    "progress of many files": (300, 1000),
    # There and back for each of 70 pages of the listing, at least.
    "plan a job of many files": (10_000, 10_000),
}
WORKER = "hfd-worker"

# What hardly grows still varies by so much.
MOST_GROWTH = 1.5

Result = TypeVar("Result")


@dataclass(frozen=True)
class Latencies:
    """How long something took, again and again."""

    where: str
    what: str
    seconds: list[float]

    def percentile(self, percent: int) -> float:
        """In milliseconds."""
        if len(self.seconds) == 1:
            return self.seconds[0] * 1000
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[percent - 1] * 1000

    def bounds(self) -> list[Bound]:
        return [
            Bound(f"{self.where}: {self.what}, p{percent} in ms", self.percentile(percent), limit)
            for percent, limit in zip((50, 99), BUDGETS[self.what], strict=True)
        ]

    def numbers(self) -> dict[str, object]:
        shown = {f"p{percent}_ms": self.percentile(percent) for percent in (50, 99)}
        return {"where": self.where, "what": self.what, "samples": len(self.seconds)} | shown


@dataclass(frozen=True)
class Memory:
    """The most that a process had while all that was measured."""

    where: str
    process: str
    peak_bytes: int

    def bounds(self) -> list[Bound]:
        limit = MEMORY_MIB if self.process == WORKER else None
        return [Bound(f"{self.where}: memory of {self.process}, MiB", self.peak_bytes / MIB or None, limit)]

    def numbers(self) -> dict[str, object]:
        return {"where": self.where, "what": f"memory of {self.process}", "peak_bytes": self.peak_bytes}


class Load:
    """The jobs, and what they want; sizes are divided by the scale."""

    def __init__(self, shelf: Shelf, scale: int) -> None:
        self._jobs, self._queued = JOBS // scale, QUEUED // scale
        self._large = shelf.add_small("many", FILES // scale)
        self._endless = shelf.add_endless("endless", 8 * GIB)

    def measure(self, source: Source, programs: Path, services: Services, folder: Path) -> Iterator[Latencies | Memory]:
        """Tries a single process, then a cluster."""
        with through(SLOW, source, programs) as endpoint:
            with _single(programs, endpoint, folder / "single") as members:
                yield from self._measure("serve", members)
            with _cluster(programs, services, endpoint, folder / "cluster") as members:
                yield from self._measure("cluster", members)

    def _measure(self, where: str, members: list[Member]) -> Iterator[Latencies | Memory]:
        api = members[0]
        # It runs all the time, so that the jobs after it wait.
        _create(api, self._endless.id)
        waiting = [_timed(lambda: _create(api, f"bench/waiting-{number}")) for number in range(self._jobs)]
        yield Latencies(where, "create", [seconds for seconds, _ in waiting])
        ended = [_timed(lambda: api.expect(200, "DELETE", f"/api/jobs/{job}")) for _, job in waiting[self._queued :]]
        yield Latencies(where, "commit a cancellation", [seconds for seconds, _ in ended])
        api.expect(200, "POST", "/api/settings", {"maxActive": 2})
        socket = WebSocket(api.port, PATIENCE_SECONDS)
        begun = time.monotonic()
        many = _create(api, self._large.id, "high")
        while _wait_update(socket, many)["progress"]["downloadedBytes"] == 0:
            pass
        yield Latencies(where, "plan a job of many files", [time.monotonic() - begun])
        yield Latencies(where, "progress of many files", _progress(socket, many))
        yield _repeated(where, "list 100 jobs", lambda: api.expect(200, "GET", "/api/jobs?limit=100"))
        wanted = "/api/jobs?repo=bench/waiting-7"
        yield _repeated(where, "list jobs of a repository", lambda: api.expect(200, "GET", wanted))
        yield _repeated(where, "job of many files", lambda: api.expect(200, "GET", f"/api/jobs/{many}/files?limit=200"))
        yield Latencies(where, "relay a new job", [_relay(api, socket, number) for number in range(SAMPLES)])
        socket.close()
        yield from (Memory(where, member.name, measure.peak_of(member.pid)) for member in members)


def growth(criterion: Path) -> list[Bound]:
    """What the steps of a task cost in a job of 70,000 files, to what they cost in one of 100: by Criterion's last run."""
    medians = {}
    for benchmark in criterion.glob("*/new/benchmark.json"):
        estimates = json.loads((benchmark.parent / "estimates.json").read_text())
        medians[json.loads(benchmark.read_text())["full_id"]] = estimates["median"]["point_estimate"]
    found = []
    for store, step in itertools.product(("memory", "file", "redis"), ("Claim", "Report", "Finish")):
        few, many = (medians.get(f"store in {store}: {step} in a job of {files} files") for files in (100, FILES))
        ratio = many / few if many and few else None
        # Only progress is told all the time.
        limit = MOST_GROWTH if step == "Report" else None
        found.append(Bound(f"store in {store}: {step} in 70,000 files to one in 100", ratio, limit))
    return found


def _relay(api: Member, socket: WebSocket, number: int) -> float:
    """The time from the request for a job to the message that tells of it."""
    begun = time.monotonic()
    job = _create(api, f"bench/relayed-{number}")
    _wait_update(socket, job)
    return time.monotonic() - begun


def _progress(socket: WebSocket, job: str) -> list[float]:
    """The times between updates of a job whose files move."""
    times, status = [time.monotonic()], "running"
    # No more than a quarter of a minute: the job is to last until all is measured.
    while len(times) < 60 and status == "running":
        status = _wait_update(socket, job)["status"]
        times.append(time.monotonic())
    if len(times) == 1:
        raise DownloadFailed("the job of many files ended with its first update")
    return [after - before for before, after in zip(times, times[1:], strict=False)]


def _wait_update(socket: WebSocket, job: str) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        message = socket.message()
        if message["type"] == "job_update" and message["data"]["id"] == job:
            return message["data"]
    raise DownloadFailed(f"no message tells of job {job}")


def _create(api: Member, repo: str, priority: str = "normal") -> str:
    return json.loads(api.expect(202, "POST", "/api/download", {"repo": repo, "priority": priority}))["id"]


def _repeated(where: str, what: str, do: Callable[[], object]) -> Latencies:
    return Latencies(where, what, [_timed(do)[0] for _ in range(SAMPLES)])


def _timed(do: Callable[[], Result]) -> tuple[float, Result]:
    begun = time.monotonic()
    result = do()
    return time.monotonic() - begun, result


@contextmanager
def _single(programs: Path, endpoint: str, folder: Path) -> Iterator[list[Member]]:
    (port,) = free_ports(1)
    command = [str(programs / "hfdownloader"), "serve", "--data-dir", str(folder / "data"), "--port", str(port), *KEEP]
    with _running([(command, port)], endpoint, folder) as members:
        yield members


@contextmanager
def _cluster(programs: Path, services: Services, endpoint: str, folder: Path) -> Iterator[list[Member]]:
    api_port, worker_port = free_ports(2)
    common = ["--state", services.redis, "--broker", services.rabbit, "--prefix", f"bench-{time.monotonic_ns()}"]
    api = [str(programs / "hfd-api"), *common, "--port", str(api_port), "--admin-port", "0"]
    worker = [str(programs / "hfd-worker"), *common, "--admin-port", str(worker_port), *KEEP]
    with _running([(api, api_port), (worker, worker_port)], endpoint, folder) as members:
        yield members


@contextmanager
def _running(commands: list[tuple[list[str], int]], endpoint: str, folder: Path) -> Iterator[list[Member]]:
    """Starts processes that share a cache."""
    cache = folder / "cache"
    cache.mkdir(parents=True)
    flags = ["--endpoint", endpoint, "--cache-dir", str(cache), "--max-active", "1"]
    members: list[Member] = []
    try:
        for command, port in commands:
            members.append(Member([*command, *flags, "--admin-bind", "127.0.0.1"], port, folder / f"{port}.log"))
        for member in members:
            member.wait_ready()
        yield members
    finally:
        stop(members)
        shutil.rmtree(cache)
