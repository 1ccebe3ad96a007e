"""Render templates: the Jinja environment, and the variables that every page gets."""

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp_jinja2
import jinja2
import jinja2.bccache
from aiohttp import hdrs, web
from jinja2.ext import Extension

from srhooks.domain import clock, ids
from srhooks.domain.clean_text import clean_text
from srhooks.incidents.advice import WHAT_TO_DO, action_of, worst
from srhooks.incidents.audit import CAUSES
from srhooks.protocol.event_types import (
    FAMILIES,
    event_names,
    family,
    subscription_name,
    subscription_phrase,
)
from srhooks.subscriptions.callback_address import WORDS as ADDRESS_WORDS
from srhooks.web.http.pieces import in_pieces
from srhooks.web.http.static_files import ASSETS, own_folder
from srhooks.web.presentation import (
    foreign_text,
    labels,
    news,
    reader_zone,
    template_filters,
    time_elements,
)
from srhooks.web.presentation.json_tree import json_tree
from srhooks.web.presentation.subject_links import kind_title, story_url, subject_url
from srhooks.web.presentation.words import WORDS

RESTORES = "HX-History-Restore-Request"
VIEW = aiohttp_jinja2.REQUEST_CONTEXT_KEY  # request[VIEW]: what the session adds to every page
# What a template may be rendered without.
DEFAULTS: Mapping[str, Any] = {
    "user": None,
    "open_incidents": (),  # of the user
    "incidents": (),
    "csrf": "",
    "path": "",
    "live_url": "",
    "feed_filter": None,
    "cursor": 0,
    "days": 30,  # that notifications are kept
    "things": (),  # candidates, jobs and the like that have a timeline
    "by_event": {},
    "key": "",
    "opened": frozenset(),
    "seen": None,  # ms: the visit before this one
    "reached": None,  # ms: how far back a search got in its time
    "restored": False,  # for htmx, which puts the body into a page that has its scripts
    "whole": False,  # the fragment is part of its page
    "oob": False,  # the fragment is pushed, or comes along with another one
    "new": False,
    "gone": False,
    "selected": None,
    "message": None,
    "said": None,  # of what was done a moment ago
    "good": False,  # the message is good news
    "warning": None,  # of what went wrong with it
    "hint": None,
    "again": False,  # whether to offer the address that failed once more
    "title": None,
    "status": 200,
    "error": None,
    "form": None,
    "fields": {},  # what a question passes on
    "look": "danger",  # of a question's button: "primary" where nothing is deleted
    "named": (),  # the notifications that a question is about, and how many more
    "unnamed": 0,
    "drift": None,
    "links": {},
    "unreadable_events": {},  # to the scope that is missing
    "curl": "",
    "codes": (),
    "pasted": "",
    "steps": (),
    "delivery_times": {},  # by event
    "waiting": False,  # the service is being asked; shown is what it said before
    "card": "",  # the id of the subscription that was created or activated a moment ago
    "done": None,  # what was done, for a fragment
    "alone": False,  # a subscription on its own page, not in the list
    "secret": None,
    "limit": 20,
    "back": "/notifications",
    "subscription_label": None,
}
INDENTATION = re.compile(r"\n[ \t]+")
PREFORMATTED = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL)
FILTERS: dict[str, Callable[..., Any]] = {
    "ago": template_filters.ago,
    "clip": labels.clip,
    "duration": template_filters.duration,
    "event_name": foreign_text.event_name,
    "event_text": labels.event_text,
    "event_words": labels.event_words,
    "exact": template_filters.exact,
    "field_words": news.field_words,
    "exact_text": foreign_text.exact_text,
    "family": family,
    "family_title": labels.family_title,
    "foreign": foreign_text.foreign,
    "id_at": template_filters.id_at,
    "id_text": ids.encode_id,
    "is_cursor": template_filters.is_cursor,
    "field_time": template_filters.field_time,
    "is_copyable": foreign_text.is_copyable,
    "is_cut": foreign_text.is_cut,
    "iso": template_filters.iso,
    "json_tree": json_tree,
    "moment": template_filters.moment,
    "plain": foreign_text.plain,
    "query": template_filters.query,
    "size": template_filters.size,
    "ms_of": time_elements.ms_of,
    "time_ago": time_elements.time_ago,
    "time_day": time_elements.time_day,
    "time_exact": time_elements.time_exact,
    "time_on_axis": time_elements.time_on_axis,
    "value": time_elements.value,
    "urlencode": template_filters.quoted,
    "visible": foreign_text.visible,
}
# What templates call and look up besides filters.
GLOBALS: Mapping[str, Any] = {
    "title_of": labels.title_of,
    "zone_name": reader_zone.zone_name,
    "changes_of": news.changes_of,
    "news_of": news.news_of,
    "story_url": story_url,
    "subject_url": subject_url,
    "kind_title": kind_title,
    "detail_url": template_filters.detail_url,
    "event_names": event_names,
    "subscription_name": subscription_name,
    "subscription_phrase": subscription_phrase,
    "unknown_events": labels.unknown_events,
    "FAMILIES": FAMILIES,
    "WHAT_TO_DO": WHAT_TO_DO,
    "AUDIT_CAUSES": CAUSES,
    "incident_action": action_of,
    "worst_incident": worst,
    "ADDRESS_WORDS": ADDRESS_WORDS,
    "SIGNATURE_TEXTS": labels.SIGNATURE_TEXTS,
    "SIGNATURE_NAMES": labels.SIGNATURE_NAMES,
    "SIGNATURE_TONES": labels.SIGNATURE_TONES,
    "ENTITY_NAMES": labels.ENTITY_NAMES,
    "ENTITY_TONES": labels.ENTITY_TONES,
    "ENTITY_TEXTS": labels.ENTITY_TEXTS,
    "BACKFILLED_TEXT": labels.BACKFILLED_TEXT,
    "WINDOW_NAMES": labels.WINDOW_NAMES,
    "WORDS": WORDS,
}


