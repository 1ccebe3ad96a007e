"""When SmartRecruiters tries a failed delivery again.

Source: developers.smartrecruiters.com, "Receiving webhook notifications": up to ten more tries,
after 1, 3, 10, 45, 120 ... up to 1440 minutes, each counted from the try before it. The steps
between 120 and 1440 are not documented: doubling is assumed.
"""

MINUTE = 60_000  # ms
RETRY_MINUTES = (1, 3, 10, 45, 120, 240, 480, 960, 1440, 1440)


def next_try(tries: int, last_at: int, now: int) -> int | None:
    """When (ms) the next one is due after `tries`, the last of them at `last_at`; None: no more.

    One that is overdue by more than a further step of the schedule does not come any more.
    """
    if not 0 < tries <= len(RETRY_MINUTES):
        return None
    due = last_at + RETRY_MINUTES[tries - 1] * MINUTE
    further = RETRY_MINUTES[min(tries, len(RETRY_MINUTES) - 1)] * MINUTE
    return None if now > due + further else due
