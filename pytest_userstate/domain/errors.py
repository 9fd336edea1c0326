"""Every error that the package raises on purpose.

The tree::

    UserStateError
    ├── InvalidSnapshotError       a snapshot contradicts itself
    ├── InvalidModelError          an audit model contradicts itself
    ├── UnjustifiedDecisionError   a decision without the evidence it needs
    ├── UsageError                 the caller can correct it: exit status 4
    │   ├── ConfigurationError     file, key
    │   ├── SnapshotFileError      a snapshot file cannot be read
    │   ├── TargetNotFoundError    nothing to audit, or too much
    │   └── ServerNotFoundError    no PostgreSQL to be found
    ├── DefectError                this package is at fault: exit status 3
    └── ToolError                  the audit could not be carried out
        ├── ServerError            the server did not start, or died
        ├── MigrationError         a migration cannot be read or applied
        └── SchemaSnapshotRepositoryError   connecting or querying failed

A message says what was found, what was looked at, and what to do.
"""

from __future__ import annotations

import typing as typ


class UserStateError(Exception):
    """Base class of every error of this package."""


class InvalidSnapshotError(UserStateError, ValueError):
    """A snapshot that contradicts itself, such as one table named twice."""


class InvalidModelError(UserStateError, ValueError):
    """An audit model that contradicts itself, such as one entity named twice."""


class UnjustifiedDecisionError(UserStateError, ValueError):
    """A decision was built without the evidence that it has to rest on."""


class UsageError(UserStateError):
    """The caller can correct it: options, configuration, or the environment."""


class ConfigurationError(UsageError):
    """A configuration value cannot be used.

    Attributes
    ----------
    file : str
        The configuration file, as the user would type it.
    key : str
        The dotted key in it, empty when the whole file is meant.
    """

    def __init__(self, message: str, *, file: str, key: str = "") -> None:
        """Keep where the fault is; the message already names it."""
        super().__init__(message)
        self.file = file
        self.key = key


class SnapshotFileError(UsageError):
    """A snapshot file cannot be read: damaged, newer, or none.

    Attributes
    ----------
    file : str
        The file, as the user would type it.
    is_newer : bool
        Whether a newer version of this package wrote it.
    """

    def __init__(
        self,
        file: str,
        problem: str,
        *,
        line: int | None = None,
        column: int | None = None,
        is_newer: bool = False,
    ) -> None:
        """Say which file, in which place (from 1), has which problem."""
        place = ":".join(str(part) for part in (file, line, column) if part)
        super().__init__(f"{place} {problem}")
        self.file = file
        self.is_newer = is_newer


class TargetNotFoundError(UsageError):
    """There is nothing to audit, or more than one thing that could be meant."""


class ServerNotFoundError(UsageError):
    """No usable PostgreSQL was found; the message lists where it was sought."""


class DefectError(UserStateError):
    """The package itself is at fault: an exception that it did not expect."""


class ToolError(UserStateError):
    """The audit could not be carried out: not a finding about the schema."""


class ServerError(ToolError):
    """The PostgreSQL server did not start, or went away."""


class MigrationError(ToolError):
    """A migration cannot be read or applied.

    Attributes
    ----------
    path : str
        The migration file, relative to the audited repository.
    line : int or None
        The line of the statement that failed, if it is known (from 1).
    column : int or None
        The column, if PostgreSQL gave a position (from 1).
    applied : int
        How many migrations had been applied before.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str,
        line: int | None = None,
        column: int | None = None,
        applied: int = 0,
    ) -> None:
        """Keep where the migration failed; the message already names it."""
        super().__init__(message)
        self.path = path
        self.line = line
        self.column = column
        self.applied = applied


class SchemaSnapshotRepositoryError(ToolError):
    """A snapshot could not be loaded.

    Attributes
    ----------
    operation : {"connect", "query"}
        Whether connecting or querying failed.
    """

    def __init__(
        self, message: str, *, operation: typ.Literal["connect", "query"]
    ) -> None:
        """Keep which of the two operations failed."""
        super().__init__(message)
        self.operation = operation
