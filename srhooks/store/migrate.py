"""The schema files of a database, in order: each is applied once."""

from importlib.resources import files


def scripts(dialect: str) -> list[tuple[int, str]]:
    """Number and text of every schema file, `sqlite_001.sql` first."""
    folder = files("srhooks.store").joinpath("schema")
    found = [
        (int(entry.name.removesuffix(".sql").partition("_")[2]), entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.startswith(f"{dialect}_") and entry.name.endswith(".sql")
    ]
    return sorted(found)
