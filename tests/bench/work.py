"""What is downloaded: repositories of random content, laid out for the source to serve."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from measure import io_of

MIB = 1 << 20
GIB = 1 << 30
SMALL_BYTES = 4096
# Entries in one page of a listing, as on the Hub.
PAGE = 1000


@dataclass(frozen=True)
class File:
    """A file of a repository. A large one is kept in LFS, and its ETag is its SHA-256; that of a small one is git's hash."""

    path: str
    size: int
    etag: str
    # The content that the source serves.
    blob: Path
    is_large: bool

    def entry(self) -> dict[str, object]:
        """The file in a listing."""
        shown: dict[str, object] = {"type": "file", "path": self.path, "size": self.size, "oid": self.etag[:40]}
        if self.is_large:
            shown["lfs"] = {"oid": self.etag, "size": self.size, "pointerSize": 135}
        return shown


@dataclass
class Repo:
    """A model, `bench/NAME`, at one commit."""

    name: str
    files: list[File] = field(default_factory=list)
    # What the system wrote to disk for plain copies of them: a small file costs more than its content.
    written: int = 0

    @property
    def id(self) -> str:
        return f"bench/{self.name}"

    @property
    def commit(self) -> str:
        return hashlib.sha1(self.id.encode()).hexdigest()

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


class Shelf:
    """The folder that the source serves: `blobs/ETAG`, and for each repository `info/NAME.json` and `tree/NAME/CURSOR.json`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.repos: list[Repo] = []
        (root / "blobs").mkdir(parents=True)
        (root / "info").mkdir()

    def add_large(self, name: str, count: int, size: int) -> Repo:
        """A repository of large files."""
        return self._made(name, lambda: [self._large(f"model-{n:05}-of-{count:05}.safetensors", size) for n in range(1, count + 1)])

    def add_small(self, name: str, count: int) -> Repo:
        """A repository of files of 4 KiB in twenty folders."""
        return self._made(name, lambda: [self._small(f"part-{n % 20:02}/{n:06}.txt") for n in range(count)])

    def add_endless(self, name: str, size: int) -> Repo:
        """A repository of one file without content, for a job that is not to end while others are measured."""
        etag = hashlib.sha256(name.encode()).hexdigest()
        blob = self._blob(etag)
        with blob.open("wb") as content:
            content.truncate(size)
        return self._add(Repo(name, [File("model.safetensors", size, etag, blob, True)]))

    def _made(self, name: str, make_files: Callable[[], list[File]]) -> Repo:
        before = io_of(os.getpid())
        files = make_files()
        return self._add(Repo(name, files, (io_of(os.getpid()) - before).written))

    def _large(self, path: str, size: int) -> File:
        digest = hashlib.sha256()
        unnamed = self.root / "unnamed"
        with unnamed.open("wb") as content:
            for start in range(0, size, 8 * MIB):
                chunk = os.urandom(min(8 * MIB, size - start))
                digest.update(chunk)
                content.write(chunk)
        etag = digest.hexdigest()
        return File(path, size, etag, unnamed.rename(self._blob(etag)), True)

    def _small(self, path: str) -> File:
        content = os.urandom(SMALL_BYTES)
        etag = hashlib.sha1(b"blob %d\0" % SMALL_BYTES + content).hexdigest()
        blob = self._blob(etag)
        blob.write_bytes(content)
        return File(path, SMALL_BYTES, etag, blob, False)

    def _blob(self, etag: str) -> Path:
        return self.root / "blobs" / etag

    def _add(self, repo: Repo) -> Repo:
        siblings = [{"rfilename": file.path} for file in repo.files]
        info = {"_id": repo.commit[:24], "id": repo.id, "modelId": repo.id, "sha": repo.commit, "siblings": siblings}
        info |= {"private": False, "gated": False, "disabled": False, "tags": [], "downloads": 0, "likes": 0}
        (self.root / "info" / f"{repo.name}.json").write_text(json.dumps(info))
        folder = self.root / "tree" / repo.name
        folder.mkdir(parents=True)
        for start in range(0, len(repo.files), PAGE):
            page = [file.entry() for file in repo.files[start : start + PAGE]]
            (folder / f"{cursor(start)}.json").write_text(json.dumps(page))
        self.repos.append(repo)
        return repo


def cursor(start: int) -> str:
    """Names the page of a listing that begins at this entry; the first one has no name."""
    return str(start) if start else ""


def wrong_files(repo: Repo, folder: Path) -> list[str]:
    """The files whose content in this folder is not the repository's."""
    return [file.path for file in repo.files if not _is_right(file, folder / file.path)]


def _is_right(file: File, path: Path) -> bool:
    """Compared byte by byte, which takes a fraction of the time that hashes do."""
    if not path.is_file():
        return False
    with file.blob.open("rb") as expected, path.open("rb") as found:
        while content := expected.read(MIB):
            if found.read(MIB) != content:
                return False
        return not found.read(1)
