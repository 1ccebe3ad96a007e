#!/bin/sh
# Makes .venv from the lock files: `scripts/setup.sh runtime` or `scripts/setup.sh dev`.
# A stamp in .venv says what is installed, so a later run costs milliseconds.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-dev}
venv=.venv
bootstrap=

# These point pip or Python away from the environment made here.
unset PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV PYTHONHOME PYTHONPATH || true
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

fail() {
    echo "srhooks: $*" >&2
    exit 1
}

# A name on PATH proves nothing (shims, stubs, old versions): each candidate is really run.
find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$name"
            return
        fi
    done
    return 1
}

# The path belongs to the stamp: the scripts in .venv/bin do not survive a move.
wanted="$(pwd) $(cat pyproject.toml scripts/setup.sh requirements*.lock | cksum)"
for stamp in "$venv/.installed-dev" "$venv/.installed-$kind"; do
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && "$venv/bin/python" -c '' 2>/dev/null; then
        exit 0
    fi
done

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1 ||
    { [ -e "$venv/.path" ] && [ "$(cat "$venv/.path")" != "$(pwd)" ]; }; then
    python=$(find_python) || fail "Python 3.11 or newer is needed, and none was found" \
        "(looked for: ${PYTHON:-python3 python3.13 python3.12 python3.11})."
    "$python" -c 'import ensurepip, venv' 2>/dev/null || fail \
        "$python cannot make virtual environments; install its venv package" \
        "(Debian, Ubuntu: apt install python3-venv) and try again."
    echo "srhooks: making $venv with $("$python" --version)"
    # Python's own copy of pip runs from its wheel as it is: unpacking and compiling it, only to put
    # the locked pip in its place, would be a quarter of the whole set-up.
    bootstrap=$("$python" -c '
import ensurepip, sysconfig
from pathlib import Path
places = [sysconfig.get_config_var("WHEEL_PKG_DIR"), Path(ensurepip.__file__).parent / "_bundled"]
print(next(wheel for place in places if place for wheel in Path(place).glob("pip-*.whl")))
' 2>/dev/null) || bootstrap=
    "$python" -m venv --clear ${bootstrap:+--without-pip} "$venv" ||
        fail "$python could not make $venv."
    pwd > "$venv/.path"
fi
rm -f "$venv"/.installed-*

# --no-build-isolation: what builds a source distribution or this project comes from the lock too,
# which is why the build tools go first, and pip itself among them. --no-compile: only what a run
# imports is worth compiling.
install() {
    PYTHONPATH=$pip_from "$venv/bin/python" -m pip install \
        -qq --no-compile --no-build-isolation --use-pep517 "$@" ||
        fail "pip could not install from the lock files; its message is above."
}
case $kind in
    runtime) lock=requirements.lock ;;
    dev) lock=requirements-dev.lock ;;
    *) fail "unknown kind of set-up: $kind (runtime or dev)" ;;
esac
echo "srhooks: installing from $lock"
pip_from=$bootstrap
install --require-hashes -r requirements-build.lock
pip_from=
install --require-hashes -r "$lock"
install --no-deps --editable .
echo "$wanted" > "$venv/.installed-$kind"
