"""The table of medians, and what must hold between them."""

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import machine
from cases import LIMIT, LIMITED_CLUSTER, LIMITED_PROCESS
from measure import DownloadFailed
from network import CONNECTIONS, RATE
from tools import OURS, VERIFYING
from work import MIB

# What a worker may have.
MEMORY_MIB = 96
# Large files that come as fast as the machine can.
BY_THE_MACHINE = ("one", "one-latency", "eight", "eight-latency", "resume")
MISSED, NOT_MEASURED = "MISSED", "not measured"
COLUMNS = {
    "wall s": ("wall_s", 1, ".2f"),
    "cpu s": ("cpu_s", 1, ".2f"),
    "peak MiB": ("peak_bytes", MIB, ".0f"),
    "read MiB": ("read_bytes", MIB, ".0f"),
    "written MiB": ("written_bytes", MIB, ".0f"),
    "wire MiB": ("wire_bytes", MIB, ".0f"),
}

Numbers = dict[str, float]
# By case and contender.
Medians = dict[str, dict[str, Numbers]]
Results = dict[str, dict[str, list[Numbers]]]


@dataclass(frozen=True)
class Bound:
    """Something that must hold; without a value what it compares was not measured, without a limit it is told only.

    A system that does not count what is compared gives zeros, which are no measurement.
    """

    name: str
    value: float | None
    limit: float | None
    at_least: bool = False

    @property
    def is_broken(self) -> bool:
        """Whether it does not hold, or nobody knows."""
        return self.limit is not None and self.verdict in (MISSED, NOT_MEASURED)

    @property
    def verdict(self) -> str:
        if self.value is None:
            return NOT_MEASURED
        if self.limit is None:
            return ""
        holds = self.value >= self.limit if self.at_least else self.value <= self.limit
        return "ok" if holds else MISSED

    def line(self) -> str:
        shown = "-" if self.value is None else f"{self.value:.3f}"
        limit = "" if self.limit is None else f"{'>=' if self.at_least else '<='} {self.limit:g}"
        return f"{self.name:64} {shown:>9} {limit:10} {self.verdict}".rstrip()

    def numbers(self) -> dict[str, object]:
        limit = {"at_least": self.limit} if self.at_least else {"at_most": self.limit}
        return {"name": self.name, "value": self.value, "verdict": self.verdict} | limit


@dataclass
class Outcome:
    """What was measured so far."""

    scale: int
    # The bytes of each case.
    sizes: dict[str, int]
    # What plain copies of them took on the disk.
    copies: dict[str, int]
    runs: Results = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    control_plane: list[dict[str, object]] = field(default_factory=list)
    control_plane_bounds: list[Bound] = field(default_factory=list)
    machine: dict[str, object] = field(default_factory=machine.described)

    def bounds(self) -> list[Bound]:
        """All that must hold."""
        return bounds(medians(self.runs), self.runs, self.sizes, self.copies) + self.control_plane_bounds

    def save(self, path: Path) -> None:
        """Writes everything, for programs."""
        shown = {"machine": self.machine, "scale": self.scale, "medians": medians(self.runs), "runs": self.runs, "failures": self.failures}
        shown |= {"control_plane": self.control_plane, "bounds": [bound.numbers() for bound in self.bounds()]}
        path.write_text(json.dumps(shown, indent=2) + "\n")


def described(failure: Exception) -> str:
    """A failure, with its kind where that is not our own."""
    return str(failure) if isinstance(failure, DownloadFailed) else f"{type(failure).__name__}: {failure}"


def medians(results: Results) -> Medians:
    """The median of each number, each on its own."""
    return {
        case: {name: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for name, runs in by.items()}
        for case, by in results.items()
    }


def table(found: Medians) -> str:
    """All medians, for people."""
    lines = [f"{'case':15} {'who':22}" + "".join(f"{column:>12}" for column in COLUMNS)]
    for case, contenders in found.items():
        for name, numbers in contenders.items():
            shown = (f"{numbers[key] / unit:12{form}}" for key, unit, form in COLUMNS.values())
            lines.append(f"{case:15} {name:22}" + "".join(shown))
    return "\n".join(lines)


def bounds(found: Medians, results: Results, sizes: dict[str, int], copies: dict[str, int]) -> list[Bound]:
    """What must hold; `sizes` are the bytes of each case, `copies` what plain copies of them took on the disk."""
    return [
        *_side_by_side(found),
        *_by_arithmetic(found, sizes),
        *_limits(results),
        *_resume(results, sizes),
        *_always(results),
        *_writes(results, sizes, copies),
    ]


