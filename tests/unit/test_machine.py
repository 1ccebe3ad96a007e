"""What a machine lacks skips a test, but fails it in CI."""

import pytest

from tests.support import machine


@pytest.mark.parametrize(
    ("in_ci", "ended", "words"),
    [
        (False, pytest.skip.Exception, "this machine lacks no-such"),
        (True, pytest.fail.Exception, "CI lacks no-such"),
    ],
)
def test_a_program_that_is_not_there(
    in_ci: bool, ended: type[BaseException], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "IN_CI", in_ci)
    with pytest.raises(ended, match=words):
        machine.program("no-such")
