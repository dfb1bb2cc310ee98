"""A property that is worked out once and then is a plain attribute.

functools.cached_property of Python 3.11 takes a lock each time; a text has a dozen such properties, and two threads
that work one out at the same time come to the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")


class cached_attribute(Generic[Value]):  # noqa: N801
    """For methods without arguments."""

    def __init__(self, function: Callable[[Any], Value]) -> None:
        self._function = function
        self._name = function.__name__
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, of: None, owner: type) -> cached_attribute[Value]: ...

    @overload
    def __get__(self, of: object, owner: type) -> Value: ...

    def __get__(self, of: object | None, owner: type) -> cached_attribute[Value] | Value:
        if of is None:
            return self
        value = of.__dict__[self._name] = self._function(of)
        return value
