#!/usr/bin/env bash
# Installs what the tests need besides Rust: a Python environment with huggingface_hub, in .venv, and the programs of Redis
# and RabbitMQ, of which the tests start servers of their own.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=${HFD_TEST_VENV:-.venv}
requirements=tests/python/requirements.txt

missing=
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=" python3 python3-venv"
command -v redis-server >/dev/null || missing+=" redis-server"
[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || missing+=" rabbitmq-server"
if [ -n "$missing" ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "the tests need$missing; install first: sudo apt-get install$missing" >&2
        echo "(no system service is needed: sudo systemctl disable --now redis-server rabbitmq-server)" >&2
        exit 1
    fi
    echo "installing$missing"
    # policy-rc.d says whether the packages may start their services; an answer of the machine's own is kept.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
    fi
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
    # Nor shall they start with the machine, or run where a policy let them.
    for service in redis-server rabbitmq-server; do
        if [[ $missing == *"$service"* ]] && command -v systemctl >/dev/null; then
            systemctl disable --quiet --now "$service" 2>/dev/null || true
        fi
    done
fi
if ! cmp -s "$requirements" "$venv/requirements.installed"; then
    echo "installing the Python packages of $requirements into $venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement "$requirements"
    cp "$requirements" "$venv/requirements.installed"
fi
