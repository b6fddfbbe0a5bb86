"""Reads a revision from the cache with huggingface_hub, offline: read_back.py KIND REPO REVISION

Prints each file's size and its two possible ETags (git's blob SHA-1 and SHA-256), and what scan_cache_dir() complains of.
"""

import hashlib
import json
import sys
from pathlib import Path

from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download

kind, repo, revision = sys.argv[1:]
snapshot = Path(snapshot_download(repo, repo_type=kind, revision=revision, local_files_only=True))
files = {}
for found in snapshot.rglob("*"):
    if found.is_dir():
        continue
    name = found.relative_to(snapshot).as_posix()
    path = hf_hub_download(repo, name, repo_type=kind, revision=revision, local_files_only=True)
    size = Path(path).stat().st_size
    git, sha256 = hashlib.sha1(f"blob {size}\0".encode()), hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            git.update(chunk)
            sha256.update(chunk)
    files[name] = [size, git.hexdigest(), sha256.hexdigest()]
warnings = [str(warning) for warning in scan_cache_dir().warnings]
print(json.dumps({"files": files, "warnings": warnings}))
