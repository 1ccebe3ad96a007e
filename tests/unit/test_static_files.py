"""Scripts and styles as they are served: imports, and names that hold their content's hash."""

import gzip
from pathlib import Path

import pytest
from srhooks.web.http.static_files import Assets


def test_imported_styles_stand_in_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "a.css").write_text("a { b: c; }\n")
    (tmp_path / "app.css").write_text('/* all */\n@import "./css/a.css";\n')
    first = Assets(tmp_path)
    joined = first.find(first.url("app.css"))
    assert joined is not None
    assert joined.body == b"a { b: c; }\n"
    (tmp_path / "css" / "a.css").write_text("a { b: d; }\n")
    assert Assets(tmp_path).url("app.css") != first.url("app.css")


def test_a_changed_script_renames_those_that_import_it(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\n')
    (tmp_path / "b.js").write_text("export const b = 1;\n")
    first = Assets(tmp_path)
    imported = first.find(first.url("a.js"))
    assert imported is not None
    assert first.url("b.js").encode() in imported.body
    assert imported.gzipped is not None
    assert gzip.decompress(imported.gzipped) == imported.body
    (tmp_path / "b.js").write_text("export const b = 2;\n")
    assert Assets(tmp_path).url("a.js") != first.url("a.js")
    (tmp_path / "b.js").write_text('import "./a.js";\n')
    with pytest.raises(ValueError, match="circle"):
        Assets(tmp_path)


def test_comments_are_left_out_but_for_those_of_vendored_files(tmp_path: Path) -> None:
    (tmp_path / "vendor").mkdir()
    text = "// licence\n/**\n * @param {string} a\n */\nf(a); // here\n\n"
    for name in ("a.js", "vendor/a.js"):
        (tmp_path / name).write_text(text)
    assets = Assets(tmp_path)
    own, vendored = (assets.find(assets.url(name)) for name in ("a.js", "vendor/a.js"))
    assert own is not None
    assert vendored is not None
    assert own.body == b"f(a); // here\n\n"
    assert vendored.body == text.encode()
