"""The plan that Flyway would make of a folder."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import itertools
import pathlib

import attrs

from pytest_userstate.domain.errors import MigrationError, TargetNotFoundError
from pytest_userstate.outbound.migrations.layout import (
    label,
)
from pytest_userstate.outbound.migrations.options import (
    Options,
)
from pytest_userstate.outbound.migrations.plan import Migration, Plan
from pytest_userstate.outbound.migrations.tools.flyway.history import History
from pytest_userstate.outbound.migrations.tools.flyway.names import (
    CALLBACKS_OF_MIGRATE,
    Kind,
)
from pytest_userstate.outbound.migrations.tools.flyway.resources import (
    Resource,
    programs,
    resources,
)
from pytest_userstate.outbound.migrations.tools.flyway.settings import (
    Settings,
    is_of_spring,
    read_settings,
    settings_for,
    usual_folder,
)
from pytest_userstate.outbound.migrations.tools.left_out import left_out_programs

_ADVICE = (
    "Flyway runs a migration outside of a transaction when all its statements are of"
    " those that it knows to need that (CREATE INDEX CONCURRENTLY, VACUUM, …), when a"
    " file beside it, of its name and .conf, says executeInTransaction=false, or"
    " where mixed = true allows both kinds in one file."
)
_ADVICE_ON_PIECES = "Flyway sends each statement by itself."


def folder_named_by(
    project_file: pathlib.Path, base: pathlib.Path
) -> pathlib.Path | None:
    """Return the first location that there is, or one of the usual folders."""
    settings = read_settings(project_file, base)
    if settings is None:
        return None
    for location in settings.locations:
        if location.is_dir():
            return location
    if not settings.locations:
        return usual_folder(project_file)
    if is_of_spring(project_file):
        return None  # its class path has the resources of other modules, too
    named = ", ".join(label(each, base) for each in settings.locations)
    message = (
        f"{label(project_file, base)} says that the migrations are in {named},\nbut"
        " there is no such folder. Correct `locations` there."
    )
    raise TargetNotFoundError(message)


def plan_of(path: pathlib.Path, base: pathlib.Path, options: Options) -> Plan:
    """Read all that ``flyway migrate`` would run on an empty database."""
    settings = settings_for(path, base, options)
    locations = _locations(path, settings)
    found = [
        each
        for location in locations
        for each in resources(location, base, settings.prefixes)
    ]
    named = [each for each in found if not each.name.fault]
    if settings.validates_names:
        _refuse_faults(found)
    reading = _Reading(settings)
    order = _order(named, settings)
    history = History(settings)
    return Plan(
        layout="flyway",
        migrations=tuple(reading.plan(order, named, history)),
        prepare=history.prepare(),
        bookkeeping_tables=frozenset({settings.table}),
        tolerates_commit=True,
        advice_on_transactions=_ADVICE,
        advice_on_pieces=_ADVICE_ON_PIECES,
        warnings=(
            *left_out_programs([*programs(locations, base)], "the audit"),
            *_warnings(found, order),
        ),
    )


def _locations(path: pathlib.Path, settings: Settings) -> tuple[pathlib.Path, ...]:
    """Return the folder, with those that Flyway's file names beside it."""
    configured = {each.resolve() for each in settings.locations if each.is_dir()}
    if path.resolve() in configured:
        return tuple(each for each in settings.locations if each.is_dir())
    return (path,)


@attrs.frozen
class _Reading:
    """Turns files into migrations."""

    settings: Settings

    def plan(
        self,
        order: cabc.Sequence[Resource],
        found: cabc.Sequence[Resource],
        history: History,
    ) -> cabc.Iterator[Migration]:
        """Return the migrations in order, with the callbacks around them."""
        callbacks: dict[str, list[Resource]] = {
            name: [] for name in CALLBACKS_OF_MIGRATE
        }
        for resource in sorted(found, key=lambda each: each.name.description):
            if resource.name.prefix in callbacks:
                callbacks[resource.name.prefix].append(resource)

        def called(event: str) -> cabc.Iterator[Migration]:
            for resource in callbacks[event]:
                yield self._migration(resource, history, is_recorded=False)

        yield from called("beforeMigrate")
        was_versioned = True
        for resource in order:
            if was_versioned and resource.name.kind is Kind.REPEATABLE:
                was_versioned = False
                yield from called("afterVersioned")
                yield from called("beforeRepeatables")
            yield from called("beforeEachMigrate")
            yield self._migration(resource, history, is_recorded=True)
            yield from called("afterEachMigrate")
        if was_versioned:
            yield from called("afterVersioned")
        yield from called("afterMigrateApplied") if order else ()
        yield from called("afterMigrate")

    def _migration(
        self, resource: Resource, history: History, *, is_recorded: bool
    ) -> Migration:
        settings, name = self.settings, resource.name
        raw, sql = resource.read(settings, _own_values(resource, settings))
        counted = sql if name.kind is Kind.REPEATABLE else raw
        return Migration(
            version=name.version or name.description or name.prefix,
            path=resource.path,
            batches=(resource.batch(sql, settings),),
            before=history.before(),
            after=history.after(resource, counted) if is_recorded else (),
        )


