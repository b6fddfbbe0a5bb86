"""The table of medians, and what must hold between them."""

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cases import LIMIT, LIMITED_CLUSTER, LIMITED_PROCESS
from measure import DownloadFailed
from network import CONNECTIONS, RATE
from work import MIB

OURS = "hfdownloader"
MISSED = "MISSED"
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
    """Something that must hold; without a value what it compares was not measured, without a limit it is told only."""

    name: str
    value: float | None
    limit: float | None
    at_least: bool = False

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        if self.limit is None:
            return ""
        holds = self.value >= self.limit if self.at_least else self.value <= self.limit
        return "ok" if holds else MISSED

    def line(self) -> str:
        shown = "-" if self.value is None else f"{self.value:.3f}"
        limit = "" if self.limit is None else f"{'>=' if self.at_least else '<='} {self.limit:g}"
        return f"{self.name:64} {shown:>9} {limit:10} {self.verdict}".rstrip()

    def numbers(self) -> dict[str, object]:
        return {"name": self.name, "value": self.value, "limit": self.limit, "verdict": self.verdict}


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

    def bounds(self) -> list[Bound]:
        """All that must hold."""
        return bounds(medians(self.runs), self.runs, self.sizes, self.copies) + self.control_plane_bounds

    def save(self, path: Path) -> None:
        """Writes everything, for programs."""
        shown = {"scale": self.scale, "medians": medians(self.runs), "runs": self.runs, "failures": self.failures}
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
        *_resume(found, sizes),
        *_always(results),
        *_writes(results, sizes, copies),
    ]


def _side_by_side(found: Medians) -> list[Bound]:
    wall, cpu = _number(found, "wall_s"), _number(found, "cpu_s")
    one_worker, four_workers = wall("eight-limited", "1 worker"), wall("eight-limited", "4 workers")
    fastest = [
        Bound(f"{case}: wall to that of the fastest other", _over(wall(case, OURS), _fastest_other(by)), 1.0)
        for case, by in found.items()
        # There we are alone.
        if case not in (LIMITED_PROCESS, LIMITED_CLUSTER)
    ]
    curl_cpu = cpu("one", "curl + openssl sha256")
    return [
        *fastest,
        Bound("one: CPU to curl + openssl sha256", _over(cpu("one", OURS), curl_cpu), 1.25),
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
            Bound(f"{case}: least share of the limit", min(shares, default=None), 0.95, at_least=True),
            Bound(f"{case}: most of the limit", max(shares, default=None), 1.05),
        ]
    return found


def _resume(found: Medians, sizes: dict[str, int]) -> list[Bound]:
    ours = found.get("resume", {}).get(OURS)
    if ours is None:
        return [Bound("resume", None, 0)]
    again = max(0.0, ours["content_bytes"] + ours["kept_bytes"] - sizes["resume"])
    there = ours["kept_bytes"] + ours["notes_bytes"]
    beyond = ours["first_content_bytes"] + ours["content_bytes"] - sizes["resume"]
    return [
        Bound("resume: MiB fetched again that were durable", again / MIB, 0),
        Bound("resume: MiB fetched in both runs beyond the size", beyond / MIB, None),
        # Pages of the program count, too.
        Bound("resume: read from disk to what was there", _over(ours["read_bytes"], there), 1.01),
    ]


def _always(results: Results) -> list[Bound]:
    """What must hold in each single run of ours."""
    runs = [run for by in results.values() for name, of in by.items() if is_ours(name) for run in of]
    peak = max((run["peak_bytes"] / MIB for run in runs), default=None)
    return [Bound("all of ours: largest memory of a process, MiB", peak, 96)]


def _writes(results: Results, sizes: dict[str, int], copies: dict[str, int]) -> list[Bound]:
    """What each single run of ours wrote to the disk."""
    found = []
    # What a file system books for names and inodes, and to whom, is more chance than ours to decide.
    for name, is_small, limit in (("large", False, 1.02), ("small", True, None)):
        shares = [
            run["written_bytes"] / run["content_bytes"] / max(1, copies[case] / sizes[case])
            for case, by in results.items()
            for who, runs in by.items()
            for run in runs
            if is_ours(who) and case.startswith("small") == is_small and run["content_bytes"]
        ]
        found.append(Bound(f"all of ours, {name} files: most written to disk to plain copies", max(shares, default=None), limit))
    return found


def is_ours(name: str) -> bool:
    """Whether a contender is our process or our cluster."""
    return name == OURS or name.endswith(("worker", "workers"))


def _fastest_other(by: dict[str, Numbers]) -> float | None:
    return min((numbers["wall_s"] for name, numbers in by.items() if not is_ours(name)), default=None)


def _number(found: Medians, key: str) -> Callable[[str, str], float | None]:
    return lambda case, name: found.get(case, {}).get(name, {}).get(key)


def _over(value: float | None, by: float | None) -> float | None:
    return value / by if value is not None and by else None
