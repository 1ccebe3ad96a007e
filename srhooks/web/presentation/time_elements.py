"""Times on pages: each is a `<time>` made here, in the reader's zone.

static/js/time.js goes on with them: it keeps "2 min ago" true, and knows the zone of a reader whom
the server does not know yet. `data-clock` says how it tells a time that is not told as "ago".
"""

import re

from markupsafe import Markup

from srhooks.domain.clock import iso, read_time
from srhooks.web.presentation.chart import span_label
from srhooks.web.presentation.foreign_text import MAX_SHOWN, foreign
from srhooks.web.presentation.news import value_words
from srhooks.web.presentation.reader_zone import local
from srhooks.web.presentation.template_filters import ago, date, exact

# RFC 3339: with a zone, so that it is clear which moment is meant.
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)", re.ASCII)
SHORTEST = len("2026-12-17T12:00Z")


def time_ago(ms: int, now: int, css: str = "") -> Markup:
    """How long ago, and exactly when on hover and focus; time.js keeps it true."""
    named = Markup(' class="{}"').format(css) if css else ""
    return Markup('<time{} datetime="{}" title="{}" tabindex="0">{}</time>').format(
        named, iso(ms), exact(ms), ago(ms, now)
    )


def time_exact(ms: int) -> Markup:
    """Day and time to the millisecond."""
    return Markup('<time class="exact" datetime="{}">{}</time>').format(iso(ms), exact(ms))


def time_day(ms: int) -> Markup:
    """The day, and exactly when on hover and focus."""
    return Markup('<time datetime="{}" title="{}" data-clock="date" tabindex="0">{}</time>').format(
        iso(ms), exact(ms), date(ms)
    )


def time_on_axis(ms: int, *, by_day: bool) -> Markup:
    """The beginning of a bar, among others that are on the same axis."""
    clock = "day" if by_day else "time"
    return Markup('<time datetime="{}" data-clock="{}">{}</time>').format(
        iso(ms), clock, span_label(ms, by_day=by_day)
    )


def value(text: str, limit: int = MAX_SHOWN) -> Markup:
    """A value of a record in words; a time as people read it, and as it is in its title."""
    if len(text) >= SHORTEST and text[4] == "-" and TIME.fullmatch(text):
        try:
            moment = local(round(read_time(text).timestamp() * 1000))
        except (ValueError, OverflowError, OSError):
            return foreign(text, limit)
        told = f"{date(round(moment.timestamp() * 1000))}, {moment:%H:%M}"
        return Markup('<time datetime="{0}" title="{0}" data-clock="value">{1}</time>').format(
            text, told
        )
    return foreign(value_words(text), limit)


def ms_of(text: str) -> int:
    """Milliseconds since 1970 of a time that srhooks itself wrote."""
    return round(read_time(text).timestamp() * 1000)
