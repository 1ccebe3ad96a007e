"""Who is asking: a program wants JSON, htmx a fragment, a person a page (RFC 9110, 12.5.1)."""

from aiohttp import hdrs, web

VARY = "Accept, HX-Request, HX-Target"
JSON = frozenset({"application/json", "application/problem+json", "application/*"})
HTML = frozenset({"text/html", "application/xhtml+xml", "text/*"})


def wants_json(request: web.Request) -> bool:
    """Whether JSON is preferred to HTML; a hook's callers get JSON unless they ask for HTML."""
    if bearer(request) is not None:
        return True
    json_quality = html_quality = 0.0
    accepted = ",".join(request.headers.getall(hdrs.ACCEPT, [])).lower()
    for part in accepted[:1000].split(","):
        kind, _, parameters = part.strip().partition(";")
        quality = _quality(parameters)
        if kind.strip() in JSON:
            json_quality = max(json_quality, quality)
        elif kind.strip() in HTML:
            html_quality = max(html_quality, quality)
    if is_for_hook(request):
        return html_quality <= json_quality
    if not json_quality and not html_quality:
        return request.content_type == "application/json"  # it speaks JSON and accepts anything
    return json_quality > html_quality


def is_for_hook(request: web.Request) -> bool:
    """Whether its address is a hook's: programs post there, and nobody is logged in with them."""
    return request.path.startswith("/hooks/")


def bearer(request: web.Request) -> str | None:
    """The bearer token of the request (RFC 6750, 2.1), None without one."""
    scheme, _, text = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


def wants_fragment(request: web.Request) -> bool:
    """An htmx request for a part of a page; boosted ones and restored history want it whole."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
