"""The OAuth pages: consent and the token endpoint.

Source: developers.smartrecruiters.com, "Authentication" and "Access Scopes" (an empty scope is
invalid, one that is left out means those of the app); RFC 6749 for the errors' form.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from aiohttp import web
from yarl import URL

from srhooks.sandbox.credentials import OAuthClient, secret_matches
from srhooks.sandbox.grants import GrantError, Issued
from srhooks.sandbox.keys import SANDBOX
from srhooks.sandbox.pages import page
from srhooks.sandbox.people import ROLE_NAMES
from srhooks.sandbox.scopes import SCOPE_MEANINGS, unknown_scopes
from srhooks.sandbox.settings import SandboxSettings
from srhooks.sandbox.state import Sandbox

LOOPBACK = ("localhost", "127.0.0.1", "::1")
FORM = "application/x-www-form-urlencoded"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")
ASKED = ("client_id", "redirect_uri", "response_type", "scope", "state")


async def show_consent(request: web.Request) -> web.Response:
    return _consent(request, request.query)


async def answer_consent(request: web.Request) -> web.Response:
    """Redirect to the app with a code, or with the error access_denied."""
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    settings = request.app[SANDBOX].settings
    if fault := request_fault(settings, form):
        return page("refused.html", status=400, reason=fault)
    if form.get("decision") != "allow":
        return _back(form, error="access_denied", error_description="The user denied access")
    sandbox = request.app[SANDBOX]
    if form.get("user") not in {person.id for person in sandbox.people}:
        return _consent(request, form)
    if _scope_fault(form):
        return _back(form, error="invalid_scope")
    scope = " ".join(form.get("scope", "").split())
    code = sandbox.grants.authorize(form["user"], scope, form["redirect_uri"])
    return _back(form, code=code)


async def token(request: web.Request) -> web.Response:
    """Exchanges a code, a refresh token or a client id with its secret for an access token."""
    sandbox = request.app[SANDBOX]
    if request.content_type != FORM:
        return _refusal("invalid_request", f"The body must be {FORM}")
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    if "Authorization" in request.headers and "client_secret" in form:
        return _refusal("invalid_request", "The client is authenticated twice (RFC 6749, 2.3)")
    client_id, client_secret = _client_credentials(request, form)
    client = _known_client(sandbox, client_id, client_secret)
    if client is None:
        headers = NO_STORE | {"WWW-Authenticate": 'Basic realm="sandbox"'}
        return _refusal("invalid_client", "Unknown client or wrong secret", 401, headers)
    kind = form.get("grant_type", "")
    needed = {"authorization_code": ("code", "redirect_uri"), "refresh_token": ("refresh_token",)}
    missing = [name for name in needed.get(kind, ()) if not form.get(name)]
    if not kind or missing:
        what = ", ".join(missing) or "grant_type"
        return _refusal("invalid_request", f"Missing: {what}")
    own_grant = isinstance(client, OAuthClient)
    if (kind == "client_credentials") != own_grant and kind in GRANT_TYPES:
        return _refusal("unauthorized_client", "This client may not use this grant_type")
    try:
        if kind == "authorization_code":
            issued = sandbox.grants.redeem_code(form["code"], form["redirect_uri"])
            app_id = sandbox.settings.client_id
            sandbox.audit.record("OAUTH_APPLICATION_ACCESS_GRANTED", "OAUTH_APPLICATION", app_id)
        elif kind == "refresh_token":
            issued = sandbox.grants.rotate(form["refresh_token"])
        elif isinstance(client, OAuthClient) and kind == "client_credentials":
            issued = sandbox.grants.client_credentials(client, form.get("scope", ""))
        else:
            return _refusal("unsupported_grant_type", "No such grant_type")
    except GrantError as error:
        return _refusal(error.code, str(error))
    return web.json_response(_issued_json(issued), headers=NO_STORE)


def request_fault(settings: SandboxSettings, asked: Mapping[str, str]) -> str:
    """Why an error page is shown instead of a redirect (RFC 6749, 4.1.2.1); empty: no fault."""
    if asked.get("client_id") != settings.client_id:
        return "client_id is not the one this sandbox was started with."
    redirect_uri = asked.get("redirect_uri", "")
    if settings.redirect_uris:
        if redirect_uri not in settings.redirect_uris:
            return "redirect_uri is not exactly one of those registered."
        return ""
    if not redirect_allowed(redirect_uri):
        return "redirect_uri must be https, or http on localhost, and have no fragment."
    return ""


def redirect_allowed(redirect_uri: str) -> bool:
    """https anywhere, http on this machine alone; never a fragment (RFC 6749 3.1.2)."""
    try:
        parts = urlsplit(redirect_uri)
        host = parts.hostname
    except ValueError:
        return False
    if not host or "#" in redirect_uri:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)


def _consent(request: web.Request, asked: Mapping[str, str]) -> web.Response:
    sandbox = request.app[SANDBOX]
    if fault := request_fault(sandbox.settings, asked):
        return page("refused.html", status=400, reason=fault)
    if asked.get("response_type") != "code":
        return _back(asked, error="unsupported_response_type")
    if fault := _scope_fault(asked):
        return _back(asked, error="invalid_scope", error_description=fault)
    scopes = asked.get("scope", "").split()
    # no form-action in the CSP: browsers apply it to the redirect that follows, too
    return page(
        "consent.html",
        form_action="",
        asked={name: asked[name] for name in ASKED if name in asked},
        people=sandbox.people,
        roles=ROLE_NAMES,
        scopes=[(scope, SCOPE_MEANINGS[scope]) for scope in scopes],
        app_host=urlsplit(asked["redirect_uri"]).netloc,
    )


def _scope_fault(asked: Mapping[str, str]) -> str:
    """Empty: none."""
    if "scope" in asked and not asked["scope"].split():
        return "The scope is empty"
    return " ".join(unknown_scopes(asked.get("scope", "")))[:200]


def _back(asked: Mapping[str, str], **answer: str) -> web.Response:
    if "state" in asked:
        answer["state"] = asked["state"]
    location = URL(asked["redirect_uri"]).update_query(answer)
    return web.Response(status=302, headers=NO_STORE | {"Location": str(location)})


def _client_credentials(request: web.Request, form: Mapping[str, str]) -> tuple[str, str]:
    """The id and the secret: client_secret_post or client_secret_basic (RFC 6749 2.3.1)."""
    given = (form.get("client_id", ""), form.get("client_secret", ""))
    scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(coded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        name, _, secret = pair.partition(":")
        given = (unquote_plus(name), unquote_plus(secret))
    return given


def _known_client(
    sandbox: Sandbox, client_id: str, client_secret: str
) -> OAuthClient | SandboxSettings | None:
    """A created client id, or the OAuth app; None when unknown or its secret is wrong."""
    settings = sandbox.settings
    if client_id == settings.client_id:
        same = hmac.compare_digest(client_secret.encode(), settings.client_secret.encode())
        return settings if same else None
    client = sandbox.credentials.find_client(client_id)
    return client if client is not None and secret_matches(client, client_secret) else None


def _issued_json(issued: Issued) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "scope": issued.scope,
    }
    if issued.refresh_token is not None:
        answer["refresh_token"] = issued.refresh_token
    return answer


def _refusal(
    code: str, description: str, status: int = 400, headers: dict[str, str] | None = None
) -> web.Response:
    text = json.dumps({"error": code, "error_description": description})
    return web.Response(
        status=status, text=text, content_type="application/json", headers=headers or NO_STORE
    )


def add_identity_routes(router: web.UrlDispatcher) -> None:
    router.add_get("/identity/oauth/allow", show_consent)
    router.add_post("/identity/oauth/allow", answer_consent)
    router.add_post("/identity/oauth/token", token)
