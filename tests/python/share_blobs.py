"""Moves a model's blobs into huggingface_hub's store of contents shared by all repos, as it does itself after a Xet
download, and prints their names: share_blobs.py REPO"""

import hashlib
import json
import sys
from pathlib import Path

from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.utils import _shared_blobs

cache = Path(HF_HUB_CACHE).absolute()
blobs = cache / ("models--" + sys.argv[1].replace("/", "--")) / "blobs"
shared = []
for blob in sorted(blobs.iterdir()):
    size, xet_hash = blob.stat().st_size, hashlib.sha256(blob.name.encode()).hexdigest()
    wanted = {"blob_path": str(blob), "xet_hash": xet_hash, "cache_dir": cache, "expected_size": size}
    assert _shared_blobs.publish_blob_to_shared_store(**wanted), blob
    # Once more in the way of a second repo with this content.
    blob.unlink()
    assert _shared_blobs.try_link_from_shared_store(**wanted) and blob.is_symlink(), blob
    shared.append(blob.name)
print(json.dumps(shared))
