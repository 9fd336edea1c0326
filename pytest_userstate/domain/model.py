"""The audit model: which entities there are, and how each may be stored.

All of it is data. A repository changes, extends or replaces the default model
in its configuration; nothing else in the package knows a table's name.
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import enum
import functools
import re

import attrs

from pytest_userstate.domain.coverage import Axis
from pytest_userstate.domain.errors import InvalidModelError
from pytest_userstate.domain.recognition.result import Recognition, RecognizedEntity

_ENTITY_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Revisions(enum.StrEnum):
    """Whether an entity's storage is expected to keep revisions."""

    EXPECTED = "expected"
    NOT_EXPECTED = "not_expected"


class PerUser(enum.StrEnum):
    """How many rows of a storage one user has."""

    ONE = "one"
    MANY = "many"


def _names(values: str | cabc.Iterable[str]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


def _groups(values: cabc.Iterable[cabc.Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(_names(group) for group in values)


_NEED = re.compile(r"(?P<column>\S.*?)\s*(?:->>?\s*(?P<key>\S.*)|=\s*(?P<value>\S.*))?")


@attrs.frozen(kw_only=True)
class Need:
    """A column that a storage model needs, and what it has to hold.

    Parameters
    ----------
    column : str
        The column's name.
    key : str
        The key of a JSON document in it that keeps the state; empty for the whole
        column.
    value : str
        What it says in the rows that keep the state, such as the kind of a
        credential; empty for all rows.

    Examples
    --------
    >>> Need.of("settings -> theme").key, Need.of("kind = password").value
    ('theme', 'password')
    """

    column: str
    key: str = ""
    value: str = ""

    @staticmethod
    @functools.cache
    def of(text: str) -> Need:
        """Read a need as the configuration writes it."""
        match = _NEED.fullmatch(text)
        if match is None:
            return Need(column=text)
        value = (match["value"] or "").strip("'")
        return Need(column=match["column"], key=match["key"] or "", value=value)


@attrs.frozen(kw_only=True)
class StorageModel:
    """One way in which an entity can be stored.

    Parameters
    ----------
    name : str
        The name that reports and ``canonical`` use.
    tables : str or iterable of str
        Any of these tables; ``schema.table`` fixes the schema.
    columns : iterable of str
        The table must have all of these. ``settings -> theme`` is a key of a JSON
        column, ``kind = password`` the rows in which a column says so.
    any_of : iterable of iterable of str
        The table must have at least one of each group.
    per_user : PerUser or None
        Whether a user has one row or many; None leaves it to the table's keys.
    revision : str or iterable of str
        The columns that hold a revision; any of them will do.
    revision_table : str or None
        The table that has them, if it is another one. Foreign keys have to lead from
        the model's table to one row of it.

    Examples
    --------
    >>> StorageModel(name="log", tables="legal.consent_log", columns=["user_id"]).tables
    ('legal.consent_log',)
    """

    name: str
    tables: tuple[str, ...] = attrs.field(converter=_names)
    columns: tuple[str, ...] = attrs.field(default=(), converter=_names)
    any_of: tuple[tuple[str, ...], ...] = attrs.field(default=(), converter=_groups)
    per_user: PerUser | None = None
    revision: tuple[str, ...] = attrs.field(default=("revision",), converter=_names)
    revision_table: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a model that any schema, or none, would satisfy."""
        if not self.tables:
            _refuse(f"storage model {self.name!r} names no table")
        if not all(self.any_of):
            _refuse(f"storage model {self.name!r} has an empty any_of group")

    @property
    def column_groups(self) -> tuple[tuple[str, ...], ...]:
        """Every group of needs of which the table must meet at least one."""
        return (*((column,) for column in self.columns), *self.any_of)

    @property
    def column_names(self) -> frozenset[str]:
        """The names of all columns that the model names."""
        return frozenset(
            Need.of(text).column for group in self.column_groups for text in group
        )


def is_pattern(schema: str) -> bool:
    """Whether a schema to audit is a pattern, for one schema after another.

    >>> is_pattern("tenant_*"), is_pattern("public")
    (True, False)
    """
    return "*" in schema or "?" in schema


def table_places(
    names: cabc.Iterable[str], schemas: cabc.Iterable[str]
) -> tuple[tuple[str, str], ...]:
    """Return the (schema, table) pairs that tables of these names may be found at.

    >>> table_places(["users", "auth.users"], ["public"])
    (('public', 'users'), ('auth', 'users'))
    """
    pairs: list[tuple[str, str]] = []
    for name in names:
        schema, dot, table = name.partition(".")
        pairs += [(schema, table)] if dot else [(audited, name) for audited in schemas]
    return tuple(dict.fromkeys(pairs))


@attrs.frozen(kw_only=True)
class Canonical:
    """The storage model that a repository has decided for, and why."""

    model: str
    reason: str


def _models(values: cabc.Iterable[StorageModel]) -> tuple[StorageModel, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class Entity:
    """A row of the audit matrix.

    Parameters
    ----------
    name : str
        Lower case letters, digits and underscores.
    models : iterable of StorageModel
        The ways in which it may be stored.
    allow_multiple : bool
        Whether several of its models may be complete; if not, that is ambiguous.
    revisions : Revisions
        Whether its storage is expected to keep a revision.
    canonical : Canonical or None
        The model that was decided for.
    expected : bool
        False if the repository stores no such thing on purpose.
    reason : str
        Why it is not expected.

    Raises
    ------
    InvalidModelError
        When the entity contradicts itself.
    """

    name: str
    models: tuple[StorageModel, ...] = attrs.field(converter=_models)
    allow_multiple: bool = False
    revisions: Revisions = Revisions.NOT_EXPECTED
    canonical: Canonical | None = None
    expected: bool = True
    reason: str = ""

    def __attrs_post_init__(self) -> None:
        """Refuse what no audit could answer."""
        if not _ENTITY_NAME.fullmatch(self.name):
            _refuse(
                f"entity {self.name!r}: a name is lower case letters, digits and "
                "underscores, and starts with a letter"
            )
        if self.expected and not self.models:
            _refuse(f"entity {self.name!r} has no storage model")
        if not self.expected and not self.reason:
            _refuse(f"entity {self.name!r} is not expected, but no reason is given")
        names = [model.name for model in self.models]
        _refuse_twice(names, f"entity {self.name!r} has two storage models named")
        if self.canonical and self.canonical.model not in names:
            _refuse(
                f"entity {self.name!r} declares {self.canonical.model!r} canonical, "
                f"but its storage models are {', '.join(map(repr, names))}"
            )

    def not_applicable(self, axis: Axis) -> str | None:
        """Return why the cell on this axis is no check, or None if it is one."""
        if not self.expected:
            return f"not expected: {self.reason}"
        if axis in {Axis.REVISION, Axis.CONFLICT} and (
            self.revisions is Revisions.NOT_EXPECTED
        ):
            return "the model expects no revisions"
        return None


def _entities(values: cabc.Iterable[Entity]) -> tuple[Entity, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class AuditModel:
    """The entities to audit, and the schemas that may store them.

    Parameters
    ----------
    entities : iterable of Entity
        The rows of the matrix, in order.
    schemas : str or iterable of str
        The schemas in which a table without one is looked for.
    recognition : Recognition or None
        What was recognized of the entities that no model finds.

    Examples
    --------
    >>> DEFAULT_MODEL.check_ids()[:3]
    ('login.schema', 'login.wiring', 'users.schema')
    """

    entities: tuple[Entity, ...] = attrs.field(converter=_entities)
    schemas: tuple[str, ...] = attrs.field(default=("public",), converter=_names)
    recognition: Recognition | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse two entities of one name, and an audit of no schema."""
        _refuse_twice(
            [entity.name for entity in self.entities],
            "the model has two entities named",
        )
        if not self.schemas:
            _refuse("the model names no schema")

    def entity(self, name: str) -> Entity | None:
        """Return the entity of this name, or None."""
        return next((entity for entity in self.entities if entity.name == name), None)

    def recognized(self, name: str) -> RecognizedEntity | None:
        """Return what was recognized of an entity; None if nobody looked for it."""
        entities = self.recognition.entities if self.recognition else ()
        return next((entity for entity in entities if entity.name == name), None)

    def check_ids(self) -> tuple[str, ...]:
        """Return the ids of all checks, in the order of the matrix."""
        return tuple(
            f"{entity.name}.{axis}"
            for entity in self.entities
            for axis in Axis
            if entity.not_applicable(axis) is None
        )


def _refuse(message: str) -> None:
    raise InvalidModelError(message)


def _refuse_twice(names: list[str], complaint: str) -> None:
    for name, count in collections.Counter(names).items():
        if count > 1:
            _refuse(f"{complaint} {name!r}")


_CREDENTIALS = ("password_hash", "password_digest", "credential_hash")

DEFAULT_MODEL = AuditModel(
    entities=(
        Entity(
            name="login",
            allow_multiple=True,
            models=(
                StorageModel(name="users", tables="users", any_of=[_CREDENTIALS]),
                StorageModel(
                    name="credentials",
                    tables=("user_credentials", "login_credentials", "credentials"),
                    columns=["user_id"],
                    any_of=[_CREDENTIALS],
                ),
            ),
        ),
        Entity(
            name="users",
            models=(
                StorageModel(
                    name="users", tables="users", columns=("id", "display_name")
                ),
            ),
        ),
        Entity(
            name="profile",
            models=(
                StorageModel(
                    name="users", tables="users", columns=("id", "display_name")
                ),
            ),
        ),
        Entity(
            name="interests",
            revisions=Revisions.EXPECTED,
            models=(
                StorageModel(
                    name="preferences",
                    tables="user_preferences",
                    columns=("user_id", "interest_theme_ids"),
                ),
                StorageModel(
                    name="join_table",
                    tables="user_interest_themes",
                    columns=("user_id", "theme_id"),
                ),
            ),
        ),
    )
)
"""What is audited if a repository says nothing else."""
