#!/usr/bin/env bash
# Installs what the tests need besides Rust: a Python environment with huggingface_hub, in .venv.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=${HFD_TEST_VENV:-.venv}
requirements=tests/python/requirements.txt

if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    packages="python3 python3-venv"
    if [ "$(id -u)" -ne 0 ]; then
        echo "the tests need $packages; install them first: sudo apt-get install $packages" >&2
        exit 1
    fi
    echo "installing $packages"
    apt-get update -qq && apt-get install -y -qq $packages
fi
if ! cmp -s "$requirements" "$venv/requirements.installed"; then
    echo "installing the Python packages of $requirements into $venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement "$requirements"
    cp "$requirements" "$venv/requirements.installed"
fi
