"""What a credential may read, by its scopes where they are known, else by earlier 403 answers."""

from collections.abc import Sequence

from srhooks.domain.account import User
from srhooks.protocol.event_types import FAMILIES, FAMILY_PLURALS
from srhooks.protocol.scopes import SCOPE_OF_KIND, can_read, entity_kind, needed_scope
from srhooks.store import Store

PLURALS = FAMILY_PLURALS | {"approval": "Approvals", "onboarding": "Onboarding processes"}
WHERE_TO_ADD = {
    "oauth": "The operator of this srhooks adds it to SMARTRECRUITERS_SCOPES; then log in again",
    "client-credentials": (
        "An administrator adds it to the client ID in SmartRecruiters (Settings > Apps &"
        " Integrations > Credentials); then log in again"
    ),
    "api-key": (
        "Log in with another API key, or with client credentials that have it (SmartRecruiters:"
        " Settings > Apps & Integrations > Credentials)"
    ),
}
RAISE_THE_ROLE = (
    "the System role of this credential is too low. An administrator changes it in SmartRecruiters"
    " (Settings > Apps & Integrations > Credentials)"
)


async def readable_events(
    store: Store, user: User, names: Sequence[str] = ()
) -> dict[str, bool | None]:
    """Each event, of all that are known, to whether its entity can be read; None: not known.

    Raises StoreError.
    """
    refused = await store.unreadable_kinds(user.id)
    events = names or [event for family in FAMILIES.values() for event in family]
    return {event: can_read(event, user.scopes, refused) for event in events}


async def unreadable_kinds(store: Store, user: User) -> dict[str, str | None]:
    """Kinds of entity that the service refused, to the scope that each needs. Raises StoreError."""
    refused = await store.unreadable_kinds(user.id)
    return {kind: SCOPE_OF_KIND.get(kind) for kind in refused}


def explain_refusal(user: User, event_name: str | None) -> str:
    """Explain a 403 of an entity to the user: the missing scope, and what to do."""
    kind, scope = entity_kind(event_name), needed_scope(event_name)
    plural = PLURALS.get(kind or "", "Details of this kind")
    refused = "SmartRecruiters answered 403"
    if scope is None:
        return f"{refused}: {plural.lower()} may not be read with this login"
    if user.scopes is not None and scope in user.scopes:
        return f"{refused} although the scope {scope} is granted: {RAISE_THE_ROLE}"
    return (
        f"{refused}: {plural.lower()} need the scope {scope}, which this login lacks."
        f" {WHERE_TO_ADD[user.credential]}"
    )
