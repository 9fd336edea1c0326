"""What recognition answers: storages with their shape, confidence and reasons."""

from __future__ import annotations

import collections.abc as cabc
import enum

import attrs


class Shape(enum.StrEnum):
    """How the rows of a storage belong to users."""

    COLUMNS = "columns"
    ROW_PER_USER = "row_per_user"
    ROWS_PER_USER = "rows_per_user"
    JOIN_TABLE = "join_table"
    KEY_VALUE = "key_value"
    JSON = "json"
    ARRAY = "array"


class Confidence(enum.StrEnum):
    """How sure it is that a storage keeps the entity, most sure first."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


def _strings(values: cabc.Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class Reason:
    """A fact of the schema that speaks for a storage.

    Parameters
    ----------
    subject : str
        The table or column that shows it: ``public.users.password_hash``.
    fact : str
        What it shows, in words.
    """

    subject: str
    fact: str

    def __str__(self) -> str:
        """Write both: ``public.users.password_hash: a password or its hash``."""
        return f"{self.subject}: {self.fact}"


def _reasons(values: cabc.Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class RecognizedRevision:
    """A column that looks like a revision, and whether it can serve as one.

    Parameters
    ----------
    column : str
        The column's name.
    is_revision : bool
        Whether it changes with every write of the row, as far as can be seen.
    reason : str
        Why it is taken for a revision, or why it is none.
    """

    column: str
    is_revision: bool
    reason: str


def _revisions(
    values: cabc.Iterable[RecognizedRevision],
) -> tuple[RecognizedRevision, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class RecognizedStorage:
    """A table that looks as if it kept an entity.

    Parameters
    ----------
    entity : str
        What it keeps: ``login``, ``users``, ``profile`` or ``interests``.
    table : str
        The table with its schema, unquoted: ``public.users``.
    columns : iterable of str
        The columns that keep it, and those by which a row belongs to a user.
    shape : Shape
        How its rows belong to users.
    confidence : Confidence
        How sure that is.
    convention : str or None
        The framework whose schema this is (``"Devise"``), if it is one.
    reasons : iterable of Reason
        The facts that speak for it, each with its table or column.
    revisions : iterable of RecognizedRevision
        The columns that look like revisions of its rows.
    weight : int
        The sum of the weights of its facts; it orders the storages of an entity.
    """

    entity: str
    table: str
    columns: tuple[str, ...] = attrs.field(default=(), converter=_strings)
    shape: Shape = Shape.COLUMNS
    confidence: Confidence = Confidence.LIKELY
    convention: str | None = None
    reasons: tuple[Reason, ...] = attrs.field(default=(), converter=_reasons)
    revisions: tuple[RecognizedRevision, ...] = attrs.field(
        default=(), converter=_revisions
    )
    weight: int = 0

    @property
    def is_usable(self) -> bool:
        """Whether it is sure enough to be taken for the entity's storage."""
        return self.confidence is not Confidence.POSSIBLE


def _storages(
    values: cabc.Iterable[RecognizedStorage],
) -> tuple[RecognizedStorage, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class RecognizedEntity:
    """Where an entity seems to be stored: all candidates, best first.

    Parameters
    ----------
    name : str
        The entity.
    storages : iterable of RecognizedStorage
        The candidates, best first.
    ambiguous : iterable of RecognizedStorage
        The candidates that are as good as the best one, itself included;
        empty when one of them is clearly the best.
    """

    name: str
    storages: tuple[RecognizedStorage, ...] = attrs.field(
        default=(), converter=_storages
    )
    ambiguous: tuple[RecognizedStorage, ...] = attrs.field(
        default=(), converter=_storages
    )

    @property
    def best(self) -> RecognizedStorage | None:
        """The first storage that is `certain` or `likely`, or None."""
        return next((storage for storage in self.storages if storage.is_usable), None)

    @property
    def used(self) -> tuple[RecognizedStorage, ...]:
        """The storages that an audit takes: the best one, or all that equal it."""
        return self.ambiguous or ((self.best,) if self.best else ())

    @property
    def possible(self) -> tuple[RecognizedStorage, ...]:
        """The storages that are not sure enough to be taken."""
        return tuple(storage for storage in self.storages if not storage.is_usable)


def _entities(
    values: cabc.Iterable[RecognizedEntity],
) -> tuple[RecognizedEntity, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class Recognition:
    """What a schema's words and structure show about user state.

    Parameters
    ----------
    entities : iterable of RecognizedEntity
        ``login``, ``users``, ``profile`` and ``interests``.
    """

    entities: tuple[RecognizedEntity, ...] = attrs.field(
        default=(), converter=_entities
    )

    @property
    def conventions(self) -> tuple[str, ...]:
        """The frameworks whose schemas were recognized, by name."""
        names = (
            storage.convention
            for entity in self.entities
            for storage in entity.storages
            if storage.convention
        )
        return tuple(dict.fromkeys(names))

    def entity(self, name: str) -> RecognizedEntity:
        """Return what was recognized for an entity; nothing for an unknown one."""
        return next(
            (entity for entity in self.entities if entity.name == name),
            RecognizedEntity(name=name),
        )

    def table(self, entity: str) -> str | None:
        """Return the table of the best storage that is sure enough, or None."""
        best = self.entity(entity).best
        return best.table if best else None
