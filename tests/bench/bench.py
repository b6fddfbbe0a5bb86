#!/usr/bin/env python3
"""The same downloads by us and by other tools, side by side, from the fake Hub on this machine.

Usage: bench.py FOLDER_OF_THE_PROGRAMS [RUNS]

Prints a table of medians and writes target/bench.json. The tools take turns, so that a machine that gets slower slows all of
them; each run starts with an empty cache. curl and aria2c are compared where they are installed.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = Path(os.environ.get("HFD_TEST_VENV", ROOT / ".venv"))
MIB = 1 << 20


def write_random(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for start in range(0, size, 8 * MIB):
            file.write(os.urandom(min(8 * MIB, size - start)))


def make_repos(root: Path) -> None:
    write_random(root / "models/bench--one-large/main/model.safetensors", 2048 * MIB)
    for number in range(8):
        write_random(root / f"models/bench--eight/main/model-{number}.safetensors", 128 * MIB)
    for number in range(2000):
        write_random(root / f"models/bench--small/main/part-{number % 20:02}/{number:05}.txt", 4096)


def start_hub(programs: Path, root: Path) -> tuple[subprocess.Popen, str]:
    hub = subprocess.Popen([programs / "fake-hub", "--root", root], stdout=subprocess.PIPE, text=True)
    line = hub.stdout.readline()
    return hub, line.split()[3]


def ours(programs: Path, hub: str, repo: str, folder: Path) -> list:
    return [programs / "hfdownloader", "download", repo, "--endpoint", hub, "--cache-dir", folder]


def hf(_programs: Path, _hub: str, repo: str, folder: Path) -> list:
    return [VENV / "bin/hf", "download", repo, "--cache-dir", folder, "--quiet"]


def curl(_programs: Path, hub: str, repo: str, folder: Path) -> list:
    url = f"{hub}/{repo}/resolve/main/model.safetensors"
    return ["sh", "-c", f"curl -sSfL -o {folder}/file {url} && sha256sum {folder}/file"]


def aria2c(_programs: Path, hub: str, repo: str, folder: Path) -> list:
    url = f"{hub}/{repo}/resolve/main/model.safetensors"
    return ["sh", "-c", f"aria2c -q -x8 -s8 -k1M -d {folder} -o file {url} && sha256sum {folder}/file"]


CASES = {
    "one file of 2 GiB": ("bench/one-large", {"hfdownloader": ours, "hf download": hf, "curl + sha256sum": curl, "aria2c -x8 + sha256sum": aria2c}),
    "8 files of 128 MiB": ("bench/eight", {"hfdownloader": ours, "hf download": hf}),
    "2000 files of 4 KiB": ("bench/small", {"hfdownloader": ours, "hf download": hf}),
}


def run_once(command: list, hub: str, folder: Path) -> dict:
    folder.mkdir()
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "HF_HOME": str(folder / "home"),
        "HF_ENDPOINT": hub,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    os.sync()
    begun = time.monotonic()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    shutil.rmtree(folder)
    if process.returncode != 0:
        raise SystemExit(f"{command} failed:\n{errors.decode()}")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak_mib": usage.ru_maxrss / 1024}


def is_installed(tool: str) -> bool:
    return tool not in ("curl + sha256sum", "aria2c -x8 + sha256sum") or shutil.which(tool.split()[0]) is not None


def main() -> None:
    programs = Path(sys.argv[1]).resolve()
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    results: dict[str, dict[str, list]] = {}
    with tempfile.TemporaryDirectory() as work:
        root = Path(work) / "hub"
        make_repos(root)
        hub_process, hub = start_hub(programs, root)
        try:
            for case, (repo, tools) in CASES.items():
                tools = {tool: make for tool, make in tools.items() if is_installed(tool)}
                for _ in range(runs):
                    for tool, make in tools.items():
                        folder = Path(work) / "cache"
                        run = run_once(make(programs, hub, repo, folder), hub, folder)
                        results.setdefault(case, {}).setdefault(tool, []).append(run)
        finally:
            hub_process.terminate()
            hub_process.wait()
    report(results)


def report(results: dict) -> None:
    medians = {
        case: {
            tool: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for tool, runs in tools.items()
        }
        for case, tools in results.items()
    }
    print(f"{'case':22} {'tool':24} {'wall s':>8} {'cpu s':>8} {'peak MiB':>9}")
    for case, tools in medians.items():
        for tool, median in tools.items():
            print(f"{case:22} {tool:24} {median['wall']:8.2f} {median['cpu']:8.2f} {median['peak_mib']:9.0f}")
    target = ROOT / "target/bench.json"
    target.write_text(json.dumps({"medians": medians, "runs": results}, indent=2) + "\n")
    print(f"all runs: {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
