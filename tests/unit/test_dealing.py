"""Long tests come first in what each worker begins with."""

from tests.support.dealing import dealt

# Files by their first letter: a, b and c are of one kind, d and e of another, q and r are quick.
TESTS = ["a1", "a2", "b1", "c1", "d1", "d2", "d3", "e1", *(f"q{n}" for n in range(9)), "r1", "r2"]


def kind_of(test: str) -> str:
    return {"q": "", "r": "", "d": "browser", "e": "browser"}.get(test[0], "storm")


def stretches(workers: int) -> list[list[str]]:
    """What xdist's worksteal gives each of them."""
    order = dealt(TESTS, workers, lambda test: test[0], kind_of)
    assert sorted(order) == sorted(TESTS)
    parts = []
    for left in range(workers, 0, -1):
        parts.append(order[: len(order) // left])
        order = order[len(order) // left :]
    return parts


def test_each_begins_with_its_part_of_the_long_ones() -> None:
    parts = stretches(3)
    for part in parts:
        kinds = [bool(kind_of(test)) for test in part]
        assert kinds == sorted(kinds, reverse=True)
        assert any(kinds)
        assert not all(kinds)


def test_a_long_file_stays_with_one_worker() -> None:
    for letter in "abcde":
        assert sum(letter in {test[0] for test in part} for part in stretches(3)) == 1


def test_of_one_kind_not_all_begin_at_once() -> None:
    assert {kind_of(part[0]) for part in stretches(3)} == {"storm", "browser"}


def test_more_workers_than_long_files_are_no_trouble() -> None:
    assert len(stretches(7)) == 7
    assert dealt([], 3, str, str) == []
