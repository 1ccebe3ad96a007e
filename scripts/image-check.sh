#!/usr/bin/env bash
# Builds the image without a container engine, starts it as its own CMD and user say, and stops it.
# Needs root, and Debian's buildah and mmdebstrap. IMAGE_BASE_TAR=FILE reuses a base made before.
# IMAGE_ARCH=arm64 builds for another processor, emulated: with qemu-user-static, arch-test and a binfmt_misc
# entry (which Debian's binfmt-support makes), and it takes a quarter of an hour.
set -Eeuo pipefail
cd "$(dirname "$0")/.."

say() { printf 'image-check: %-28s %s\n' "$1" "${2:-}"; }
die() {
    echo "image-check: $*" >&2
    exit 1
}
now() { date +%s%3N; }
since() { printf '%d.%01d s' $((($(now) - $1) / 1000)) $((($(now) - $1) % 1000 / 100)); }

[ "$(id -u)" = 0 ] || die "needs root: it makes a root file system"
for tool in buildah mmdebstrap; do
    command -v "$tool" >/dev/null || die "needs $tool (Debian, Ubuntu: apt install buildah mmdebstrap)"
done

own=$(dpkg --print-architecture)
arch=${IMAGE_ARCH:-$own}
start_limit=20000 stop_limit=5000 # ms
# An emulated program takes its time; what it promises is measured on a processor of its own.
[ "$arch" = "$own" ] || { start_limit=120000 stop_limit=30000; }

# In memory where it has room and may hold programs: nothing waits for a disk.
memory_disk=/dev/shm
if [ -z "${TMPDIR:-}" ] && [ "$(df -m --output=avail "$memory_disk" 2>/dev/null | tail -n 1)" -gt 4096 ] &&
    findmnt --noheadings --output OPTIONS "$memory_disk" | grep -qvw noexec; then
    export TMPDIR=$memory_disk
fi
work=$(mktemp -d)
runner=
cleanup() {
    if [ -n "$runner" ]; then kill -KILL "$runner" 2>/dev/null || true; fi
    buildah rm --all >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'echo "image-check: line $LINENO failed: $BASH_COMMAND" >&2' ERR
# Storage of its own, so that nothing on this machine is touched or relied on.
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot XDG_RUNTIME_DIR=$work
buildah() { command buildah --root "$work/storage" --runroot "$work/run" "$@"; }

# How this machine reaches its package registry (a mirror, its own CA) is lent to the build as
# mounts: it helps the build and leaves no trace in the image. Paths mean nothing in there.
PIP=(python3 -m pip)
"${PIP[@]}" --version >/dev/null 2>&1 || PIP=(.venv/bin/python -m pip)
{
    echo '[global]'
    "${PIP[@]}" config list 2>/dev/null | sed -nE "/='(file:|\/)/d
        s/^(global|install|:env:)\.((extra-)?index-url|trusted-host|proxy)='(.*)'$/\2 = \4/p" |
        sort -u -t= -k1,1
} > "$work/pip.conf"
mounts=(--volume "$work/pip.conf:/etc/pip.conf:ro")
for ca in "${PIP_CERT:-}" "${SSL_CERT_FILE:-}" "${REQUESTS_CA_BUNDLE:-}" /etc/ssl/certs/ca-certificates.crt; do
    if [ -f "$ca" ]; then
        cp -L "$ca" "$work/ca.pem"
        echo 'cert = /run/build-ca.pem' >> "$work/pip.conf"
        mounts+=(--volume "$work/ca.pem:/run/build-ca.pem:ro")
        break
    fi
done

# An engine would pull python:slim; here the base is made from Debian's packages.
start=$(now)
base=${IMAGE_BASE_TAR:-$work/base.tar}
if [ ! -f "$base" ]; then
    apt-config dump | grep -E '^Acquire::(http|https|Retries)' > "$work/apt.conf" || true
    # shellcheck disable=SC1091 # of the machine, not of the repository
    # Manuals and translations go at the end: dpkg's path-exclude filters each package, which takes half as long again.
    # shellcheck disable=SC2016 # mmdebstrap's shell knows what $1 is
    mmdebstrap --quiet --variant=essential --architectures="$arch" --include=passwd,python3,python3-venv \
        --aptopt="$work/apt.conf" --customize-hook='rm -rf "$1"/usr/share/doc "$1"/usr/share/locale "$1"/usr/share/man' \
        "${IMAGE_SUITE:-$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")}" "$base"
fi
blank=$(buildah from --arch "$arch" scratch)
buildah add --quiet "$blank" "$base" / >/dev/null
buildah config --arch "$arch" --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$blank"
buildah commit --quiet --rm "$blank" localhost/base >/dev/null
say "base made" "$(since "$start")"

