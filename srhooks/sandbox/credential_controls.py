"""Control routes that create and revoke API keys and OAuth client ids."""

from aiohttp import web

from srhooks.sandbox.control import controlled, done, given_parameters, given_text
from srhooks.sandbox.credentials import ACME, Company, credential_json
from srhooks.sandbox.keys import SANDBOX
from srhooks.sandbox.people import ADMINISTRATOR
from srhooks.sandbox.scopes import ALL_SCOPES


async def list_credentials(request: web.Request) -> web.Response:
    """All credentials, oldest first, without their secrets."""
    store = request.app[SANDBOX].credentials
    return web.json_response([credential_json(item) for item in store.by_id.values()])


async def create_api_key(request: web.Request) -> web.Response:
    """`name`, and `company`, an identifier: another company than Acme."""
    sandbox = request.app[SANDBOX]
    given = await given_parameters(request)
    made = sandbox.create_api_key(given_text(given, "name") or "", company=_company(given))
    return _created(request, made.id)


async def create_client(request: web.Request) -> web.Response:
    """`name`, `scopes` (a list, or a text with spaces), `role`, `company`."""
    sandbox = request.app[SANDBOX]
    given = await given_parameters(request)
    made = sandbox.create_client(
        given_text(given, "name") or "",
        scope=_scope(given),
        role=given_text(given, "role") or ADMINISTRATOR,
        company=_company(given),
    )
    return _created(request, made.id)


async def replace_secret(request: web.Request) -> web.Response:
    """A new secret for a client id, told once."""
    client = request.app[SANDBOX].replace_secret(request.match_info["id"])
    return _created(request, client.id)


async def revoke(request: web.Request) -> web.Response:
    """The key, or the client id with its tokens, is refused from now on."""
    credential = request.app[SANDBOX].revoke_credential(request.match_info["id"])
    return done(request, f"{credential.name} revoked", credential_json(credential))


def _created(request: web.Request, credential_id: str) -> web.Response:
    store = request.app[SANDBOX].credentials
    credential = store.get(credential_id)
    store.not_yet_shown = credential
    answer = credential_json(credential, with_secret=True)
    return done(request, f"{credential.name}: copy it now", answer, status=201)


def _scope(given: dict[str, object]) -> str:
    scopes = given.get("scopes")
    if isinstance(scopes, list):
        return " ".join(str(scope) for scope in scopes)
    return given_text(given, "scopes") or ALL_SCOPES


def _company(given: dict[str, object]) -> Company:
    identifier = given_text(given, "company")
    if identifier is None or identifier == ACME.identifier:
        return ACME
    return Company(identifier=identifier[:100], name=identifier[:100])


def add_credential_routes(router: web.UrlDispatcher) -> None:
    router.add_get("/sandbox/credentials", controlled(list_credentials))
    router.add_post("/sandbox/api-keys", controlled(create_api_key))
    router.add_post("/sandbox/clients", controlled(create_client))
    router.add_post("/sandbox/clients/{id}/secret", controlled(replace_secret))
    router.add_post("/sandbox/credentials/{id}/revoke", controlled(revoke))
    router.add_delete("/sandbox/credentials/{id}", controlled(revoke))
