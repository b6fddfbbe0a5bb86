#!/usr/bin/env bash
# Checks the types of the page's modules against the API document. The tools come with tests/node.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v npm >/dev/null || { echo "checking the page's types needs Node.js 18 or later with npm" >&2; exit 1; }
tests/node/install.sh
tools=tests/node/node_modules/.bin
mkdir -p target/ui
"$tools/openapi-typescript" openapi/openapi.yaml --default-non-nullable false --output target/ui/schema.d.ts >/dev/null
"$tools/tsc" --project api/ui
