#!/usr/bin/env bash
# Prepares a release up to the upload: version, changelog, commit, tag, wheel, sdist, image.
# `scripts/release.sh 0.2.0`; DRY_RUN=1 says what it would do and changes nothing but dist/.
# RELEASE_URL=https://HOST/OWNER/srhooks is where the repository can be read: then the packages name it,
# and the README's pictures and links work on a package index.
set -euo pipefail
cd "$(dirname "$0")/.."

version=${1:-}
die() {
    echo "release: $*" >&2
    exit 1
}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || die "give a version: make release VERSION=1.2.3"
[ -z "${DRY_RUN:-}" ] && [ -n "$(git status --porcelain)" ] && die "commit or stash your changes first"
git rev-parse -q --verify "refs/tags/v$version" >/dev/null && die "v$version exists already"
grep -q '^## \[Unreleased\]' CHANGELOG.md || die "CHANGELOG.md has no [Unreleased] section"
# What stands between [Unreleased] and the next heading is what this release brings.
notes=$(awk '/^## \[Unreleased\]/ { on = 1; next } /^## / { on = 0 } on' CHANGELOG.md)
[ -n "${notes//[[:space:]]/}" ] || die "CHANGELOG.md tells nothing under [Unreleased]"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git ls-files -z | tar --null --files-from=- -cf - | tar -xf - -C "$work"
sed -i "s/^version = \".*\"/version = \"$version\"/" "$work/pyproject.toml"
sed -i "s/^## \[Unreleased\]/## [Unreleased]\n\n## [$version] - $(date -u +%F)/" "$work/CHANGELOG.md"

if [ -n "${RELEASE_URL:-}" ]; then
    [[ $RELEASE_URL =~ ^https://[^[:space:]\"]+$ ]] || die "RELEASE_URL must be an https address"
    RELEASE_URL=${RELEASE_URL%/}
    .venv/bin/python scripts/release_readme.py "$work/README.md" "$RELEASE_URL" "$version"
    printf '\n[project.urls]\nSource = "%s"\nChangelog = "%s"\n' \
        "$RELEASE_URL" "$RELEASE_URL/blob/v$version/CHANGELOG.md" >> "$work/pyproject.toml"
else
    echo "release: RELEASE_URL is not set: a package index shows no pictures, and no link to the source" >&2
fi

rm -rf dist
(cd "$work" && "$OLDPWD/.venv/bin/hatchling" build --target wheel --target sdist >/dev/null 2>&1)
mv "$work/dist" dist
for made in "dist/srhooks-$version-py3-none-any.whl" "dist/srhooks-$version.tar.gz"; do
    [ -s "$made" ] || die "$made was not made"
    echo "release: $made"
done

if [ -n "${DRY_RUN:-}" ]; then
    echo "release: would commit and tag v$version"
else
    sed -i "s/^version = \".*\"/version = \"$version\"/" pyproject.toml
    cp "$work/CHANGELOG.md" .
    git commit -qam "release: $version"
    git tag -a "v$version" -m "srhooks $version"
    echo "release: committed and tagged v$version"
fi

if docker info >/dev/null 2>&1; then
    docker build --quiet --tag "srhooks:$version" --build-arg "VERSION=$version" \
        --build-arg "REVISION=$(git rev-parse HEAD)" --build-arg "SOURCE_URL=${RELEASE_URL:-}" .
    echo "release: image srhooks:$version"
else
    echo "release: no Docker engine here; make image-check builds the image without it"
fi
cat <<EOF
release: to publish it,
    git push origin main v$version
    .venv/bin/python -m twine upload dist/*
    docker buildx build --platform linux/amd64,linux/arm64 --provenance=true --sbom=true --push \\
        --build-arg VERSION=$version --build-arg REVISION=$(git rev-parse HEAD) \\
        --build-arg SOURCE_URL=${RELEASE_URL:-} --tag REGISTRY/srhooks:$version .
EOF
