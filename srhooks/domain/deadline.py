"""The one deadline of a notification: from its first byte to its answer.

SmartRecruiters waits 5 s in all ("Receiving webhook notifications"): we answer within 4.5 s, 202 or
503, whatever is slow. It is a time of the event loop's clock (`loop.time()`, which is
`time.monotonic()`), and is handed down to the look-up of the hook, that of its key, and the store.
"""

ANSWER_WITHIN = 4.4  # seconds from the first byte of the request; the rest is for sending it
STORE_SHARE = 1.0  # seconds of them that the look-up of a key leaves for the store
AFTER_BODY = 0.5  # seconds at least from the last byte, where the sender itself was slow


def deadline_of(first_byte_at: float) -> float:
    return first_byte_at + ANSWER_WITHIN


def after_body(deadline: float, now: float) -> float:
    """The deadline once the body is there: a sender that took long over it is still listening."""
    return max(deadline, now + AFTER_BODY)
