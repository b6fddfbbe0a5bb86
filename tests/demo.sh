#!/usr/bin/env bash
# Starts a fake Hub with a small repository and the service, posts a job, and shows what arrives.
# Usage: tests/demo.sh FOLDER_OF_THE_PROGRAMS
set -euo pipefail
cd "$(dirname "$0")/.."

programs=$1
for tool in curl python3; do
    command -v "$tool" >/dev/null || { echo "the demo needs $tool; install it first" >&2; exit 1; }
done
work=$(mktemp -d)
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

# Waits until a file has a line that matches, and prints the first URL in it.
url_in() {
    for _ in $(seq 100); do
        if url=$(grep -m1 -E "$2" "$1" 2>/dev/null | grep -oE 'http://127\.0\.0\.1:[0-9]+' | head -1) && [ -n "$url" ]; then
            echo "$url"
            return
        fi
        sleep 0.1
    done
    echo "no line with '$2' in $1:" >&2
    cat "$1" >&2
    return 1
}
field() { python3 -c "import json, sys; job = json.load(sys.stdin); print($1)"; }

"$programs/fake-hub" --root "$work/hub" --demo >"$work/hub.log" 2>&1 &
pids+=($!)
hub=$(url_in "$work/hub.log" 'fake Hub at')
"$programs/hfdownloader" serve --port 0 --cache-dir "$work/cache" --data-dir "$work/data" --endpoint "$hub" >"$work/serve.log" 2>&1 &
pids+=($!)
api=$(url_in "$work/serve.log" 'listening')

echo "fake Hub: $hub"
echo "service:  $api"
echo "\$ curl -X POST $api/api/download -d '{\"repo\": \"demo/tiny-model\"}'"
job=$(curl -sS --noproxy '*' -X POST "$api/api/download" -H 'Content-Type: application/json' -d '{"repo": "demo/tiny-model"}')
id=$(field 'job["id"]' <<<"$job")
status=queued
for _ in $(seq 600); do
    job=$(curl -sS --noproxy '*' "$api/api/jobs/$id")
    status=$(field 'job["status"]' <<<"$job")
    field '"{}: {completedFiles}/{totalFiles} files, {downloadedBytes} bytes".format(job["status"], **job["progress"])' <<<"$job"
    case $status in completed | failed | cancelled) break ;; esac
    sleep 0.2
done
[ "$status" = completed ] || { cat "$work/serve.log" >&2; exit 1; }
echo "in the cache:"
(cd "$work/cache" && find . -path ./.locks -prune -o \( -type f -o -type l \) -print | sort)
