#!/bin/sh
# Resolves pyproject.toml into the lock files, universally and with hashes. Further words go to uv:
# `make lock ARGS=--upgrade`, `make lock ARGS='--upgrade-package aiohttp'`.
set -eu
cd "$(dirname "$0")/.."

if command -v uv >/dev/null 2>&1; then
    uv=uv
else
    tool=$(mktemp -d)
    trap 'rm -rf "$tool"' EXIT
    .venv/bin/python -m venv "$tool"
    "$tool/bin/python" -m pip install --quiet --disable-pip-version-check uv
    uv=$tool/bin/uv
fi

compile() { # output, then what goes in
    output=$1
    shift
    # No header and no index: a lock file says what, never from where or by whose hand.
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links --output-file "$output" "$@"
}
# Each later file is constrained by the earlier ones: one version of a package everywhere.
compile requirements.lock "$@" pyproject.toml
compile requirements-build.lock "$@" -c requirements.lock --group build
compile requirements-dev.lock "$@" -c requirements.lock -c requirements-build.lock --group dev pyproject.toml
compile requirements-sbom.lock "$@" -c requirements-dev.lock --group sbom
