"""Downloads a revision with huggingface_hub and prints the snapshot's folder: download.py KIND REPO REVISION [TOKEN]"""

import json
import sys

from huggingface_hub import snapshot_download

kind, repo, revision, *token = sys.argv[1:]
print(json.dumps(snapshot_download(repo, repo_type=kind, revision=revision, token=token[0] if token else False)))
