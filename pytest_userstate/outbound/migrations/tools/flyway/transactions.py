"""Which statements Flyway runs outside of transactions (``PostgreSQLParser.java``)."""

from __future__ import annotations

import collections.abc as cabc
import re

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.sql import Statement

_KEYWORD = re.compile(r"[a-z_]+")
_ENOUGH = 4  # keywords that any of the patterns looks at
_APART = re.compile(
    r"""(?:create|drop)\ (?:database|tablespace|subscription)\b
    | alter\ system\b
    | (?:create|drop)(?:\ unique)?\ index\ concurrently\b
    | reindex(?:\ verbose)?\ (?:schema|database|system)\b
    | vacuum\b
    | discard\ all\b""",
    re.VERBOSE,
)


def can_run_in_transaction(statement: Statement) -> bool:
    """Tell what Flyway takes a statement for.

    It knows a few by their first words; others that PostgreSQL refuses inside a
    transaction (``REINDEX … CONCURRENTLY``, say) it does not know, and they fail.
    """
    return _APART.match(" ".join(_keywords(statement.words))) is None


def expect_one_kind(statements: cabc.Iterable[Statement], path: str) -> None:
    """Refuse a file that mixes statements of both kinds, as Flyway does.

    Raises
    ------
    MigrationError
        Naming the first statement that is of the other kind.
    """
    first: Statement | None = None
    for statement in statements:
        if first is None:
            first = statement
        elif can_run_in_transaction(first) != can_run_in_transaction(statement):
            raise _mixed(first, statement, path)


def _mixed(first: Statement, other: Statement, path: str) -> MigrationError:
    inside, apart = (first, other) if can_run_in_transaction(first) else (other, first)
    message = (
        f"{path}:{other.line}: two kinds of statements in one migration.\n"
        f"Line {inside.line} runs in a transaction; line {apart.line} cannot:"
        f" {apart.first_line}\nFlyway refuses to mix them. Give each a file of its"
        " own, or set mixed = true where\nFlyway is configured."
    )
    return MigrationError(message, path=path, line=other.line)


def _keywords(words: cabc.Iterable[str]) -> list[str]:
    """Return the first keywords outside of parentheses, as Flyway finds them."""
    found: list[str] = []
    depth = 0
    for word in words:
        depth += (word == "(") - (word == ")")
        if depth == 0 and _KEYWORD.fullmatch(word):
            found.append(word)
            if len(found) == _ENOUGH:
                break
    return found
