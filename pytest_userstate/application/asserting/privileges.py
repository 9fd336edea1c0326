"""Who may do what: the question that a test asks, and the answer."""

from __future__ import annotations

import collections.abc as cabc
import enum
import typing as typ

import attrs

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    SOME,
    UNSPECIFIED,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.failures import (
    Detail,
    Failure,
    Mismatch,
    absent,
    detail,
    listed,
)
from pytest_userstate.domain.access import (
    COLUMN_PRIVILEGES,
    EVERYBODY,
    PRIVILEGES,
    Access,
    Grant,
    ObjectAccess,
    Securable,
)

WHOLE: typ.Final = ""
"""In place of a column: the object as a whole."""


class Claim(enum.Enum):
    """What a test says about some privileges."""

    AT_LEAST = enum.auto()
    EXACTLY = enum.auto()
    NONE = enum.auto()


_WORDS: typ.Final = {
    Claim.AT_LEAST: ("does not allow {} all that it should", "allowed"),
    Claim.EXACTLY: ("does not allow {} exactly what it should", "exactly"),
    Claim.NONE: ("allows {} what it should forbid", "forbidden"),
}


@attrs.frozen(kw_only=True)
class Question:
    """What a test claims: a role, some privileges, and a column, any, or `WHOLE`."""

    role: str
    claim: Claim
    privileges: frozenset[str]
    column: str | Some = WHOLE
    may_be_absent: bool = False

    @classmethod
    def of(
        cls,
        claim: Claim,
        role: object,
        to: object,
        kind: Securable,
        *,
        column: str | Some | Unspecified = UNSPECIFIED,
        may_be_absent: object = False,
    ) -> Question:
        """Check what the caller passed."""
        is_exact, is_whole = claim is Claim.EXACTLY, column is UNSPECIFIED
        choices = sorted(PRIVILEGES[kind] if is_whole else COLUMN_PRIVILEGES)
        given = arguments.one_or_several(to, "to", single=not is_exact)
        is_nothing = is_exact and not given
        if not isinstance(column, Some | Unspecified):
            column = arguments.identifier(column, "column")
        return cls(
            role=arguments.identifier(role, "role"),
            claim=claim,
            privileges=(
                frozenset()
                if is_nothing
                else arguments.several_choices(given, "to", choices)
            ),
            column=WHOLE if isinstance(column, Unspecified) else column,
            may_be_absent=arguments.flag(may_be_absent, "role_may_be_absent"),
        )

    def failure(
        self, title: str, access: Access, target: ObjectAccess
    ) -> Failure | None:
        """Return why the claim does not hold, or None."""
        if self.role != EVERYBODY and access.role(self.role) is None:
            return None if self.may_be_absent else _no_role(access, self.role)
        everywhere, somewhere = self._possible(access, target)
        match self.claim:
            case Claim.AT_LEAST:
                holds = self.privileges <= everywhere
            case Claim.EXACTLY:
                holds = self.privileges == everywhere == somewhere
            case Claim.NONE:
                holds = not self.privileges & somewhere
        if holds:
            return None
        headline, label = _WORDS[self.claim]
        expected, allowed = (
            listed(sorted(some)) for some in (self.privileges, somewhere)
        )
        return Failure(
            headline=f"{title}{self._part} {headline.format(self.role)}",
            mismatches=(Mismatch(label, expected, f"{allowed} is allowed"),),
            details=_granted(access.grants(target)),
        )

    def _possible(
        self, access: Access, target: ObjectAccess
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Return what the role may do all over it, and at least in some place."""
        columns = {grant.column for grant in target.column_grants} | {WHOLE}
        if isinstance(self.column, str) and self.column != WHOLE:
            columns = {self.column}
        somewhere = frozenset[str]().union(
            *(access.privileges(self.role, target, column=name) for name in columns)
        )
        if self.column is SOME:
            somewhere &= COLUMN_PRIVILEGES
            return somewhere, somewhere
        return access.privileges(self.role, target, column=self.column), somewhere

    @property
    def _part(self) -> str:
        if self.column is SOME:
            return ", some column,"
        return f", column {self.column!r}," if self.column else ""


def _granted(grants: cabc.Iterable[Grant]) -> tuple[Detail, ...]:
    """Return what was granted on the object, a line for each role."""
    roles: dict[str, list[str]] = {}
    for grant in grants:
        column = f" ({grant.column})" if grant.column else ""
        roles.setdefault(grant.role, []).append(f"{grant.privilege}{column}")
    lines = [f"{role}: {', '.join(granted)}" for role, granted in roles.items()]
    return detail("granted", lines or "nothing to anybody")


def _no_role(access: Access, role: str) -> Failure:
    names = [known.name for known in access.roles if not known.name.startswith("pg_")]
    return absent(f"there is no role {role!r}", role, names)
