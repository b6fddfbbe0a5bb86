#!/usr/bin/env bash
# Builds what the Helm chart is tested with, in the versions that go.mod pins, and makes schemas of what it deploys: all into
# target/tools, once. The first time takes about two minutes, and 1.5 GB in Go's caches.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../../.. && pwd)
tools=$root/target/tools
# The oldest Kubernetes that the chart is for, and a new one.
kubernetes="v1.30.14 v1.37.2"
keda=github.com/kedacore/keda/v2@v2.21.0
gateway=sigs.k8s.io/gateway-api@v1.6.3
prometheus=github.com/prometheus-operator/prometheus-operator@v0.85.0

# The same inputs have been built already.
made=$(cat go.mod go.sum build.sh schemas.py | sha256sum)
[ "$(cat "$tools/.made" 2>/dev/null)" != "$made" ] || exit 0

# From 1.21 on, Go gets itself the version that go.mod wants.
version=$(go env GOVERSION 2>/dev/null || true)
if [ "$(printf '%s\n' go1.21 "${version:-none}" | sort -V | head -1)" != go1.21 ]; then
    echo "the tests of the Helm chart need Go 1.26 or later (found: ${version:-none}); install it from https://go.dev/dl" >&2
    exit 1
fi
echo "building helm, helm-unittest, helm-docs and kubeconform into target/tools"
mkdir -p "$tools/bin"
# Helm believes to talk to the oldest Kubernetes unless it is told otherwise.
newest=${kubernetes##* v1.}
go build -trimpath -o "$tools/bin/" \
    -ldflags "-s -w -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=${newest%%.*}" tool

# The folder of a module, whose content Go's checksum database has vouched for.
folder() { (cd "$tools" && GOWORK=off go mod download -json "$1") | jq -r .Dir; }
rm -rf "$tools/schemas"
python=$root/.venv-tools/bin/python
for one in $kubernetes; do
    "$python" schemas.py "$tools/schemas/$one" "$(folder "k8s.io/kubernetes@$one")/api/openapi-spec/swagger.json"
done
crds=$(folder "$prometheus")/example/prometheus-operator-crd/monitoring.coreos.com
"$python" schemas.py "$tools/schemas/extensions" \
    "$(folder "$keda")"/config/crd/bases/keda.sh_{scaledobjects,triggerauthentications}.yaml \
    "$(folder "$gateway")/config/crd/standard/gateway.networking.k8s.io_httproutes.yaml" \
    "$crds"_{servicemonitors,prometheusrules}.yaml
echo "$made" >"$tools/.made"
