"""How much of an unfinished download is there: our records of what is durable, or the length of the file of others."""

import re
from collections.abc import Iterable
from pathlib import Path

from tools import Download

PAGE = 4096
RANGE = re.compile(r"(\d+) (\d+) [0-9a-f]{12}\n")


def kept_bytes(download: Download) -> int:
    """The bytes that a killed download need not fetch again."""
    if list(download.folder.glob("*/.hfd")):
        return sum(end - start for start, end in _merged(download.folder.rglob("*.parts")))
    return sum(path.stat().st_size for path in download.folder.rglob("*") if path.is_file() and not path.is_symlink())


def notes_bytes(download: Download) -> int:
    """The size of all else that is there, which says what the content is, in whole pages."""
    notes = (path for path in download.folder.rglob("*") if path.is_file() and path.name != "data")
    return sum(-(-path.stat().st_size // PAGE) * PAGE for path in notes)


def _merged(records: Iterable[Path]) -> list[tuple[int, int]]:
    found = (RANGE.fullmatch(line) for path in records for line in path.read_text().splitlines(keepends=True))
    merged: list[tuple[int, int]] = []
    for start, end in sorted((int(line[1]), int(line[2])) for line in found if line):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
