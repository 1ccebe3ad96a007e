"""The invented company's data: every entity by its path, its kind and its id."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from srhooks.sandbox.people import SandboxUser

Json = dict[str, Any]
KEPT_PER_KIND = 10_000  # beyond it the oldest is removed, so that memory stays bounded
KEPT_TOMBSTONES = 20_000
KEPT_IN_LISTS = 20  # comments of an approval, attachments of an application


class UnknownEntityError(LookupError):
    """No entity of that kind has that id."""


@dataclass(kw_only=True, eq=False)
class Entity:
    """One entity of the API. `ids` is the body of a notification about it."""

    kind: str
    id: str
    path: str
    ids: dict[str, str]
    data: Json
    parents: dict[str, "Entity"] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Change:
    """The result of an event: the body to send and the path to link to."""

    body: dict[str, str]
    path: str


@dataclass(kw_only=True)
class World:
    """The entities by path, kind and id. Paths are relative to the API's base URL."""

    rng: random.Random
    people: list[SandboxUser]
    kept_per_kind: int = KEPT_PER_KIND
    listed: dict[str, list[Entity]] = field(default_factory=dict)
    by_id: dict[tuple[str, str], Entity] = field(default_factory=dict)
    by_path: dict[str, Entity] = field(default_factory=dict)
    tombstones: dict[str, int] = field(default_factory=dict)  # path -> 404 or 410

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def person(self) -> SandboxUser:
        return self.rng.choice(self.people)

    def add(self, entity: Entity) -> Entity:
        kept = self.listed.setdefault(entity.kind, [])
        if len(kept) >= self.kept_per_kind:
            self._drop(kept[0])
        kept.append(entity)
        self.by_id[entity.kind, entity.id] = entity
        self.by_path[entity.path] = entity
        return entity

    def pick(self, kind: str, entity_id: str | None, make: Callable[["World"], Entity]) -> Entity:
        """The entity of that id; without an id any one, or a new one. Raises UnknownEntityError."""
        if entity_id is not None:
            found = self.by_id.get((kind, entity_id))
            if found is None:
                raise UnknownEntityError(f"no {kind} has the id {entity_id}")
            return found
        kept = self.listed.get(kind)
        return self.rng.choice(kept) if kept else make(self)

    def remove(self, entity: Entity, status: int) -> None:
        """Delete one entity, not its children: its path answers `status` from now on."""
        if self.by_id.get((entity.kind, entity.id)) is not entity:
            return
        self._drop(entity)
        self.tombstones[entity.path] = status
        if len(self.tombstones) > KEPT_TOMBSTONES:
            del self.tombstones[next(iter(self.tombstones))]

    def children(self, parent: Entity) -> list[Entity]:
        """All entities made for `parent`, at any depth."""
        found = []
        for kept in self.listed.values():
            found += [one for one in kept if parent in one.parents.values()]
        return found

    def _drop(self, entity: Entity) -> None:
        self.listed[entity.kind].remove(entity)
        del self.by_id[entity.kind, entity.id]
        if self.by_path.get(entity.path) is entity:
            del self.by_path[entity.path]


def now() -> str:
    """The present time in the format of entities."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day_ahead(world: World, nearest: int, furthest: int) -> str:
    """A date some days from now."""
    ahead = timedelta(days=world.rng.randint(nearest, furthest))
    return (datetime.now(UTC) + ahead).date().isoformat()


def touch(entity: Entity) -> None:
    """Set the time of an entity's last change to now."""
    entity.data["updatedOn"] = now()


def action(path: str, method: str = "GET") -> dict[str, str]:
    """A link inside an entity, made absolute when it is shown."""
    return {"url": path, "method": method}


def shown(value: Any, base_url: str) -> Any:
    """A copy of an entity's data whose links are absolute."""
    if isinstance(value, dict):
        return {
            key: base_url + inner
            if key == "url" and isinstance(inner, str) and inner.startswith("/")
            else shown(inner, base_url)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [shown(inner, base_url) for inner in value]
    return value
