"""The machine that the numbers are of."""

import os
import platform
import subprocess
from pathlib import Path

CPU = Path("/proc/cpuinfo")
# Names of the flag for instructions that do SHA-256, on x86-64 and on ARM.
SHA_FLAGS = {"sha_ni", "sha2"}


def hashes_fast() -> bool:
    """Whether the processor has instructions for SHA-256."""
    return not SHA_FLAGS.isdisjoint(CPU.read_text().split())


def described() -> dict[str, object]:
    """What numbers depend on, and which of our programs they are of."""
    models = [line.partition(":")[2].strip() for line in CPU.read_text().splitlines() if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "hashes_fast": hashes_fast(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": platform.release(),
        "commit": _commit(),
    }


def _commit() -> str | None:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent, check=False)
    except OSError:
        return None
    return found.stdout.strip() or None
