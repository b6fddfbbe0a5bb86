"""Reads a model as an inference server does that has the cache read-only and no network: use_offline.py REPO"""

import errno
import json
import os
import sys
import warnings
from pathlib import Path

from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download, try_to_load_from_cache
from transformers import AutoConfig, AutoTokenizer



def is_read_only(folder):
    try:
        Path(folder, "written").touch()
    except OSError as error:
        return error.errno == errno.EROFS
    return False


repo = sys.argv[1]
warnings.simplefilter("error")
folder = snapshot_download(repo)
tokenizer = AutoTokenizer.from_pretrained(repo)
print(
    json.dumps(
        {
            "read_only": is_read_only(os.environ["HF_HUB_CACHE"]) and is_read_only("."),
            "branch": snapshot_download(repo, revision="main") == folder,
            "file": hf_hub_download(repo, "config.json") == f"{folder}/config.json",
            "absent": try_to_load_from_cache(repo, "adapter_config.json"),
            "model_type": AutoConfig.from_pretrained(repo).model_type,
            "text": tokenizer.decode(tokenizer("hello world")["input_ids"], skip_special_tokens=True),
            "warnings": [str(warning) for warning in scan_cache_dir().warnings],
        }
    )
)