start=$(now)
buildah bud --quiet --arch "$arch" --format docker --pull-never --network host "${mounts[@]}" \
    --build-arg BASE_IMAGE=localhost/base --build-arg VERSION=0.0.0 --build-arg REVISION=image-check \
    --tag localhost/srhooks . >"$work/build.log" 2>&1 ||
    { cat "$work/build.log" >&2; die "the build failed"; }
say "image built" "$(since "$start")"

container=$(buildah from --arch "$arch" --pull-never localhost/srhooks)
config() { buildah inspect --type container --format "{{$1}}" "$container"; }
root=$(buildah mount "$container")
say "size, whole" "$(du -sm "$root" | cut -f1) MB"
say "size, /venv alone" "$(du -sm "$root/venv" | cut -f1) MB"
python3 - "$root/venv/sbom.cdx.json" <<'PYTHON' || die "the SBOM is not what it should be"
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    bom = json.load(file)
assert bom["metadata"]["component"]["name"] == "srhooks", bom["metadata"]
assert {"aiohttp", "cryptography"} <= {part["name"] for part in bom["components"]}
PYTHON
python3 - "$root/venv/provenance.json" <<'PYTHON' || die "the provenance is not what it should be"
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    made = json.load(file)
assert made["predicateType"] == "https://slsa.dev/provenance/v1", made
(wheel,) = made["subject"]
assert wheel["name"].endswith(".whl") and len(wheel["digest"]["sha256"]) == 64, wheel
inputs = {one["uri"]: one.get("digest") for one in made["predicate"]["buildDefinition"]["resolvedDependencies"]}
assert inputs["git:srhooks"] == {"gitCommit": "image-check"} and "docker:localhost/base" in inputs, inputs
PYTHON
[ "$(config 'index .OCIv1.Config.Labels "org.opencontainers.image.revision"')" = image-check ] ||
    die "no label tells the revision"
[ -n "$(config '.Docker.Config.Healthcheck.Test')" ] || die "no HEALTHCHECK"
[ "$(config '.OCIv1.Config.User')" = 10001:10001 ] || die "user is $(config '.OCIv1.Config.User')"
# Up, exactly as the image says, with the settings that an operator must give.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mapfile -t cmd < <(buildah inspect --type container "$container" |
    python3 -c 'import json, sys; print(*json.load(sys.stdin)["OCIv1"]["config"]["Cmd"], sep="\n")')
start=$(now)
buildah run --network host --env "PORT=$port" --env "APP_URL=http://localhost:$port" \
    --env SMARTRECRUITERS_CLIENT_ID=image-check --env SMARTRECRUITERS_CLIENT_SECRET=image-check \
    --env SESSION_SECRET=0123456789abcdef0123456789abcdef0123456789 \
    "$container" -- "${cmd[@]}" >"$work/run.log" 2>&1 &
runner=$!
status() {
    python3 - "$port" "$1" <<'PYTHON'
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=2)
try:
    connection.request("GET", sys.argv[2])
    print(connection.getresponse().status)
except OSError:
    print("none")
PYTHON
}
for path in /healthz /readyz / ; do
    until [ "$(status "$path")" = 200 ]; do
        kill -0 "$runner" 2>/dev/null || { cat "$work/run.log" >&2; die "it ended before $path answered"; }
        [ $(($(now) - start)) -lt "$start_limit" ] || { cat "$work/run.log" >&2; die "no 200 from $path in $((start_limit / 1000)) s"; }
        sleep 0.1
    done
done
say "200 from /healthz /readyz /" "$(since "$start") after its start"

# The program itself is the last of the chain of processes that buildah starts.
pid=$runner
while child=$(pgrep -P "$pid" | head -n 1) && [ -n "$child" ]; do pid=$child; done
read -r _ uid _ < <(grep '^Uid:' "/proc/$pid/status")
[ "$uid" = 10001 ] || die "runs as uid $uid, not 10001"
[ "$(config .OCIv1.Architecture)" = "$arch" ] || die "the image is not for $arch"
say "runs as" "uid $uid, $arch, $(tr '\0' ' ' < "/proc/$pid/cmdline")"
buildah run --network host --env "PORT=$port" "$container" -- /bin/sh -c \
    "$(buildah inspect --type container "$container" | python3 -c '
import json, shlex, sys
test = json.load(sys.stdin)["Docker"]["config"]["Healthcheck"]["Test"]
print(shlex.join(test[1:]) if test[0] == "CMD" else test[1])')" || die "the HEALTHCHECK fails"
say "HEALTHCHECK" "passes"

start=$(now)
kill -TERM "$pid"
code=0
wait "$runner" || code=$?
runner=
took=$(($(now) - start))
[ "$code" = 0 ] || { cat "$work/run.log" >&2; die "exit code $code after SIGTERM"; }
[ "$took" -le "$stop_limit" ] || die "took $took ms to stop"
say "SIGTERM" "exit code 0 after $took ms"
say "passed" "$SECONDS s in all"
