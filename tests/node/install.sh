#!/usr/bin/env bash
# Installs the packages of this folder, unless they are there.
set -euo pipefail
cd "$(dirname "$0")"
cmp -s package-lock.json node_modules/.installed-lock.json && exit
echo "installing the packages of tests/node"
npm ci --no-audit --no-fund --silent
cp package-lock.json node_modules/.installed-lock.json
