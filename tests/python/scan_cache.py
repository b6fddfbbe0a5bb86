"""Prints what scan_cache_dir() of huggingface_hub finds: {"repos": {TYPE/ID: …}, "warnings": […]}"""

import json

from huggingface_hub import scan_cache_dir

found = scan_cache_dir()
repos = {}
for repo in found.repos:
    revisions = {
        revision.commit_hash: {
            "size": revision.size_on_disk,
            "files": len(revision.files),
            "refs": sorted(revision.refs),
            "lastModified": int(revision.last_modified),
        }
        for revision in repo.revisions
    }
    repos[f"{repo.repo_type}/{repo.repo_id}"] = {
        "size": repo.size_on_disk,
        "files": repo.nb_files,
        "path": str(repo.repo_path),
        "lastModified": int(repo.last_modified),
        "revisions": revisions,
    }
print(json.dumps({"repos": repos, "size": found.size_on_disk, "warnings": [str(text) for text in found.warnings]}))
