#!/bin/sh
# Cargo for the machine that an image is for, in a build that may run on another one; used by the Dockerfile.
#   target install        what it takes to build for that machine
#   target folder         where the programs are
#   target COMMAND …      `cargo COMMAND --release …` for it
set -eu

case $TARGETARCH in
amd64) machine=x86_64 ;;
arm64) machine=aarch64 ;;
*) echo "cannot build for $TARGETARCH: only for amd64 and arm64" >&2 && exit 1 ;;
esac
triple=$machine-unknown-linux-gnu
gcc=$machine-linux-gnu

case $1 in
install)
    [ "$TARGETARCH" = "$BUILDARCH" ] && exit
    apt-get update
    apt-get install --yes --no-install-recommends "gcc-$(echo "$gcc" | tr _ -)" "g++-$(echo "$gcc" | tr _ -)"
    rm -rf /var/lib/apt/lists/*
    rustup target add "$triple"
    ;;
folder) echo "/src/target/$triple/release" ;;
*)
    if [ "$TARGETARCH" != "$BUILDARCH" ]; then
        # What compiles C and C++ finds the right compiler by itself.
        export "CARGO_TARGET_$(echo "$triple" | tr a-z- A-Z_)_LINKER=$gcc-gcc"
    fi
    command=$1
    shift
    exec cargo "$command" --release --target "$triple" "$@"
    ;;
esac
