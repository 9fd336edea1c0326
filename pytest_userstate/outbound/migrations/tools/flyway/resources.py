"""The files that Flyway finds in a location, and the files beside them."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re

import attrs

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.layout import label, listing, read_sql
from pytest_userstate.outbound.migrations.plan import Batch, Mode
from pytest_userstate.outbound.migrations.script import script
from pytest_userstate.outbound.migrations.sql import Statement, statements
from pytest_userstate.outbound.migrations.tools.flyway.names import Kind, Name, Prefixes
from pytest_userstate.outbound.migrations.tools.flyway.settings import (
    RESOURCES,
    Settings,
)
from pytest_userstate.outbound.migrations.tools.flyway.transactions import (
    can_run_in_transaction,
    expect_one_kind,
)

_BESIDE = ".conf"
_KEYS = ("executeInTransaction", "encoding", "placeholderReplacement", "shouldExecute")
_CODE = re.compile(r"[VRB][0-9_]*__\w+\.(?:java|kt|groovy|scala)")
_LANGUAGES = ("java", "kotlin", "groovy", "scala")
_COMPARISON = re.compile(r"(.*?)\s*([!=])=\s*(.*)")


@attrs.frozen
class Resource:
    """A file of Flyway's.

    Parameters
    ----------
    file : Path
        Where it is.
    path : str
        How messages name it.
    relative : str
        Its path in its location.
    name : Name
        What its name says.
    beside : mapping
        What the file of its name and ``.conf`` says.
    """

    file: pathlib.Path
    path: str
    relative: str
    name: Name
    beside: cabc.Mapping[str, str]

    @property
    def is_wanted(self) -> bool:
        """Whether Flyway would run it at all."""
        expression = self.beside.get("shouldExecute", "true").strip()
        comparison = _COMPARISON.fullmatch(expression)
        if comparison:
            left, operator, right = comparison.groups()
            return (left.strip() == right.strip()) is (operator == "=")
        return expression.lower() == "true"

    def read(self, settings: Settings, own: cabc.Mapping[str, str]) -> tuple[str, str]:
        """Return the text, and the text with its placeholders replaced."""
        raw = read_sql(self.file, self.path)
        replaces = self._flag("placeholderReplacement", settings.replaces_placeholders)
        if not replaces:
            return raw, raw
        return raw, settings.placeholders.replaced(raw, self.path, own)

    def batch(self, sql: str, settings: Settings) -> Batch:
        """Return the text as Flyway sends it: statement by statement.

        Raises
        ------
        MigrationError
            When it mixes statements that Flyway does not mix.
        """
        found = statements(sql)
        mode = Mode.PIECES
        if any(statement.copies_from_input for statement in found):
            # Flyway reads the rows that follow as psql does, up to a line with \\.
            mode = Mode.SCRIPT
            parts = script(sql)
            found = tuple(part for part in parts if isinstance(part, Statement))
        told = self.beside.get("executeInTransaction")
        if told is None and settings.in_transaction and not settings.mixed:
            expect_one_kind(found, self.path)
        in_transaction = settings.in_transaction and all(
            map(can_run_in_transaction, found)
        )
        return Batch(
            sql=sql,
            mode=mode,
            in_transaction=self._flag("executeInTransaction", in_transaction),
        )

    def _flag(self, key: str, default: bool) -> bool:  # noqa: FBT001 - private
        told = self.beside.get(key)
        return default if told is None else told.strip().lower() == "true"


def resources(
    location: pathlib.Path, base: pathlib.Path, prefixes: Prefixes
) -> cabc.Iterator[Resource]:
    """Return the files in a location and below, without hidden folders."""
    yield from _resources(location, location, base, prefixes, frozenset())


def _resources(
    folder: pathlib.Path,
    location: pathlib.Path,
    base: pathlib.Path,
    prefixes: Prefixes,
    above: frozenset[pathlib.Path],
) -> cabc.Iterator[Resource]:
    real = folder.resolve()
    if real in above:
        return  # a link to a folder that holds it
    for entry in listing(folder, label(folder, base)):
        file = pathlib.Path(entry.path)
        if entry.is_dir():
            if not entry.name.startswith("."):
                yield from _resources(file, location, base, prefixes, above | {real})
            continue
        name = Name.of(entry.name, prefixes)
        if name is not None and name.kind is not Kind.UNDO:
            relative = file.relative_to(location).as_posix()
            yield Resource(file, label(file, base), relative, name, _beside(file, base))


def _beside(file: pathlib.Path, base: pathlib.Path) -> dict[str, str]:
    """Read the file of this name and ``.conf``, if there is one."""
    conf = file.with_name(file.name + _BESIDE)
    if not conf.is_file():
        return {}
    path = label(conf, base)
    found: dict[str, str] = {}
    for number, line in enumerate(read_sql(conf, path).splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", "!")):
            continue
        key, _, value = stripped.partition("=")
        if key.strip() not in _KEYS:
            message = (
                f"{path}:{number}: {key.strip()!r} is no setting of a migration,"
                f" which Flyway\nrefuses. It knows {', '.join(_KEYS)}."
            )
            raise MigrationError(message, path=path, line=number)
        found[key.strip()] = value.strip()
    return found


def programs(
    locations: cabc.Iterable[pathlib.Path], base: pathlib.Path
) -> cabc.Iterator[str]:
    """Yield the paths of migrations written in a language of the JVM.

    They are in a location, or in the folders of sources of its module.
    """
    folders = dict.fromkeys(locations)
    for location in locations:
        module, in_resources, _ = location.as_posix().partition(f"/{RESOURCES}/")
        sources = pathlib.Path(module if in_resources else base, "src/main")
        folders |= dict.fromkeys(sources / language for language in _LANGUAGES)
    for folder in filter(pathlib.Path.is_dir, folders):
        for file in sorted(folder.rglob("*")):
            if _CODE.fullmatch(file.name):
                yield label(file, base)
