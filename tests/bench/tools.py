"""Who downloads, but for our cluster: our single process, and the tools that people use."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import measure
from measure import Usage
from network import CONNECTIONS
from work import Repo

# Python environments with huggingface_hub, made by setup.sh.
ENVIRONMENTS = Path(__file__).resolve().parents[2] / "target/bench"
OURS, VERIFYING = "hfdownloader", "curl + openssl sha256"
HASH_ALL = "find . -type f -print0 | xargs -0 openssl dgst -sha256"


@dataclass(frozen=True)
class Download:
    """One download: of what, from where, into which empty folder."""

    repo: Repo
    endpoint: str
    folder: Path

    def url(self, path: str) -> str:
        return f"{self.endpoint}/{self.repo.id}/resolve/main/{path}"

    @property
    def snapshot(self) -> Path:
        """Where huggingface_hub and we leave the files."""
        return self.folder / f"models--bench--{self.repo.name}/snapshots/{self.repo.commit}"


class Contender(Protocol):
    """Who can do a download and tell what it took."""

    name: str

    def missing(self) -> str | None:
        """What this machine lacks for it."""

    def run(self, download: Download) -> Usage: ...

    def files(self, download: Download) -> Path:
        """The folder with the downloaded files."""


@dataclass(frozen=True)
class Tool:
    """A command."""

    name: str
    program: str
    command: Callable[[Download], list[str]]
    env: dict[str, str] = field(default_factory=dict)
    # Leaves files in huggingface_hub's cache, or right in the folder.
    has_cache: bool = True

    def missing(self) -> str | None:
        return None if shutil.which(self.program) else self.program

    def run(self, download: Download) -> Usage:
        return measure.run(self.command(download), self._env(download), download.folder)

    def run_half(self, download: Download) -> None:
        """Kills it when half is there."""
        measure.run_until(self.command(download), self._env(download), download.folder, download.repo.size // 2)

    def files(self, download: Download) -> Path:
        return download.snapshot if self.has_cache else download.folder

    def _env(self, download: Download) -> dict[str, str]:
        return plain_env(download.folder) | {"HF_ENDPOINT": download.endpoint} | self.env


def plain_env(beside: Path) -> dict[str, str]:
    """An environment in which nobody's settings are: of whom runs this, only where programs are."""
    return {"PATH": os.environ["PATH"], "HOME": str(beside.with_suffix(".home"))}


def ours(programs: Path, *flags: str) -> Tool:
    """`hfdownloader download`, which hashes everything while it arrives."""
    program = str(programs / "hfdownloader")

    def command(download: Download) -> list[str]:
        cache = ["--endpoint", download.endpoint, "--cache-dir", str(download.folder)]
        return [program, "download", download.repo.id, *cache, *flags]

    return Tool(OURS, program, command)


def curl(*, hashes: bool) -> Tool:
    """curl with as many transfers at a time as we have connections a file."""
    name = VERIFYING if hashes else "curl"
    then = f" && {HASH_ALL}" if hashes else ""

    def command(download: Download) -> list[str]:
        config = download.folder.with_suffix(".curl")
        files = (f'url = "{download.url(file.path)}"\noutput = "{file.path}"\n' for file in download.repo.files)
        config.write_text("".join(files))
        transfer = f"curl --silent --show-error --fail --location --create-dirs --continue-at - -K {config}"
        many = f" --parallel --parallel-max {CONNECTIONS}" if len(download.repo.files) > 1 else ""
        return ["sh", "-c", transfer + many + then]

    return Tool(name, "curl", command, has_cache=False)


def aria2c() -> Tool:
    """aria2 as people call it for models."""

    def command(download: Download) -> list[str]:
        urls = download.folder.with_suffix(".aria2")
        urls.write_text("".join(f"{download.url(file.path)}\n  out={file.path}\n" for file in download.repo.files))
        return ["aria2c", "--quiet", "--no-conf", "-x8", "-s8", f"-j{CONNECTIONS}", "--input-file", str(urls)]

    return Tool("aria2c -x8 -s8", "aria2c", command, has_cache=False)


def hf(name: str, environment: str, env: dict[str, str]) -> Tool:
    """`hf download` of a Python environment."""
    program = str(ENVIRONMENTS / environment / "bin/hf")

    def command(download: Download) -> list[str]:
        return [program, "download", download.repo.id, "--cache-dir", str(download.folder), "--quiet"]

    return Tool(name, program, command, {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"} | env)


def hf_download() -> Tool:
    """The newest huggingface_hub."""
    return hf("hf download", "hf", {})


def hf_transfer() -> Tool:
    """The last huggingface_hub that can use hf_transfer."""
    return hf("hf_transfer", "hf-transfer", {"HF_HUB_ENABLE_HF_TRANSFER": "1"})
