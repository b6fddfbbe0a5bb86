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

case $language in
    python)
        "$root/tests/python/environment.sh" .venv requirements.txt
        PATH="$PWD/.venv/bin:$PATH" openapi-python-client generate --path "$document" --config config.yaml --meta none \
            --output-path hfdownloader_client --overwrite --fail-on-warning
        ;;
    typescript)
        if ! cmp -s package-lock.json node_modules/.installed; then
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
