"""Make README.md fit for a package index: `release_readme.py FILE URL VERSION`, in place.

A package index shows the README away from its repository. Pictures then need the address of the raw
file at the release's tag, other relative links that of its page.
"""

import re
import sys
from pathlib import Path

RELATIVE = r"(?!https?:|mailto:|#|/)"
PICTURE = re.compile(rf'\b(src|srcset)="{RELATIVE}([^"]+)"')
LINK = re.compile(rf"\]\({RELATIVE}([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def absolute(text: str, url: str, version: str) -> str:
    """The text with absolute addresses; code blocks stay as they are."""
    raw, page = f"{url}/raw/v{version}", f"{url}/blob/v{version}"

    def changed(part: str) -> str:
        part = PICTURE.sub(lambda found: f'{found[1]}="{raw}/{found[2]}"', part)
        return LINK.sub(lambda found: f"]({page}/{found[1]})", part)

    parts, end = [], 0
    for block in FENCE.finditer(text):
        parts += [changed(text[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*parts, changed(text[end:])])


def main() -> None:
    file, url, version = sys.argv[1:]
    path = Path(file)
    text = path.read_text(encoding="utf-8")
    path.write_text(absolute(text, url.rstrip("/"), version), encoding="utf-8")


if __name__ == "__main__":
    main()