def _side_by_side(found: Medians) -> list[Bound]:
    wall, cpu = _number(found, "wall_s"), _number(found, "cpu_s")
    one_worker, four_workers = wall("eight-limited", "1 worker"), wall("eight-limited", "4 workers")

    def limit(case: str) -> float | None:
        # There who hashes everything waits for the processor: no engine is as fast as one that does not.
        return None if case in BY_THE_MACHINE and not machine.hashes_fast() else 1.0

    fastest = [
        Bound(f"{case}: wall to that of the fastest other", _over(wall(case, OURS), _fastest_other(by)), limit(case))
        for case, by in found.items()
        # There we are alone.
        if case not in (LIMITED_PROCESS, LIMITED_CLUSTER)
    ]
    verifying = [
        Bound(f"{case}: wall to that of {VERIFYING}", _over(by[OURS]["wall_s"], by[VERIFYING]["wall_s"]), 1.0)
        for case, by in found.items()
        if OURS in by and VERIFYING in by
    ]
    return [
        *fastest,
        *verifying,
        Bound(f"one: CPU to {VERIFYING}", _over(cpu("one", OURS), cpu("one", VERIFYING)), 1.25),
        Bound("eight: wall to hf download", _over(wall("eight", OURS), wall("eight", "hf download")), 0.6),
        Bound("small: wall to hf download", _over(wall("small", OURS), wall("small", "hf download")), 0.25),
        Bound("eight-limited: 4 workers' rate to that of one", _over(one_worker, four_workers), 3.6, at_least=True),
    ]


def _by_arithmetic(found: Medians, sizes: dict[str, int]) -> list[Bound]:
    wall = _number(found, "wall_s")
    limited = _over(sizes.get("one-limited"), wall("one-limited", OURS))
    ideal = sizes.get("one-slow", 0) / (RATE * (CONNECTIONS - 1) + RATE / 10)
    share = _over(limited, RATE * CONNECTIONS)
    return [
        Bound("one-limited: share of what 8 connections may bring", share, 0.95, at_least=True),
        Bound("one-slow: wall to the ideal", _over(wall("one-slow", OURS), ideal), 1.1),
    ]


def _limits(results: Results) -> list[Bound]:
    """How near each single run comes to its limit."""
    found = []
    for case in (LIMITED_PROCESS, LIMITED_CLUSTER):
        runs = [run for of in results.get(case, {}).values() for run in of]
        shares = [run["content_bytes"] / run["wall_s"] / LIMIT for run in runs]
        found += [
            Bound(f"{case}: least share of the limit", _least(shares), 0.95, at_least=True),
            Bound(f"{case}: most of the limit", _most(shares), 1.05),
        ]
    return found


def _resume(results: Results, sizes: dict[str, int]) -> list[Bound]:
    """What holds in each single run."""
    runs, size = results.get("resume", {}).get(OURS, []), sizes.get("resume", 0)
    again = [max(0.0, run["content_bytes"] + run["kept_bytes"] - size) / MIB for run in runs]
    beyond = [(run["first_content_bytes"] + run["content_bytes"] - size) / MIB for run in runs]
    there = [(run["read_bytes"], run["kept_bytes"] + run["notes_bytes"]) for run in runs]
    read = [read_bytes / bytes_there for read_bytes, bytes_there in there if read_bytes and bytes_there]
    return [
        # Without it the next would hold of whoever keeps nothing.
        Bound("resume: least share of the half that was durable", _least([2 * run["kept_bytes"] / size for run in runs]), 0.5, at_least=True),
        Bound("resume: MiB fetched again that were durable", _most(again), 0),
        Bound("resume: MiB fetched in both runs beyond the size", _most(beyond), None),
        # Pages of the program count, too.
        Bound("resume: read from disk to what was there", _most(read), 1.01),
    ]


def _always(results: Results) -> list[Bound]:
    """What must hold in each single run of ours."""
    runs = [run for by in results.values() for name, of in by.items() if is_ours(name) for run in of]
    peaks = [run["peak_bytes"] / MIB for run in runs if run["peak_bytes"]]
    return [Bound("all of ours: largest memory of a process, MiB", _most(peaks), MEMORY_MIB)]


def _writes(results: Results, sizes: dict[str, int], copies: dict[str, int]) -> list[Bound]:
    """What each single run of ours wrote to the disk, to what was missing of the files."""
    found = []
    # What a file system books for names and inodes, and to whom, is more chance than ours to decide.
    for name, is_small, limit in (("large", False, 1.02), ("small", True, None)):
        shares = [
            run["written_bytes"] / (sizes[case] - run.get("kept_bytes", 0)) / max(1, copies[case] / sizes[case])
            for case, by in results.items()
            for who, runs in by.items()
            for run in runs
            if is_ours(who) and case.startswith("small") == is_small and run["written_bytes"]
        ]
        found.append(Bound(f"all of ours, {name} files: most written to disk to plain copies", _most(shares), limit))
    return found


def is_ours(name: str) -> bool:
    """Whether a contender is our process or our cluster."""
    return name == OURS or name.endswith(("worker", "workers"))


def _fastest_other(by: dict[str, Numbers]) -> float | None:
    return min((numbers["wall_s"] for name, numbers in by.items() if not is_ours(name)), default=None)


def _most(values: list[float]) -> float | None:
    return max(values, default=None)


def _least(values: list[float]) -> float | None:
    return min(values, default=None)


def _number(found: Medians, key: str) -> Callable[[str, str], float | None]:
    return lambda case, name: found.get(case, {}).get(name, {}).get(key)


def _over(value: float | None, by: float | None) -> float | None:
    return value / by if value is not None and by else None
