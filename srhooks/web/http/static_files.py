"""Static files: read and compressed once, served under names that hold their content's hash.

A name changes with its content, so browsers may keep a file for ever and a deployment is seen at
once. Scripts import each other by relative names; these are rewritten to the hashed ones.
What a stylesheet imports is put in its place, so that a page waits for one file. Comments on
lines of their own are left out, but for those of vendored files, which hold licences.
"""

import functools
import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from aiohttp import hdrs, web

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
COMPRESSED = frozenset({".css", ".js", ".svg"})
FOREVER = "public, max-age=31536000, immutable"
IMPORT = re.compile(r"""\b(from|import)\s*(["'])\./([\w.-]+\.js)\2""")
CSS_IMPORT = re.compile(r"""^@import "\./([\w./-]+\.css)";$""", re.MULTILINE)
COMMENT = re.compile(r"^[ \t]*(?://.*|/\*(?s:.*?)\*/)[ \t]*\n", re.MULTILINE)
INDENTATION = re.compile(r"\n[ \t]+")
PREFIX = "/static/"
VENDORED = "vendor/"


@dataclass(frozen=True, slots=True)
class Asset:
    url: str
    content_type: str
    etag: str
    body: bytes
    gzipped: bytes | None


class Assets:
    """All files of a folder, by their own name and by their hashed one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by_name: dict[str, Asset] = {}
        self._by_url: dict[str, Asset] = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix in TYPES:
                self._load(path.relative_to(folder).as_posix(), ())

    def url(self, name: str) -> str:
        """The address of a file. KeyError: there is no such file."""
        return self._by_name[name].url

    def modules(self) -> list[str]:
        """The addresses of all scripts that others import: a page asks for them early."""
        urls = [self._by_name[name].url for name in sorted(self._by_name) if name.startswith("js/")]
        return [url for url in urls if not url.startswith(f"{PREFIX}js/app.")]

    def find(self, url: str) -> Asset | None:
        return self._by_url.get(url)

    def _load(self, name: str, importers: tuple[str, ...]) -> Asset:
        known = self._by_name.get(name)
        if known is not None:
            return known
        if name in importers:
            raise ValueError(f"scripts import each other in a circle: {(*importers, name)}")
        path = self._folder / name
        body = path.read_bytes()
        if path.suffix == ".js":
            body = self._with_hashed_imports(name, body, importers)
        elif path.suffix == ".css":
            body = _with_imported_styles(path, body)
        if path.suffix in {".js", ".css"} and not name.startswith(VENDORED):
            body = COMMENT.sub("", body.decode()).encode()
        digest = hashlib.sha256(body).hexdigest()
        asset = Asset(
            url=f"{PREFIX}{name.removesuffix(path.suffix)}.{digest[:12]}{path.suffix}",
            content_type=TYPES[path.suffix],
            etag=f'"{digest[:32]}"',
            body=body,
            gzipped=gzip.compress(body, 9, mtime=0) if path.suffix in COMPRESSED else None,
        )
        self._by_name[name] = self._by_url[asset.url] = asset
        return asset

    def _with_hashed_imports(self, name: str, body: bytes, importers: tuple[str, ...]) -> bytes:
        folder = name.rpartition("/")[0]

        def hashed(match: re.Match[str]) -> str:
            word, quote, target = match.groups()
            wanted = f"{folder}/{target}" if folder else target
            url = self._load(wanted, (*importers, name)).url
            return f"{word} {quote}{url}{quote}"

        return IMPORT.sub(hashed, body.decode()).encode()


def _with_imported_styles(path: Path, body: bytes) -> bytes:
    text = CSS_IMPORT.sub(
        lambda match: (path.parent / match[1]).read_text().rstrip(), body.decode()
    )
    return INDENTATION.sub("\n", text).encode()


ASSETS = web.AppKey("assets", Assets)


def own_folder(name: str) -> Path:
    """Inside the package where it is installed, at the top of the repository in a checkout."""
    package = Path(__file__).resolve().parent.parent.parent
    packed = package / name
    return packed if packed.is_dir() else package.parent / name


@functools.cache
def packaged_assets() -> Assets:
    """The files of this version: the same for every application of a process, so read once."""
    return Assets(own_folder("static"))


def setup_assets(app: web.Application, folder: Path | None = None) -> Assets:
    """Read all files, so that pages can name them and `serve` can answer."""
    assets = packaged_assets() if folder is None else Assets(folder)
    app[ASSETS] = assets
    return assets


async def serve(request: web.Request) -> web.Response:
    asset = request.app[ASSETS].find(request.path)
    if asset is None:
        raise web.HTTPNotFound
    headers = {hdrs.CACHE_CONTROL: FOREVER, hdrs.ETAG: asset.etag}
    if asset.gzipped is not None:
        headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
    if _has_it(request.headers.get(hdrs.IF_NONE_MATCH, ""), asset.etag):
        return web.Response(status=304, headers=headers)
    headers[hdrs.CONTENT_TYPE] = asset.content_type
    if asset.gzipped is not None and _takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
        headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=asset.gzipped, headers=headers)
    return web.Response(body=asset.body, headers=headers)


def _has_it(if_none_match: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags


def _takes_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.lower().split(","):
        name, _, rest = part.strip().partition(";")
        if name.strip() in ("gzip", "*"):
            return not re.fullmatch(r"\s*q=0(\.0*)?\s*", rest)
    return False