class CompiledTemplates(jinja2.BytecodeCache):
    """Templates compiled once a process: compiling is most of what making an application costs."""

    def __init__(self) -> None:
        self._code_by_key: dict[str, bytes] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        if (code := self._code_by_key.get(bucket.key)) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        self._code_by_key[bucket.key] = bucket.bytecode_to_string()


COMPILED = CompiledTemplates()


class Unindented(Extension):
    """One space in place of a line's indentation, but in `pre`: pages are sent uncompressed."""

    def preprocess(
        self,
        source: str,
        name: str | None,  # noqa: ARG002 - the base's arguments
        filename: str | None = None,  # noqa: ARG002
    ) -> str:
        parts = PREFORMATTED.split(source)
        parts[::2] = [INDENTATION.sub("\n ", part) for part in parts[::2]]
        return "".join(parts)


def setup_view(app: web.Application) -> jinja2.Environment:
    """Make templates ready; `setup_assets` comes first, since pages name the hashed files."""
    env = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(own_folder("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=COMPILED,
        default_helpers=False,
        filters=FILTERS,
        extensions=(Unindented,),
    )
    del env.globals["app"]  # no template needs its way into the application
    env.globals.update(
        static=app[ASSETS].url,
        modules=app[ASSETS].modules(),
        **GLOBALS,
    )
    return env


def load_templates(app: web.Application, stopping: threading.Event) -> None:
    """Compile them all, a second of work that pages need not wait for. For a thread."""
    env = aiohttp_jinja2.get_env(app)
    for name in env.list_templates():
        if stopping.is_set():
            return
        env.get_template(name)


def render(
    request: web.Request, template: str, ctx: Mapping[str, Any] | None = None, status: int = 200
) -> web.Response:
    """A page or a fragment. What `request[VIEW]` holds (user, csrf) is given to it as well."""
    own = {"path": request.path, "restored": RESTORES in request.headers}
    everything = {**own, **request.get(VIEW, {}), **(ctx or {})}
    told = reader_zone.current.set(zone_of(request))  # for this page: connections are shared
    try:
        text = _render(request.config_dict[aiohttp_jinja2.APP_KEY], template, everything)
    finally:
        reader_zone.current.reset(told)
    headers = {hdrs.CONTENT_TYPE: "text/html; charset=utf-8"}
    return web.Response(body=in_pieces(text.encode()), status=status, headers=headers)


def zone_of(request: web.Request) -> ZoneInfo | None:
    name: str = request.cookies.get(reader_zone.COOKIE, "")
    return reader_zone.zone_named(name)


def told_zone(request: web.Request) -> str | None:
    """The name of the reader's zone; None where the request tells none that is known."""
    zone = zone_of(request)
    is_utc = request.cookies.get(reader_zone.COOKIE) == "UTC"
    return zone.key if zone is not None else "UTC" if is_utc else None


def render_text(app: web.Application, template: str, ctx: Mapping[str, Any]) -> str:
    """A fragment for a live page."""
    return _render(aiohttp_jinja2.get_env(app), template, ctx)


def macro(app: web.Application, template: str, name: str) -> Callable[..., str]:
    """A template's macro, for what is rendered thousands of times a second.

    It takes all it needs as arguments: making a context for a template takes as long as a row.
    """
    made = getattr(aiohttp_jinja2.get_env(app).get_template(template).module, name)
    # As plain text: markup would escape what is joined with it.
    return lambda *given, **named: clean_text(str(made(*given, **named)))


def _render(env: jinja2.Environment, template: str, ctx: Mapping[str, Any]) -> str:
    text = env.get_template(template).render({**DEFAULTS, "now": clock.now_ms(), **ctx})
    return clean_text(text)
