#!/usr/bin/env bash
# Generates a client from openapi/openapi.yaml, beside a program that uses it, with a generator of pinned version.
# Usage: clients/generate.sh python|typescript|go [FOLDER]     (FOLDER: target/clients/LANGUAGE by default)
set -euo pipefail

language=${1:-}
case $language in
    python | typescript | go) ;;
    *) sed -n '2,3s/^# //p' "$0" >&2; exit 64 ;;
esac
root=$(realpath "$(dirname "$0")/..")
folder=$(realpath -m "${2:-$root/target/clients/$language}")
cd "$root"
document=$PWD/openapi/openapi.yaml
mkdir -p "$folder"
cp -r "clients/$language/." "$folder/"
cd "$folder"

# Says whether the packages that a file pins are installed already: $1 is the file, $2 the folder they are in.
installed() { cmp -s "$1" "$2/.installed"; }

case $language in
    python)
        if ! installed requirements.txt .venv; then
            python3 -m venv .venv
            .venv/bin/pip install --quiet --requirement requirements.txt
            cp requirements.txt .venv/.installed
        fi
        PATH="$PWD/.venv/bin:$PATH" openapi-python-client generate --path "$document" --config config.yaml --meta none \
            --output-path hfdownloader_client --overwrite --fail-on-warning
        ;;
    typescript)
        if ! installed package-lock.json node_modules; then
            npm ci --no-audit --no-fund --silent
            cp package-lock.json node_modules/.installed
        fi
        node_modules/.bin/openapi-typescript "$document" --output schema.d.ts --default-non-nullable false
        ;;
    go)
        go tool oapi-codegen -config oapi-codegen.yaml "$document"
        ;;
esac
echo "generated: $PWD"
