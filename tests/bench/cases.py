"""What is compared: each work over each network, and who takes part, with the reason where somebody does not."""

from dataclasses import dataclass
from pathlib import Path

import tools
from cluster import Cluster, Services
from network import LATENT, LIMITED, ONE_SLOW, OPEN, Network
from tools import Contender
from work import GIB, MIB, Repo, Shelf

# A worker that has to spare: with this many connections, four workers together do not yet fill two cores.
ONE_BY_ONE = ("--slots", "1", "--connections", "2")
# One large file at a time, so that it has exactly the connections that the case is about.
EIGHT_CONNECTIONS = ("--slots", "1", "--connections", "8")
# Bytes a second that are set as the limit: far below what the machine does.
LIMIT = 100 * MIB
LIMITED_PROCESS, LIMITED_CLUSTER = "limit-process", "limit-cluster"


@dataclass(frozen=True)
class Case:
    """The same download by some contenders, in turn."""

    name: str
    # Names what is downloaded: see `make`.
    work: str
    network: Network
    contenders: list[Contender]
    # Timed is the second half only: the first was killed.
    resumes: bool = False


def make(work: str, shelf: Shelf, scale: int) -> Repo:
    """Makes what a case downloads; sizes and numbers of files are divided by `scale`."""
    match work:
        case "one":
            return shelf.add_large(work, 1, 4 * GIB // scale)
        case "eight":
            return shelf.add_large(work, 8, 512 * MIB // scale)
        case "small":
            return shelf.add_small(work, 10_000 // scale)
    raise ValueError(f"no such work: {work}")


def cases(programs: Path, services: Services) -> list[Case]:
    """All cases. With latency and limits, more workers than one are tried where they can help: one and all four."""
    ours, hf, aria2c = tools.ours(programs), tools.hf_download(), tools.aria2c()
    curl, curl_sha256, transfer = tools.curl(hashes=False), tools.curl(hashes=True), tools.hf_transfer()

    def workers(*counts: int, flags: tuple[str, ...] = ()) -> list[Contender]:
        return [Cluster(count, programs, services, flags) for count in counts]

    limited = Cluster(4, programs, services, settings={"maxBytesPerSecond": str(LIMIT)})
    return [
        # A file is one worker's: more of them do not help.
        Case("one", "one", OPEN, [ours, *workers(1), curl, curl_sha256, aria2c, hf, transfer]),
        # curl and hf use one connection a file: its rate alone says what they take, here and with a slow connection. hf_transfer opens
        # as many as it likes: no rate of each slows it down.
        Case("one-limited", "one", LIMITED, [ours, *workers(1, flags=EIGHT_CONNECTIONS), aria2c]),
        Case("one-latency", "one", LATENT, [ours, *workers(1), curl, curl_sha256, aria2c, hf, transfer]),
        Case("one-slow", "one", ONE_SLOW, [ours, *workers(1, flags=EIGHT_CONNECTIONS), aria2c]),
        Case("eight", "eight", OPEN, [ours, *workers(1, 2, 3, 4), curl, curl_sha256, aria2c, hf, transfer]),
        Case("eight-limited", "eight", LIMITED, [ours, *workers(1, 2, 3, 4, flags=ONE_BY_ONE), aria2c, hf]),
        Case("eight-latency", "eight", LATENT, [ours, *workers(1, 4), curl, curl_sha256, aria2c, hf, transfer]),
        # curl does as hf, whose slow connection keeps its file to the end.
        Case("eight-slow", "eight", ONE_SLOW, [ours, *workers(1, 4), aria2c, hf]),
        # hf_transfer leaves files below 5 MB to hf.
        Case("small", "small", OPEN, [ours, *workers(1, 4), curl, curl_sha256, aria2c, hf]),
        # A rate does not slow files down that are this small: workers, and curl, are as in `small`.
        Case("small-limited", "small", LIMITED, [ours, aria2c, hf]),
        Case("small-latency", "small", LATENT, [ours, *workers(1, 4), curl, aria2c, hf]),
        # As small-limited.
        Case("small-slow", "small", ONE_SLOW, [ours, aria2c, hf]),
        # aria2 notes what it has once a minute: a kill loses it. hf (since 2.0) and hf_transfer begin anew. What a killed worker has
        # begun another one takes over after a lease timeout, which is what would be measured.
        Case("resume", "one", OPEN, [ours, curl, curl_sha256], resumes=True),
        # How near we come to the limit: the others do not matter.
        Case(LIMITED_PROCESS, "eight", OPEN, [tools.ours(programs, "--max-process-bytes-per-second", str(LIMIT))]),
        Case(LIMITED_CLUSTER, "eight", OPEN, [limited]),
    ]
