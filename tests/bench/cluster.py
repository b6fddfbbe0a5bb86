"""Our cluster: an API replica and some workers over a real Redis and RabbitMQ."""

import http.client
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import measure
from measure import DownloadFailed, Io, Usage
from source import free_ports
from tools import Download, plain_env

START_SECONDS = 60
# A worker may take 25 seconds to drain.
STOP_SECONDS = 40
ENDS = ("completed", "failed", "cancelled")


@dataclass(frozen=True)
class Services:
    """Where the store and the broker are."""

    redis: str
    rabbit: str


@contextmanager
def services(programs: Path) -> Iterator[Services]:
    """Starts a Redis and a RabbitMQ that end with this process, whatever becomes of it."""
    command = [programs / "bench-services"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise SystemExit("bench-services did not start; its error is above")
        yield Services(*line.split())
        # The end of its input ends it.


class Member:
    """A process of ours that serves HTTP."""

    def __init__(self, command: list[str], port: int, log: Path) -> None:
        self.port = port
        self._program = command[0]
        self._log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(command, env=plain_env(log), stdin=subprocess.DEVNULL, stdout=file, stderr=file)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def name(self) -> str:
        """Of the program."""
        return Path(self._program).name

    def wait_ready(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if self.ask("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise DownloadFailed(f"{self.process.args} is not ready:\n{self._log.read_text()[-measure.LOG_TAIL:]}")

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def expect(self, status: int, method: str, path: str, body: object = None) -> bytes:
        """One request that must be answered with this status."""
        got, answer = self.ask(method, path, body)
        if got != status:
            raise DownloadFailed(f"{method} {path} answered {got}: {answer[:500].decode()}")
        return answer

    def wait_end(self) -> None:
        """After it was asked to end."""
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def stop(members: list[Member]) -> None:
    """Ends them all at the same time."""
    for member in members:
        member.process.terminate()
    for member in members:
        member.wait_end()


class Cluster:
    """A contender: the same job on so many workers. What is measured begins with the request; the processes run already.

    The flags are those of each worker, the settings are set over the API.
    """

    def __init__(
        self,
        workers: int,
        programs: Path,
        services: Services,
        flags: tuple[str, ...] = (),
        settings: dict[str, object] | None = None,
    ) -> None:
        self.name = "1 worker" if workers == 1 else f"{workers} workers"
        self._workers = workers
        self._programs = programs
        self._services = services
        self._flags = flags
        self._settings = settings

    def missing(self) -> str | None:
        return None

    def files(self, download: Download) -> Path:
        return download.snapshot

    def run(self, download: Download) -> Usage:
        members: list[Member] = []
        try:
            for member in self._start(download):
                members.append(member)
            for member in members:
                member.wait_ready()
            api = members[0]
            if self._settings:
                api.expect(200, "POST", "/api/settings", self._settings)
            cpu, io = _cpu(members), _io(members)
            begun = time.monotonic()
            _download(api, download.repo.id)
            wall = time.monotonic() - begun
            peak = max(measure.peak_of(member.pid) for member in members)
            return Usage(wall, _cpu(members) - cpu, peak, _io(members) - io)
        finally:
            stop(members)

    def _start(self, download: Download) -> Iterator[Member]:
        """Starts the API, then the workers."""
        common = ["--state", self._services.redis, "--broker", self._services.rabbit, "--cache-dir", str(download.folder)]
        # Each run has keys and queues of its own.
        common += ["--prefix", f"bench-{time.monotonic_ns()}", "--endpoint", download.endpoint]
        api_port, *ports = free_ports(1 + self._workers)
        api = [str(self._programs / "hfd-api"), *common, "--port", str(api_port), "--admin-port", "0", "--admin-bind", "127.0.0.1"]
        yield Member(api, api_port, download.folder.with_suffix(".api.log"))
        for port in ports:
            worker = [str(self._programs / "hfd-worker"), *common, *self._flags, "--admin-port", str(port)]
            worker += ["--admin-bind", "127.0.0.1"]
            yield Member(worker, port, download.folder.with_suffix(f".{port}.log"))


def _download(api: Member, repo: str) -> None:
    """Makes a job and waits for its end, which the API tells by itself: asking for it would cost what is measured."""
    api.expect(202, "POST", "/api/download", {"repo": repo})
    end = time.monotonic() + measure.PATIENCE_SECONDS
    events = http.client.HTTPConnection("127.0.0.1", api.port, timeout=measure.PATIENCE_SECONDS)
    try:
        events.request("GET", "/api/events")
        for line in events.getresponse():
            if time.monotonic() > end:
                raise DownloadFailed("the job does not end")
            # The updates between are long and tell of progress alone.
            if line.startswith((b"event: init", b"event: event")) and (job := _only_job(api))["status"] in ENDS:
                break
        else:
            raise DownloadFailed("the events ended before the job")
    finally:
        events.close()
    if job["status"] != "completed":
        raise DownloadFailed(f"the job is {job['status']}: {job.get('error')}")


def _only_job(api: Member) -> dict[str, Any]:
    return json.loads(api.expect(200, "GET", "/api/jobs"))["jobs"][0]


def _cpu(members: list[Member]) -> float:
    return sum(measure.cpu_of(member.pid) for member in members)


def _io(members: list[Member]) -> Io:
    return sum((measure.io_of(member.pid) for member in members), Io())
