"""Ids: rising, of one process each, and readable."""

from srhooks.domain.ids import PROCESSES, IdSource, decode_id, encode_id, first_id_at, received_ms

from tests.support.clock import ManualClock

NOW = 1_790_000_000_000


def test_two_processes_never_make_the_same_id() -> None:
    clock = ManualClock(NOW)
    sources = [IdSource(clock, process) for process in (0, 1, PROCESSES - 1)]
    ids = [source() for source in sources for _ in range(3000)]
    assert len(set(ids)) == len(ids)


def test_they_rise_while_the_clock_steps_back_and_tell_the_time_otherwise() -> None:
    clock = ManualClock(NOW)
    source = IdSource(clock)
    first = source.stamp()
    assert (received_ms(first.id), first.received_at) == (NOW, NOW)
    clock.leap(-1000)
    second = source.stamp()
    assert second.id > first.id
    assert second.received_at == NOW - 1000
    clock.leap(5000)
    third = source()
    assert first_id_at(NOW + 4000) <= third < first_id_at(NOW + 4001)


def test_it_goes_on_above_what_another_process_made() -> None:
    source = IdSource(ManualClock(NOW), process=3)
    last = first_id_at(NOW + 99) + 1023
    source.skip_to(last)
    first, second = source.many(2)
    assert last < first < second < source()


def test_they_are_read_as_they_are_written() -> None:
    number = IdSource(ManualClock(NOW))()
    assert decode_id(encode_id(number)) == number
