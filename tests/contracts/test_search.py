"""The search finds a text however its letters are composed and wherever its lines end."""

import json
from pathlib import Path

import pytest
from srhooks.domain.feed_filter import Filter
from srhooks.domain.search_text import fold
from srhooks.store import Store, make_store
from srhooks.store.group_commit import Transaction
from srhooks.store.migrate import scripts
from srhooks.store.sql_store import SqlStore

from tests.support.stored import TOKENS, add, person

NFC, NFD = "Jos\u00e9 \u00c5str\u00f6m", "Jose\u0301 A\u030astro\u0308m"
SAME = (
    (NFC, NFD),
    (NFD, NFC),
    (NFD, NFC.upper()),
    ("\u0130stanbul", "istanbul"),
    ("istanbul", "\u0130STANBUL"),
    ("Diyarbak\u0131r", "DIYARBAKIR"),
    ("Stra\u00dfe", "STRASSE"),
    ("Kelvin \u212a", "kelvin k"),
    ("first line\nsecond line", "line second"),
    ("first line\r\n\t second line", "line second"),
    ("no\u00a0break", "no break"),
    ("100% _x\\", "100% _X\\"),
)


async def found(store: Store, text: str) -> list[int]:
    return [n.id for n in await store.notifications("u1", Filter(q=text), 10)]


@pytest.mark.parametrize("is_indexed", [False, True])
async def test_the_same_text_is_found(store: Store, is_indexed: bool) -> None:
    wanted: dict[str, list[int]] = {}
    for stored, asked in SAME:
        bodies = [json.dumps({"n": stored}, ensure_ascii=escaped) for escaped in (True, False)]
        added = [await add(store, body=body.encode()) for body in (stored, *bodies)]
        wanted.setdefault(asked, []).extend(added)
    if is_indexed:
        while await store.index_some(100):
            pass
    for asked, ids in wanted.items():
        assert set(ids) <= set(await found(store, asked)), asked
        assert all(Filter(q=asked).matches(n) for n in await store.by_ids("u1", ids)), asked


async def test_other_texts_are_not_found(store: Store) -> None:
    await add(store, body=json.dumps({"a": "Jos\u00e9", "b": "first\nline"}).encode())
    while await store.index_some(100):
        pass
    for text in ("jose", "firstline", "first  lines", "\u00e9first"):
        assert await found(store, text) == []


async def test_one_transaction_indexes_a_bounded_amount(store: Store) -> None:
    ids = [
        await add(store, body=b'{"n": "needle %d", "x": "%s"}' % (n, b"x" * 900_000))
        for n in range(5)
    ]
    indexed = []
    while done := await store.index_some(20):
        indexed.append(done)
    assert indexed == [3, 2]  # each begins while there is room left in 2 MB
    assert await found(store, "needle 4") == [ids[4]]


async def test_what_was_stored_before_is_indexed_anew(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    store = make_store(url)
    await store.open()
    await store.save_user(person(1), TOKENS)
    number = await add(store, body=NFD.encode())
    while await store.index_some(100):
        pass
    assert isinstance(store, SqlStore)

    async def age(tx: Transaction) -> None:
        """As a version before this fold left it."""
        await tx.execute("UPDATE search SET text = $1", NFD.casefold())
        anew = next(text for _, text in scripts("sqlite") if "index all anew" in text)
        await tx.execute(anew[anew.index("UPDATE") :].rstrip(";\n"))

    await store._work(age)
    assert await found(store, NFC) == [number]  # by reading
    while await store.index_some(100):
        pass
    assert await found(store, NFC) == [number]
    await store.close()


def test_folding_twice_changes_nothing() -> None:
    for pair in SAME:
        for text in pair:
            assert fold(fold(text)) == fold(text)
