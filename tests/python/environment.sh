#!/usr/bin/env bash
# Makes the virtual environment $1 with the packages that the file $2 pins, unless it has them.
set -euo pipefail
venv=$1 requirements=$2
# Its programs name the folder, and its packages lie below the version of Python.
wanted=$(realpath -m "$venv" && python3 -V && cat "$requirements")
[ "$(cat "$venv/requirements.installed" 2>/dev/null)" = "$wanted" ] && exit
echo "installing the Python packages of $requirements into $venv"
python3 -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --requirement "$requirements"
echo "$wanted" >"$venv/requirements.installed"
