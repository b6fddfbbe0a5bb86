#!/usr/bin/env bash
# Installs Debian packages: packages.sh "PACKAGES" "SERVICES". None of the packages' services is started, now or with the machine.
set -euo pipefail
missing=$1 services=$2
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "needed are$missing; install first: sudo apt-get install$missing" >&2
    echo "(no system service is needed: sudo systemctl disable --now $services)" >&2
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
for service in $services; do
    if [[ $missing == *"$service"* ]] && command -v systemctl >/dev/null; then
        systemctl disable --quiet --now "$service" 2>/dev/null || true
    fi
done
