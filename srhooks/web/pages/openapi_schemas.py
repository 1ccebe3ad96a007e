"""The shapes of the JSON API (JSON Schema 2020-12), by name."""

from typing import Any, get_args

from srhooks.domain.account import CREDENTIAL_KINDS
from srhooks.domain.delivery_health import Verdict
from srhooks.domain.incidents import INCIDENT_KINDS
from srhooks.domain.latency import STAGES
from srhooks.domain.models import ENTITY_STATUSES, SIGNATURES
from srhooks.domain.subjects import KINDS
from srhooks.incidents.logged_calls import Outcome

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
TIME: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
}
MAYBE_TIME: Schema = {"anyOf": [TIME, {"type": "null"}]}
ANYTHING: Schema = {}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def many(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def record(*, closed: bool = True, optional: tuple[str, ...] = (), **fields: Schema) -> Schema:
    """An object; its fields are required but for the optional ones, and there are no others."""
    required = [name for name in fields if name not in optional]
    made: Schema = {"type": "object", "properties": fields, "required": required}
    return made | ({"additionalProperties": False} if closed else {})


ENTITY = record(
    status={"type": "string", "enum": list(ENTITY_STATUSES)},
    fetchedAt=MAYBE_TIME,
    data=ANYTHING,
    error=MAYBE_TEXT,
)
NOTIFICATION = record(
    id={"type": "string", "pattern": "^[0-9a-hjkmnp-tv-z]{13}$"},
    receivedAt=TIME,
    hookId=TEXT,
    subscriptionId=MAYBE_TEXT,
    eventId=MAYBE_TEXT,
    eventName=MAYBE_TEXT,
    eventVersion=MAYBE_TEXT,
    link=MAYBE_TEXT,
    body=ANYTHING | {"description": "The parsed JSON, or the text when it is not JSON."},
    headers={"type": "object", "additionalProperties": TEXT},
    signature={"type": "string", "enum": list(SIGNATURES)},
    deliveries={"type": "integer", "minimum": 1},
    origin={"type": "string", "enum": ["received", "backfilled"]},
    entity=ref("Entity"),
)
HEALTH = record(
    verdict={"type": "string", "enum": list(get_args(Verdict))},
    reason=TEXT,
    lastReceivedAt=MAYBE_TIME,
    failuresInARow={"type": ["integer", "null"], "minimum": 0},
    nextAttemptAt=MAYBE_TIME,
)
# The service's own object is passed on with whatever else it holds.
SUBSCRIPTION = record(
    closed=False,
    optional=("callbackUrl", "events", "status", "activationError", "health", "name"),
    id={"type": ["string", "integer"]},
    callbackUrl=TEXT,
    events=many(ANYTHING),
    status=TEXT,
    hookId=MAYBE_TEXT,
    mine={"type": "boolean"},
    activationError=TEXT,
    health=HEALTH,
    name=TEXT,
)
AUTHENTICATION: Schema = {
    "oneOf": [
        record(type={"const": "basic"}, username=TEXT, password=TEXT),
        record(type={"const": "header"}, headerName=TEXT, headerValue=TEXT),
        record(type={"const": "oauth2"}, clientId=TEXT, clientSecret=TEXT, tokenServiceUrl=TEXT),
    ]
}
BY_FAMILY: Schema = {"type": "object", "additionalProperties": COUNT}
MS: Schema = {"type": "integer"}
LATENCY: Schema = {  # in milliseconds
    "oneOf": [record(count=COUNT, median=MS, p95=MS, longest=MS), {"type": "null"}]
}
BY_STAGE: Schema = record(sent=LATENCY, answered=LATENCY, fetched=LATENCY, shown=LATENCY)
OVERVIEW: Schema = record(
    window=TEXT,
    total=COUNT,
    byFamily=BY_FAMILY,
    bars=many(record(start=TIME, end=TIME, total=COUNT, byFamily=BY_FAMILY)),
    latency=record(sent=LATENCY, fetched=LATENCY),
    downTimes=many(record(began=TIME, ended=TIME, redelivered=COUNT, missing=COUNT)),
    attention=many(record(text=TEXT, url=TEXT)),
    subscriptions=many(record(id=TEXT, status=TEXT, lastReceived=MAYBE_TIME, count24h=COUNT)),
    error=MAYBE_TEXT,
)
SCHEMAS: dict[str, Schema] = {
    "Notification": NOTIFICATION,
    "Entity": ENTITY,
    "Timeline": record(
        kind={"enum": list(KINDS)},
        id=TEXT,
        title=MAYBE_TEXT,
        entries=many(
            record(
                notification=ref("Notification"),
                changes=many(record(field=TEXT, before={}, now={})),
            )
        ),
        related=many(record(kind={"enum": list(KINDS)}, id=TEXT)),
        next=MAYBE_TEXT,
    ),
    "Notifications": record(notifications=many(ref("Notification")), next=MAYBE_TEXT),
    "Ids": record(ids=many(TEXT) | {"minItems": 1, "maxItems": 500}),
    "Overview": OVERVIEW,
    "LatencyReport": record(
        window=TEXT,
        stages=BY_STAGE,
        days=many(record(day={"type": "string", "format": "date"}, stages=BY_STAGE)),
        events=many(record(event=MAYBE_TEXT, stages=BY_STAGE)),
        slowest=many(record(id=TEXT, event=MAYBE_TEXT, stage={"enum": list(STAGES)}, ms=MS)),
    ),
    "Incident": record(
        id=TEXT,
        kind={"enum": list(INCIDENT_KINDS)},
        subscriptionId=MAYBE_TEXT,
        title=TEXT,
        details={"type": "object"},
        openedAt=TIME,
        endedAt=MAYBE_TIME,
    ),
    "Incidents": record(incidents=many(ref("Incident")), next=MAYBE_TEXT),
    "Subscription": SUBSCRIPTION,
    "Subscriptions": record(subscriptions=many(ref("Subscription"))),
    "NewSubscription": record(
        optional=("alertingEmailAddress", "callbackAuthentication", "active", "name"),
        name=TEXT,
        events=many(TEXT) | {"minItems": 1},
        alertingEmailAddress=TEXT,
        callbackAuthentication=ref("CallbackAuthentication"),
        active={"type": "boolean", "default": False},
    ),
    "CallbackAuthentication": AUTHENTICATION,
    "SecretKey": record(secretKey=TEXT),
    "TestResult": record(status={"type": ["integer", "null"]}, ms=COUNT, error=MAYBE_TEXT),
    "AddressCheck": record(ok={"type": "boolean"}, text=TEXT, ms=COUNT),
    "Coverage": record(
        events={"type": "object", "additionalProperties": many(TEXT)},
        gaps=many(TEXT),
        duplicates=many(TEXT),
    ),
    "Missed": record(
        id=TEXT,
        subscriptionId=TEXT,
        eventId=MAYBE_TEXT,
        eventName=MAYBE_TEXT,
        sentAt=TIME,
        state={"type": "string", "enum": ["retrying", "given-up", "elsewhere"]},
        nextAttemptAt=MAYBE_TIME,
    ),
    "MissedList": record(missed=many(ref("Missed")), checkedAt=MAYBE_TIME, next=MAYBE_TEXT),
    "StoredCount": record(stored=COUNT),
    "EventType": record(
        name=TEXT,
        family=TEXT,
        meaning=TEXT,
        scope=MAYBE_TEXT,
        readable={"type": ["boolean", "null"]},
        body={"type": "object", "additionalProperties": TEXT},
        headers={"type": "object", "additionalProperties": TEXT},
        entity={"type": "object"},
    ),
    "EventTypes": record(events=many(ref("EventType"))),
    "Callback": record(
        status={"type": "string", "enum": ["successful", "failed"]},
        at=MAYBE_TIME,
        url=TEXT,
        headers={"type": "object", "additionalProperties": TEXT},
        body=TEXT,
        outcome={"enum": [*get_args(Outcome), None]},
        notificationId=MAYBE_TEXT,
        about=many(record(kind={"enum": list(KINDS)}, id=TEXT)),
    ),
    "Callbacks": record(callbacks=many(ref("Callback")), next=MAYBE_TEXT),
    "Account": record(
        account=record(
            id=TEXT,
            name=TEXT,
            credential={"type": "string", "enum": list(CREDENTIAL_KINDS)},
            company={"anyOf": [record(id=TEXT, name=MAYBE_TEXT), {"type": "null"}]},
            scopes={"anyOf": [many(TEXT), {"type": "null"}]},
            grant={"type": "string", "enum": ["alive", "dead"]},
        ),
        name=TEXT,
        email=TEXT,
        notifications={"type": ["integer", "null"], "minimum": 0},
        hooks=COUNT,
        retentionDays=COUNT,
    ),
    "Alerts": record(
        alerts=record(
            email=many(TEXT),
            kind=many({"type": "string", "enum": list(INCIDENT_KINDS)}),
            confirmed=many(TEXT),
        )
    ),
    "TestSent": record(sentTo=COUNT),
    "Session": record(
        id=TEXT, browser=TEXT, current={"type": "boolean"}, createdAt=TIME, usedAt=TIME, until=TIME
    ),
    "Sessions": record(sessions=many(ref("Session"))),
    "AccountDeleted": record(deleted={"const": True}, subscriptionsLeft=many(TEXT)),
    "Erased": record(erased=COUNT),
    "Erasable": record(
        found=COUNT,
        name=MAYBE_TEXT,
        byEvent={"type": "object", "additionalProperties": COUNT},
    ),
    "Token": record(id=TEXT, name=TEXT, createdAt=TIME, usedAt=MAYBE_TIME, expiresAt=TIME),
    "NewToken": record(
        id=TEXT, name=TEXT, createdAt=TIME, usedAt=MAYBE_TIME, expiresAt=TIME, token=TEXT
    ),
    "Tokens": record(tokens=many(ref("Token"))),
    "Deleted": record(deleted=COUNT),
    "Processed": record(processed=COUNT),
    "Compared": record(
        same={"type": "boolean"},
        difference={
            "anyOf": [
                {"type": "null"},
                record(
                    at={"type": "integer", "minimum": 1},
                    part=TEXT,
                    before=TEXT,
                    pasted=TEXT,
                    signed=TEXT,
                    hint=MAYBE_TEXT,
                ),
            ]
        },
    ),
    "Health": record(status=TEXT),
    "Ready": record(status=TEXT, ready={"type": "boolean"}, version=TEXT),
    "NotReady": record(
        error=record(status={"type": "integer"}, message=TEXT),
        ready={"type": "boolean"},
        version=TEXT,
    ),
    "Error": record(error=record(status={"type": "integer"}, message=TEXT)),
}
