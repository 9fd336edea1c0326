"""Assertions about comments."""

from __future__ import annotations

import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import SOME, Some
from pytest_userstate.application.asserting.failure import Failure, Mismatch
from pytest_userstate.application.asserting.handles import ObjectAssertions
from pytest_userstate.application.asserting.lookup import kind_of, source_of
from pytest_userstate.application.asserting.matching import introduced, require


class Commented(typ.Protocol):
    """Anything that can have a comment."""

    @property
    def comment(self) -> str | None:
        """The comment."""


C = typ.TypeVar("C", bound=Commented)


class CommentAssertions(ObjectAssertions[C]):
    """Assertions about the comment on an object."""

    def has_comment(self, text: str | Some) -> None:
        """Assert that the comment on it is this text, or that there is `SOME`."""
        __tracebackhide__ = True
        wanted = None if text is SOME else arguments.sql(text, "text")
        _, found = self._look()
        if found.comment is None or wanted not in {None, found.comment}:
            expected = "some" if wanted is None else repr(wanted)
            require(self._not_as_expected(found, expected))

    def has_no_comment(self) -> None:
        """Assert that it is there, and has no comment."""
        __tracebackhide__ = True
        _, found = self._look()
        if found.comment is not None:
            require(self._not_as_expected(found, "none"))

    def _not_as_expected(self, value: C, expected: str) -> Failure:
        found = "none" if value.comment is None else repr(value.comment)
        subject = f"{kind_of(value)} {self._place}"
        return Failure(
            headline=f"the comment on {subject} is not as expected",
            mismatches=(Mismatch("comment", expected, found),),
            details=introduced(source_of(value)),
        )
