"""The same downloads by us and by the tools that people use, side by side, from one source on this machine.

Prints medians and what must hold between them, and writes target/bench.json. The contenders take turns, so that a machine
that gets slower slows all of them.
"""

import argparse
import shutil
import signal
import sys
from pathlib import Path

import control_plane
from cases import Case, cases, make
from cluster import Services, services
from report import Bound, Outcome, described, medians, table
from rounds import Rounds
from source import Source, serve
from tools import Contender
from work import Shelf

ROOT = Path(__file__).resolve().parents[2]
# On the disk that the programs are built on, not in memory.
FOLDER = ROOT / "target/bench/run"
RESULT = ROOT / "target/bench.json"
CONTROL_PLANE = "control-plane"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench", description="Compare downloads on this machine.")
    parser.add_argument("programs", type=Path, help="folder of the built programs")
    parser.add_argument("--runs", type=int, default=5, help="measured runs of each, after a warm-up [default: 5]")
    parser.add_argument("--case", action="append", help=f"only this case, or {CONTROL_PLANE}; may be repeated")
    parser.add_argument("--tool", action="append", help="only who has this in the name; may be repeated")
    parser.add_argument("--scale", type=int, default=1, help="divide sizes and numbers of files by this, to try things out")
    parser.add_argument("--output", type=Path, default=RESULT, help="where the numbers go [default: target/bench.json]")
    given = parser.parse_args()
    if given.runs < 1 or not 1 <= given.scale <= 100:
        parser.error("--runs is 1 or more, --scale 1 to 100")
    if not given.output.parent.is_dir():
        parser.error(f"--output: there is no folder {given.output.parent}")
    given.programs = given.programs.resolve()
    return given


def chosen(case: Case, tools: list[str] | None) -> list[Contender]:
    """Who takes part in a case: who was asked for and is installed."""
    wanted = [each for each in case.contenders if not tools or any(tool in each.name for tool in tools)]
    for each in wanted:
        if missing := each.missing():
            print(f"{case.name}: without {each.name}, for {missing} is not installed (tests/bench/setup.sh)")
    return [each for each in wanted if not each.missing()]


def main() -> int:
    given = arguments()
    # So that everything that was started is ended.
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda *_: sys.exit(1))
    with services(given.programs) as found:
        every = cases(given.programs, found)
        names = [case.name for case in every] + [CONTROL_PLANE]
        if unknown := set(given.case or []) - set(names):
            sys.exit(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
        wanted = given.case or names
        outcome = compare([case for case in every if case.name in wanted], found, given, wanted)
    bounds = outcome.bounds()
    if given.case or given.tool:
        bounds = [bound for bound in bounds if bound.value is not None]
    show(outcome, bounds)
    # What is divided by a scale does not say whether a bound holds.
    is_broken = given.scale == 1 and any(bound.is_broken for bound in bounds)
    return 1 if outcome.failures or is_broken else 0


def compare(wanted: list[Case], found: Services, given: argparse.Namespace, names: list[str]) -> Outcome:
    """Makes what is downloaded, starts the source, and runs everything. What was measured is kept after each case."""
    try:
        return _compare(wanted, found, given, names)
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)


def _compare(wanted: list[Case], found: Services, given: argparse.Namespace, names: list[str]) -> Outcome:
    # Of one that could not end in order.
    shutil.rmtree(FOLDER, ignore_errors=True)
    shelf = Shelf(FOLDER / "shelf")
    repos = {work: make(work, shelf, given.scale) for work in {case.work: None for case in wanted}}
    plane = control_plane.Load(shelf, given.scale) if CONTROL_PLANE in names else None
    sizes = {case.name: repos[case.work].size for case in wanted}
    outcome = Outcome(given.scale, sizes, {case.name: repos[case.work].written for case in wanted})
    with serve(shelf, FOLDER / "source") as source:
        rounds = Rounds(source, given.programs, FOLDER / "runs", given.runs, outcome)
        for case in wanted:
            rounds.run(case, repos[case.work], chosen(case, given.tool))
            keep(outcome, case.name, given.output)
        if plane:
            measure_control_plane(plane, source, given.programs, found, outcome)
            keep(outcome, CONTROL_PLANE, given.output)
    return outcome


def measure_control_plane(
    plane: control_plane.Load, source: Source, programs: Path, found: Services, outcome: Outcome
) -> None:
    """Notes the control plane's latencies, up to where it fails."""
    try:
        for measured in plane.measure(source, programs, found, FOLDER / CONTROL_PLANE):
            outcome.control_plane.append(measured.numbers())
            outcome.control_plane_bounds += measured.bounds()
    except Exception as failure:
        outcome.failures.append(f"{CONTROL_PLANE}: {described(failure)}")
    outcome.control_plane_bounds += control_plane.growth(programs.parent / "criterion")


def keep(outcome: Outcome, done: str, path: Path) -> None:
    """Writes what there is so far, for hours may follow."""
    outcome.save(path)
    print(f"{done}: done; failures so far: {len(outcome.failures)}", flush=True)


def show(outcome: Outcome, bounds: list[Bound]) -> None:
    print()
    print(table(medians(outcome.runs)))
    print()
    for bound in bounds:
        print(bound.line())
    for failure in outcome.failures:
        print(f"FAILED {failure}")


if __name__ == "__main__":
    sys.exit(main())
