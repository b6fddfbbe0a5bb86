#!/usr/bin/env bash
# Installs what the tests need besides Rust: Python environments with huggingface_hub (.venv) and with what tests the API
# (.venv-tools), Chromium, Node.js and small programs for the documented examples and the generated clients, the programs of Redis
# and RabbitMQ, of which the tests start servers of their own, Prometheus' promtool, and an OpenTelemetry Collector and what the
# Helm chart is tested with (target/tools; needs Go).
set -euo pipefail
cd "$(dirname "$0")/.."

missing=
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=" python3 python3-venv"
command -v redis-server >/dev/null || missing+=" redis-server"
# For promtool.
command -v promtool >/dev/null || missing+=" prometheus"
for program in bc curl jq; do command -v "$program" >/dev/null || missing+=" $program"; done
command -v node >/dev/null || missing+=" nodejs"
command -v npm >/dev/null || missing+=" npm"
# The browser, which shows no text without a font.
[ -x /usr/bin/chromium ] || missing+=" chromium"
[ -n "$(find /usr/share/fonts -name '*.ttf' -print -quit 2>/dev/null)" ] || missing+=" fonts-dejavu-core"
[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || missing+=" rabbitmq-server"
tests/packages.sh "$missing" "redis-server rabbitmq-server prometheus"
# For cache volumes that are read-only, full or gone.
if ! unshare --map-root-user --mount true 2>/dev/null; then
    echo "the tests need user and mount namespaces: allow them (sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu," >&2
    echo "docker run --security-opt seccomp=unconfined --cap-add SYS_ADMIN in a container)" >&2
    exit 1
fi
[ -n "${HFD_TEST_VENV:-}" ] || tests/python/environment.sh .venv tests/python/requirements.txt
tests/python/environment.sh .venv-tools tests/python/tools-requirements.txt
# Builds the Go program of tests/go/$1 into target/tools, unless it is there; the same sources make the same program.
program() {
    local sources=tests/go/$1 built=target/tools/$1
    if [ -x "$built" ] && [ -z "$(find "$sources" -newer "$built")" ]; then return; fi
    echo "building $sources"
    go -C "$sources" build -trimpath -ldflags='-s -w' -o "$PWD/$built" .
}
tests/node/install.sh
# Looks first whether there is a Go that will do.
tests/go/tools/build.sh
program collector
