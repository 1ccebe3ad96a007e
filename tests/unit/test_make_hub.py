"""An address for LISTEN that nobody can use is refused in one line."""

from pathlib import Path

import pytest
from srhooks.hub import LocalHub, make_hub
from srhooks.store import StoreUnavailableError, make_store


def test_by_the_kind_of_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    store = make_store(url)
    assert isinstance(make_hub(url, "", store), LocalHub)
    with pytest.raises(StoreUnavailableError, match=r"cannot use PostgreSQL: .*gssencmode"):
        make_hub("postgresql://x/y", "postgresql://x/y?gssencmode=require", store)