def _own_values(resource: Resource, settings: Settings) -> dict[str, str]:
    """Return what Flyway itself puts for placeholders."""
    schema = settings.schemas[0] if settings.schemas else "public"
    return {
        "defaultSchema": schema,
        "user": "userstate",
        "database": "userstate",
        "timestamp": f"{dt.datetime.now().astimezone():%Y-%m-%d %H:%M:%S}",
        "filename": resource.file.name,
        "workingDirectory": str(pathlib.Path.cwd()),
        "table": settings.table,
        "environment": settings.environment,
    }


def _order(found: cabc.Iterable[Resource], settings: Settings) -> list[Resource]:
    """Return what is run on an empty database, in order.

    That is the last baseline migration, what comes after it, and what is repeatable.
    """
    by_kind: dict[Kind, list[Resource]] = {kind: [] for kind in Kind}
    for resource in found:
        if resource.is_wanted:
            by_kind[resource.name.kind].append(resource)
    for kind in (Kind.VERSIONED, Kind.BASELINE):
        by_kind[kind].sort(key=lambda each: each.name.order)
        _refuse_twins(by_kind[kind], "version", lambda each: each.name.order)
    repeatable = sorted(
        by_kind[Kind.REPEATABLE], key=lambda each: each.name.description
    )
    _refuse_twins(repeatable, "description", lambda each: each.name.description)
    limit = settings.limit
    baselines = [
        each for each in by_kind[Kind.BASELINE] if not limit or each.name.order <= limit
    ]
    start = baselines[-1:]
    versioned = [
        each
        for each in by_kind[Kind.VERSIONED]
        if not start or each.name.order > start[0].name.order
    ]
    within = [each for each in versioned if not limit or each.name.order <= limit]
    return [*start, *within, *repeatable]


def _refuse_twins(
    ordered: cabc.Sequence[Resource],
    what: str,
    key: cabc.Callable[[Resource], object],
) -> None:
    for one, other in itertools.pairwise(ordered):
        if key(one) == key(other):
            same = getattr(other.name, what)
            message = (
                f"{one.path}\nand {other.path}\nhave the same {what}, {same}, which"
                " Flyway refuses.\nRename one of the files."
            )
            raise MigrationError(message, path=other.path)


def _refuse_faults(found: cabc.Iterable[Resource]) -> None:
    for resource in found:
        if resource.name.fault:
            message = (
                f"{resource.path} is not named as Flyway names migrations:"
                f" {resource.name.fault}.\nIts setting validateMigrationNaming makes"
                " that an error. Rename the file."
            )
            raise MigrationError(message, path=resource.path)


def _warnings(
    found: cabc.Iterable[Resource], order: cabc.Sequence[Resource]
) -> cabc.Iterator[str]:
    """Say what is left out, as Flyway leaves it out."""
    for resource in found:
        name = resource.name
        if name.fault:
            yield f"{resource.path} is left out, as Flyway leaves it out: {name.fault}."
        elif name.kind is Kind.CALLBACK and name.prefix not in CALLBACKS_OF_MIGRATE:
            yield f"{resource.path} is not run: {name.prefix} is no event of this run."
        elif not resource.is_wanted:
            yield f"{resource.path} is not run: its shouldExecute says so."
        elif name.kind in {Kind.VERSIONED, Kind.BASELINE} and resource not in order:
            yield (
                f"{resource.path} is not run on an empty database: a baseline migration"
                " stands for it, or the target is an earlier version."
            )
