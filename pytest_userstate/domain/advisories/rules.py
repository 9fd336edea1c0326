"""The rules, by code. A code stays what it is, and is never given again."""

from __future__ import annotations

import collections.abc as cabc
import operator
import typing as typ

from pytest_userstate.domain.advisories import columns, keys, revisions
from pytest_userstate.domain.advisories.advisory import Advisory
from pytest_userstate.domain.advisories.user_state import (
    Finding,
    UserState,
    user_state,
)
from pytest_userstate.domain.model import DEFAULT_MODEL, AuditModel
from pytest_userstate.domain.snapshot import SchemaSnapshot


class Rule(typ.NamedTuple):
    """A rule: its title in the documentation, and what finds what it is about."""

    title: str
    look: cabc.Callable[[UserState], cabc.Iterator[Finding]]


RULES: typ.Final[dict[str, Rule]] = {
    "US101": Rule("revision without a non-negative check", revisions.unchecked),
    "US102": Rule("revision without a default", revisions.without_default),
    "US103": Rule("several revision sources", revisions.several),
    "US201": Rule("no primary key", keys.without_primary_key),
    "US202": Rule("no foreign key to users", keys.without_users),
    "US203": Rule("delete rules that contradict each other", keys.at_odds),
    "US204": Rule("ids that no foreign key guards", keys.unguarded_ids),
    "US205": Rule("join table without uniqueness", keys.repeatable_pairs),
    "US301": Rule("credential that can be null", columns.nullable_credential),
    "US302": Rule("credential that is too short", columns.short_credential),
    "US401": Rule("updated_at that nothing maintains", columns.stale_updated_at),
}


def advise(
    snapshot: SchemaSnapshot, *, model: AuditModel = DEFAULT_MODEL
) -> tuple[Advisory, ...]:
    """Apply every rule to the tables that keep user state.

    Parameters
    ----------
    snapshot : SchemaSnapshot
        The schema as it stands.
    model : AuditModel
        Which tables keep user state; the default model where nothing is said.

    Examples
    --------
    >>> from pytest_userstate import Column, SchemaSnapshot, Table
    >>> users = Table("users", [Column("id", "uuid"), Column("display_name", "text")])
    >>> [(each.code, each.subject) for each in advise(SchemaSnapshot([users]))]
    [('US201', 'public.users')]
    """
    state = user_state(snapshot, model)
    return tuple(
        Advisory(code=code, subject=subject, message=message, source=source)
        for code, rule in RULES.items()
        for subject, message, source in sorted(rule.look(state), key=_subject)
    )


_subject = operator.itemgetter(0)
