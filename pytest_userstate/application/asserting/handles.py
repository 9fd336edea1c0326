"""What an assertion about an object returns: further assertions about it.

An instance cannot be made without looking for its object, so there is none that has
not asserted something.
"""

from __future__ import annotations

import abc
import collections.abc as cabc
import typing as typ

from pytest_userstate.application.asserting.arguments import Place
from pytest_userstate.application.asserting.failure import Failure
from pytest_userstate.application.asserting.matching import expect
from pytest_userstate.domain.snapshot import SchemaSnapshot

T = typ.TypeVar("T")
Read: typ.TypeAlias = cabc.Callable[[], SchemaSnapshot]


class ObjectAssertions(abc.ABC, typ.Generic[T]):
    """Assertions about one object of the schema.

    They are made by functions such as `assert_table`, never directly. Each of them
    looks at the schema anew: on a connection, as it stands at that moment.
    """

    def __init__(self, read: Read, place: Place) -> None:
        """Assert that the object is there."""
        __tracebackhide__ = True
        self._read = read
        self._place = place
        self._look()

    def __repr__(self) -> str:
        """Name the class and the object."""
        return f"<{type(self).__name__} {self._place}>"

    @abc.abstractmethod
    def _search(self, snapshot: SchemaSnapshot) -> T | Failure:
        """Return the object, or what there is instead."""

    def _look(self) -> tuple[SchemaSnapshot, T]:
        """Return the snapshot and the object in it, or fail the test."""
        __tracebackhide__ = True
        snapshot = self._read()
        return snapshot, expect(self._search(snapshot))
