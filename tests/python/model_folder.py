"""Prints the folder of the model that the package tokenlearn-static-model ships."""

import importlib.util
import json
from pathlib import Path

print(json.dumps(str(Path(importlib.util.find_spec("static_model").origin).parent / "model")))
