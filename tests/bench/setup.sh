#!/usr/bin/env bash
# Installs what the benchmark needs: nginx as its source, Redis and RabbitMQ for the cluster, and whom we are compared with: curl
# and openssl, aria2, and two Python environments in target/bench. No system service is started.
set -euo pipefail
cd "$(dirname "$0")/../.."

missing=
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=" python3 python3-venv"
[ -x /usr/sbin/nginx ] || missing+=" nginx"
command -v redis-server >/dev/null || missing+=" redis-server"
[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || missing+=" rabbitmq-server"
for program in curl openssl; do command -v "$program" >/dev/null || missing+=" $program"; done
command -v aria2c >/dev/null || missing+=" aria2"
tests/packages.sh "$missing" "nginx redis-server rabbitmq-server"

# Ends with what is too old; Debian 12 and Ubuntu 24.04 have all that is needed.
too_old() {
    echo "the benchmark needs $1 $2 or later, as Debian 12 and Ubuntu 24.04 have it; this is ${3:-unknown}" >&2
    exit 1
}
python=$(python3 -c 'import platform; print(platform.python_version())')
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || too_old Python 3.11 "$python"
nginx=$(/usr/sbin/nginx -v 2>&1 | sed -n 's|.*nginx/\([0-9.]*\).*|\1|p')
printf '1.19.5\n%s\n' "$nginx" | sort --version-sort --check=quiet || too_old nginx 1.19.5 "$nginx"

tests/python/environment.sh target/bench/hf tests/bench/hf-requirements.txt
tests/python/environment.sh target/bench/hf-transfer tests/bench/hf-transfer-requirements.txt
