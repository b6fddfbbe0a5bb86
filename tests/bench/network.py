"""The networks between the source and who downloads: none but the machine's own, or one shaped by `bench-network`."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measure import DownloadFailed
from source import Source
from work import MIB

RATE = 20 * MIB
CONNECTIONS = 8


@dataclass(frozen=True)
class Network:
    """How connections are slowed down."""

    name: str
    # Bytes a second of each connection.
    rate: int | None = None
    latency_ms: int = 0
    one_slow: bool = False

    @property
    def is_open(self) -> bool:
        """Whether nothing is."""
        return self == Network(self.name)

    def flags(self) -> list[str]:
        rate = [] if self.rate is None else ["--rate", str(self.rate)]
        return [*rate, "--latency-ms", str(self.latency_ms), *(["--one-slow"] if self.one_slow else [])]


OPEN = Network("no limits")
LIMITED = Network("20 MiB/s a connection", rate=RATE)
LATENT = Network("50 ms latency", latency_ms=50)
ONE_SLOW = Network("1 of 8 connections slow", rate=RATE, one_slow=True)


@contextmanager
def through(network: Network, source: Source, programs: Path) -> Iterator[str]:
    """Sets a network up before the source; gives the Hub's address in it."""
    if network.is_open:
        yield source.open.endpoint
        return
    ways = [(source.seen.hub, source.shaped.hub), (source.seen.cdn, source.shaped.cdn)]
    flags = [word for port, target in ways for word in ("--way", f"{port}:{target}")]
    command = [programs / "bench-network", *flags, *network.flags()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if not process.stdout or process.stdout.readline() != "listening\n":
                raise DownloadFailed("bench-network does not listen; its error is above")
            yield source.seen.endpoint
        finally:
            process.terminate()
