"""For each kind of incident: its title, what to do, and the page where."""

from collections.abc import Mapping

from srhooks.domain.incidents import Incident, IncidentKind

NAMES: Mapping[IncidentKind, str] = {
    "suspended": "Subscription stopped",
    "gone": "Subscription deleted",
    "failing": "Deliveries fail",
    "silent": "Nothing arrives",
    "missed": "Notifications were missed",
    "forged": "Forged notifications",
    "unreadable": "Records cannot be read",
    "login": "SmartRecruiters login expired",
}
WHAT_TO_DO: Mapping[IncidentKind, str] = {
    "suspended": "See in its log why deliveries failed, then activate it.",
    "gone": "Create it again if you need it, or dismiss this.",
    "failing": "Check that this address can be reached from the internet, and what answers there.",
    "silent": "Check in SmartRecruiters whether the events happen.",
    "missed": "See which, and store them.",
    "forged": "Nothing was believed. If it goes on, delete the subscription and create it again.",
    "unreadable": "Add the scope to the credential in SmartRecruiters, then log in again.",
    "login": "Log in again: notifications are stored meanwhile.",
}
ACTIONS: Mapping[IncidentKind, str] = {
    "gone": "See the subscriptions",
    "missed": "See what was missed",
    "unreadable": "See the account",
    "login": "Log in again",
}
PLACES: Mapping[IncidentKind, str] = {
    "gone": "/subscriptions",
    "missed": "/missed",
    "unreadable": "/account",
    "login": "/",
}


def action_of(incident: Incident) -> tuple[str, str]:
    """The address where something is done about it, and what its link says."""
    if incident.kind in PLACES:
        return PLACES[incident.kind], ACTIONS[incident.kind]
    if incident.subscription_id is not None:
        return f"/subscriptions/{incident.subscription_id}", "See the subscription"
    return "/incidents", "See the incident"


def worst(incidents: list[Incident]) -> Incident | None:
    """The one incident to show where there is room for one: severe ones first, then the newest."""
    return max(incidents, key=lambda one: (one.severe, one.id), default=None)
