"""The runs of a case: all contenders in turn, again and again, each into an empty folder."""

import itertools
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import network
import records
from cases import Case
from measure import DownloadFailed, Usage, drop_from_cache
from report import Outcome, described
from source import Sent, Source
from tools import Contender, Download, Tool
from work import Repo, wrong_files

# Downloads of so many files stay until all is measured: where many were just removed, ext4 without a journal passes over their
# inodes for five minutes, one after the other for each new file.
STAYING_FILES = 50


@dataclass(frozen=True)
class Half:
    """What a killed download left."""

    # Bytes of content that were durable.
    kept: int
    # Bytes of the files that say so.
    notes: int
    # What it had been sent until then.
    first: Sent


@dataclass(frozen=True)
class Run:
    """One download that went well, and whose content is right."""

    usage: Usage
    sent: Sent
    # None unless it was killed and resumed.
    half: Half | None = None

    def numbers(self) -> dict[str, float]:
        """The run as it goes into the report."""
        shown = {
            "wall_s": self.usage.wall,
            "cpu_s": self.usage.cpu,
            "peak_bytes": self.usage.peak_bytes,
            "read_bytes": self.usage.io.read,
            "written_bytes": self.usage.io.written,
            "wire_bytes": self.sent.wire_bytes,
            "content_bytes": self.sent.content_bytes,
        }
        if self.half:
            shown |= {"kept_bytes": self.half.kept, "notes_bytes": self.half.notes}
            shown["first_content_bytes"] = self.half.first.content_bytes
        return shown


class Rounds:
    """Runs cases over one source; notes what was measured and what failed."""

    def __init__(self, source: Source, programs: Path, folder: Path, runs: int, outcome: Outcome) -> None:
        self._source = source
        self._programs = programs
        self._folder = folder
        self._runs = runs
        self._outcome = outcome
        self._numbers = itertools.count()

    def run(self, case: Case, repo: Repo, contenders: list[Contender]) -> None:
        """A warm-up and the measured runs. Who fails once, in whatever way, takes no further part in the case."""
        taking_part = list(contenders)
        for number in range(self._runs + 1):
            # Back and forth, so that nobody always comes after the same other.
            for contender in list(taking_part if number % 2 else reversed(taking_part)):
                try:
                    run = self._once(case, repo, contender)
                except Exception as failure:
                    self._outcome.failures.append(f"{case.name}, {contender.name}: {described(failure)}")
                    taking_part.remove(contender)
                    continue
                if number > 0:
                    by = self._outcome.runs.setdefault(case.name, {})
                    by.setdefault(contender.name, []).append(run.numbers())

    def _once(self, case: Case, repo: Repo, contender: Contender) -> Run:
        folder = self._folder / str(next(self._numbers))
        folder.mkdir(parents=True)
        try:
            return self._measure(case, repo, contender, folder)
        finally:
            if len(repo.files) < STAYING_FILES:
                shutil.rmtree(folder, ignore_errors=True)

    def _measure(self, case: Case, repo: Repo, contender: Contender, folder: Path) -> Run:
        # What a run that failed was sent is not this one's.
        self._source.sent()
        with network.through(case.network, self._source, self._programs) as endpoint:
            download = Download(repo, endpoint, folder)
            half = self._half(contender, download) if case.resumes else None
            os.sync()
            usage = contender.run(download)
        sent = self._source.sent()
        wrong = wrong_files(repo, contender.files(download))
        if wrong:
            raise DownloadFailed(f"wrong or missing content: {', '.join(wrong[:5])}")
        return Run(usage, sent, half)

    def _half(self, contender: Contender, download: Download) -> Half:
        """Leaves a download half done, and out of the page cache."""
        if not isinstance(contender, Tool):
            raise DownloadFailed("cannot be killed half-way")
        contender.run_half(download)
        first = self._source.sent()
        kept, notes = records.kept_bytes(download), records.notes_bytes(download)
        drop_from_cache(path for path in download.folder.rglob("*") if path.is_file() and not path.is_symlink())
        return Half(kept, notes, first)
