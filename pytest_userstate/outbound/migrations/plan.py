"""What a migration tool would do, as data: the runner does it.

A plan is everything that a layout knows about a folder, and nothing else about
the tool gets to the runner.
"""

from __future__ import annotations

import enum

import attrs

Command = tuple[str, tuple[str | bytes | None, ...]]
"""A statement and its parameters."""

Piece = tuple[int, int]
"""Where a part of a text starts and ends, in characters from 0."""


class Mode(enum.Enum):
    """How a tool sends a text to the server.

    WHOLE
        As one simple query. Several statements that do not control transactions
        themselves are one implicit transaction, by the server's own rule.
    PIECES
        Piece by piece, each a simple query.
    SCRIPT
        As psql runs a file: statement by statement, each in its own transaction
        unless the file opens one, with the rows that follow a ``COPY``.
    """

    WHOLE = "whole"
    PIECES = "pieces"
    SCRIPT = "script"


@attrs.frozen(kw_only=True)
class Batch:
    """A text that is sent under one rule about transactions.

    Parameters
    ----------
    sql : str
        The text of the file, with all that the tool does not send blanked out
        (see `layout.masked`), so that lines and columns are those of the file. If
        variables are replaced, only the lines are.
    mode : Mode
        How it is sent.
    pieces : tuple of Piece or None
        What the tool sends one after the other, where it does not send the text
        as a whole; None: the statements, as PostgreSQL would split them.
    in_transaction : bool
        Whether the tool opens a transaction around the text.
    substitutes : tuple of (Piece, Command)
        Pieces that the tool's platform lets happen in another way than the text
        says, and what is sent in their place.
    record : tuple of Command
        By which the tool remembers that this was applied: run after the text,
        and in its transaction, if the tool opened one.
    """

    sql: str
    mode: Mode = Mode.WHOLE
    pieces: tuple[Piece, ...] | None = None
    in_transaction: bool = True
    substitutes: tuple[tuple[Piece, Command], ...] = ()
    record: tuple[Command, ...] = ()


@attrs.frozen(kw_only=True)
class Migration:
    """One file, and what the tool does with it.

    Parameters
    ----------
    version : str
        What the tool calls it.
    path : str
        The file, relative to the audited repository, with forward slashes.
    batches : tuple of Batch
        What is sent, in order: one for most tools, and at least one.
    before, after : tuple of Command
        What the tool does before and after the file in separate transactions:
        each of the two is one transaction.
    """

    version: str
    path: str
    batches: tuple[Batch, ...]
    before: tuple[Command, ...] = ()
    after: tuple[Command, ...] = ()


@attrs.frozen(kw_only=True)
class Plan:
    """All migrations of a folder in the order in which its tool applies them.

    Parameters
    ----------
    layout : str
        The layout's name.
    migrations : tuple of Migration
        In order.
    folder : str or None
        The folder, as messages name it, if ``table`` beside it names the table.
    platform : str
        What the tool's platform provides before anything else, run as superuser:
        roles, schemas, and the objects of its services.
    roles : frozenset of str
        Roles that the files grant to: made without login if they are missing.
    role : str
        The role of the platform that migrations run as; empty: the owner of the
        database.
    prepare : str
        What the tool does to the database before the first migration, sent as one
        simple query.
    bookkeeping_tables : frozenset of str
        The tables in which the tool keeps its own records, and those of its
        platform: by name, or as ``schema.name`` where only that one is meant.
    restores_search_path : bool
        Whether the tool puts ``search_path`` back after each migration.
    separate_sessions : bool
        Whether each migration starts with the settings of a new session.
    tolerates_commit : bool
        Whether the tool goes on after a file that ended the transaction around it.
    advice_on_transactions : str
        How, in this layout, a migration leaves its transaction.
    advice_on_variables : str
        Where a variable of psql is set, if they are replaced.
    programs : tuple of str
        The migrations that are programs, which are left out.
    warnings : tuple of str
        What a careful reader should know about these files.
    """

    layout: str
    migrations: tuple[Migration, ...]
    folder: str | None = None
    platform: str = ""
    roles: frozenset[str] = frozenset()
    role: str = ""
    prepare: str = ""
    bookkeeping_tables: frozenset[str] = frozenset()
    restores_search_path: bool = False
    separate_sessions: bool = False
    tolerates_commit: bool = False
    advice_on_transactions: str = ""
    advice_on_variables: str = ""
    programs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
