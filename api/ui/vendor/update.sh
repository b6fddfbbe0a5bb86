#!/usr/bin/env bash
# Fetches the libraries of the page in the versions below, as modules that find each other by relative names: browsers need no
# import map then, which a strict policy would not let through.
set -euo pipefail
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Takes module $3 of package $1 (version $2) as $4.js, and its licence.
take() {
    local package=$1 version=$2 module=$3 name=$4 folder=$scratch/$4
    mkdir -p "$folder"
    npm pack --silent --pack-destination "$folder" "$package@$version" >/dev/null
    tar xzf "$folder"/*.tgz -C "$folder"
    {
        echo "// $package $version, $(jq -r .license "$folder/package/package.json"); see $name.LICENSE"
        sed -E -e '/^\/\/# sourceMappingURL/d' \
            -e 's#from *"preact/hooks"#from"./hooks.js"#g; s#from *"preact"#from"./preact.js"#g' \
            -e 's#from *"@preact/signals-core"#from"./signals-core.js"#g' "$folder/package/$module"
    } >"$name.js"
    cp "$folder/package/LICENSE" "$name.LICENSE"
}

take preact 11.2.0 dist/preact.mjs preact
take preact 11.2.0 hooks/dist/hooks.mjs hooks
take @preact/signals-core 1.14.5 dist/signals-core.mjs signals-core
take @preact/signals 2.11.4 dist/signals.mjs signals
take htm 3.1.1 dist/htm.mjs htm
