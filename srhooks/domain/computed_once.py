"""An attribute that is computed when it is first read, and kept with its object.

`functools.cached_property` does the same under a lock that all objects share (until Python 3.12):
while a thread parses one body, the event loop waits for the small one of another notification.
"""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class computed_once(Generic[T]):  # noqa: N801 - a decorator, like `property`
    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, owner: None, owner_type: type | None = None) -> Self: ...

    @overload
    def __get__(self, owner: object, owner_type: type | None = None) -> T: ...

    def __get__(self, owner: object | None, owner_type: type | None = None) -> Self | T:
        if owner is None:
            return self
        value = self._compute(owner)
        owner.__dict__[self._name] = value  # found there before this is asked again
        return value
