"""Assertions about row-level security and its policies."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    UNSPECIFIED,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.facts import (
    Facts,
    choice_fact,
    expression_fact,
    flag_fact,
    names_fact,
)
from pytest_userstate.application.asserting.handles import ObjectAssertions
from pytest_userstate.application.asserting.lookup import unwanted
from pytest_userstate.application.asserting.matching import (
    as_expected,
    expect,
    introduced,
    introduced_with,
    require,
)
from pytest_userstate.application.asserting.objects.columns import varchars
from pytest_userstate.application.asserting.objects.named_parts import NamedParts
from pytest_userstate.application.explaining.describing import policy_in_words
from pytest_userstate.domain.constraints import Policy
from pytest_userstate.domain.snapshot import Table

Command: typ.TypeAlias = typ.Literal["all", "select", "insert", "update", "delete"]


class RowSecurityAssertions(ObjectAssertions[Table]):
    """Assertions about the row-level security of a table."""

    def has_row_security(self, *, forced: bool | Unspecified = UNSPECIFIED) -> None:
        """Assert that row-level security is on.

        Parameters
        ----------
        forced : bool
            Whether it holds for the table's owner, too.
        """
        __tracebackhide__ = True
        _, table = self._look()
        facts: Facts[Table] = (
            *flag_fact("enabled", True, lambda each: each.has_row_security),  # noqa: FBT003
            *flag_fact("forced", forced, lambda each: each.forces_row_security),
        )
        subject = f"row-level security of table {table.qualified_name}"
        details = introduced(table.source)
        require(as_expected(subject, table, facts, details=details))

    def has_no_row_security(self) -> None:
        """Assert that the table is there, and its row-level security is off."""
        __tracebackhide__ = True
        _, table = self._look()
        if table.has_row_security:
            policies = [policy_in_words(policy) for policy in table.policies]
            require(unwanted(table, "row-level security", policies or "no policy"))

    def has_policy(
        self,
        name: str,
        *,
        command: Command | Unspecified = UNSPECIFIED,
        roles: str | cabc.Iterable[str] | Unspecified = UNSPECIFIED,
        permissive: bool | Unspecified = UNSPECIFIED,
        using: str | Some | Unspecified | None = UNSPECIFIED,
        check: str | Some | Unspecified | None = UNSPECIFIED,
    ) -> Policy:
        """Assert that there is a policy of this name, and what it is like.

        Parameters
        ----------
        name : str
            The policy's name.
        command : {"all", "select", "insert", "update", "delete"}
            What it is for.
        roles : str or iterable of str
            Whom it is for, all of them; ``public`` is everybody.
        permissive : bool
            Whether it grants access, or restricts what others grant.
        using, check : str
            The conditions on rows that exist, and on rows that are written, in SQL.
        """
        __tracebackhide__ = True
        _, table = self._look()
        wanted = arguments.identifier(name)
        strings = varchars(table)
        facts: Facts[Policy] = (
            *choice_fact(
                "command", command, lambda each: each.command, typ.get_args(Command)
            ),
            *names_fact("roles", roles, lambda each: each.roles, ordered=False),
            *flag_fact("permissive", permissive, lambda each: each.is_permissive),
            *expression_fact("using", using, lambda each: each.using, varchars=strings),
            *expression_fact("check", check, lambda each: each.check, varchars=strings),
        )
        policy = expect(_policies(table).find(wanted))
        subject = f"policy {wanted} of table {table.qualified_name}"
        details = introduced_with(table)
        require(as_expected(subject, policy, facts, details=details))
        return policy

    def has_no_policy(self, name: str) -> None:
        """Assert that the table is there, and has no policy of this name."""
        __tracebackhide__ = True
        _, table = self._look()
        require(_policies(table).refuse(name))

    def has_exactly_policies(self, names: cabc.Iterable[str]) -> None:
        """Assert that the policies have these names: all, and no other."""
        __tracebackhide__ = True
        _, table = self._look()
        require(_policies(table).exactly(names))


def _policies(table: Table) -> NamedParts[Policy]:
    return NamedParts(
        relation=table,
        parts=table.policies,
        what="policy",
        plural="policies",
        words=policy_in_words,
    )
