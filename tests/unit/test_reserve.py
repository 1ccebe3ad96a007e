"""Room on the disk kept for deleting: disks that have less than they say, or cannot keep any."""

import errno
import os
from pathlib import Path

import pytest
from srhooks.store.reserve import Reserve

SIZE = 3 * 1024 * 1024  # bytes


@pytest.fixture
def reserve(tmp_path: Path) -> Reserve:
    return Reserve(tmp_path / "srhooks.db", SIZE)


def kept(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.iterdir()]


def test_a_disk_that_has_less_room_than_it_says_is_asked_again_later(
    reserve: Reserve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    with monkeypatch.context() as patched:
        patched.setattr(os, "posix_fallocate", refuse)
        assert not reserve.take()
    assert kept(tmp_path) == [], "nothing is left half"
    assert not reserve.take(), "the disk is not asked again at once"
    assert kept(tmp_path) == []


def test_where_room_cannot_be_asked_for_it_is_written(
    reserve: Reserve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "posix_fallocate")
    assert reserve.take()
    assert kept(tmp_path) == [SIZE]
    (file,) = tmp_path.iterdir()
    assert file.stat().st_blocks * 512 >= SIZE


def test_without_a_folder_there_is_no_room_and_no_error(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "gone" / "srhooks.db", SIZE)
    assert not reserve.take()
    assert not reserve.give_up()
