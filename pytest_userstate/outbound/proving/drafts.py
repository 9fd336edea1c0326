"""Drafts of migrations, applied to a copy as the tool of the repository does it."""

from __future__ import annotations

import collections
import collections.abc as cabc
import contextlib
import pathlib
import posixpath
import re
import shutil
import typing as typ

import attrs
import psycopg
from psycopg import sql

from pytest_userstate.domain.drafts import (
    CopyMissing,
    Draft,
    DraftFile,
    DraftStep,
    RepairRevision,
)
from pytest_userstate.domain.errors import UserStateError
from pytest_userstate.domain.ports import UntriableError
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.migrations.layout import LayoutDefaults, label
from pytest_userstate.outbound.migrations.next_files import NewMigration
from pytest_userstate.outbound.migrations.plan import Migration, Plan
from pytest_userstate.outbound.migrations.programs.plan import ProgramFile
from pytest_userstate.outbound.migrations.programs.runner import ProgramRunner
from pytest_userstate.outbound.migrations.running.runner import DEFAULT_TIMEOUT
from pytest_userstate.outbound.proving.rows import (
    Connection,
    RowMaker,
    quoted,
    relation,
    trusted,
)
from pytest_userstate.outbound.proving.statements import arrays_of, items_of, statements

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.migrations.finding.discovery import Target
    from pytest_userstate.outbound.migrations.programs.plan import ProgramPlan
    from pytest_userstate.outbound.postgres.connection_strings import Address


class Deployment:
    """Applies migrations as the tool of the repository does, and takes them back."""

    def __init__(
        self,
        target: Target,
        session: Connection,
        address: cabc.Callable[[], contextlib.AbstractContextManager[Address]],
        folder: pathlib.Path,
    ) -> None:
        """Note where; `folder` is empty, and gone afterwards."""
        self._target, self._session, self._address = target, session, address
        self._plan = target.plan
        self._folder = folder
        self._has_copy = isinstance(self._plan, Plan) and _copied(
            self._plan, target.path, folder, target.base
        )
        self._done: list[tuple[NewMigration, tuple[DraftFile, ...]]] = []

    def up(self, step: DraftStep, snapshot: SchemaSnapshot) -> tuple[DraftFile, ...]:
        """Apply the next migration; return its files.

        An `UntriableError` is raised if it cannot be applied, or if the tool does not
        take the files for its next migration.
        """
        new = self._new(step, snapshot)
        layout, files = self._target.layout, new.plain()
        if isinstance(layout, LayoutDefaults):
            files = layout.next_files(new)
        for file in files:
            path = self._folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            # A journal may be a link to the one of the repository.
            path.unlink(missing_ok=True)
            path.write_text(file.text, encoding="utf-8")
        self._done.append((new, files))
        if isinstance(self._plan, Plan):
            applied(self._session, self._sent(self._plan, new, files))
        else:
            self._plan = self._run(self._plan, new, files[0])
        return files

    def down(self) -> None:
        """Take the last one back."""
        new, files = self._done.pop()
        if isinstance(self._plan, Plan) or self._plan.program.watched is None:
            return applied(self._session, new.down)
        arguments = self._plan.program.arguments
        if self._plan.program.watched == "django":
            before = re.findall(r'\[\("[^"]*", "([^"]*)"\)\]', files[0].text)
            arguments = (*arguments, _app_of(new), *before)
        else:
            words = ("downgrade" if word == "upgrade" else word for word in arguments)
            arguments = (*list(words)[:-1], "-1")
        return self._run_beside(self._plan, arguments, new)

    def _new(self, step: DraftStep, snapshot: SchemaSnapshot) -> NewMigration:
        script = statements(step.change)
        table = snapshot.table(step.change.table, schema=step.change.schema)
        return NewMigration(
            name=step.name,
            up=script.up,
            down=script.down,
            plan=self._plan,
            folder=self._folder if self._has_copy else self._target.path,
            beside=table.source.path if table and table.source else "",
        )

    def _sent(self, plan: Plan, new: NewMigration, files: tuple[DraftFile, ...]) -> str:
        """Return what the tool sends when it reads the files behind the others."""
        if not self._has_copy:
            made = Migration(version="", path=files[0].path, batches=())
            self._plan = attrs.evolve(plan, migrations=(*plan.migrations, made))
            return new.up
        target = self._target
        try:
            read = target.layout.load(self._folder, self._folder, target.options)
        except UserStateError as error:
            raise UntriableError(str(error)) from error
        self._plan = read
        last = read.migrations[-1]
        names = {file.path for file in files}
        if isinstance(last, Migration) and last.path in names:
            return "\n".join(batch.sql for batch in last.batches)
        if files == new.plain():
            # The next migration of the tool is no new file.
            return new.up
        message = f"{target.layout.name} does not take {files[0].path} for the next"
        raise UntriableError(message)

    def _run(
        self, plan: ProgramPlan, new: NewMigration, file: DraftFile
    ) -> ProgramPlan:
        """Run the program, with the new file among its migrations."""
        if plan.program.watched is None:
            applied(self._session, new.up)
            return plan
        self._run_beside(plan, plan.program.arguments, new)
        made = ProgramFile(file.path, file.text.encode())
        if plan.program.watched == "django":
            place = posixpath.join(posixpath.dirname(new.beside), file.path)
            made = attrs.evolve(made, path=place)
            return attrs.evolve(plan, others=(*plan.others, made))
        return attrs.evolve(plan, migrations=(*plan.migrations, made))

    def _run_beside(
        self, plan: ProgramPlan, arguments: tuple[str, ...], new: NewMigration
    ) -> None:
        with self._address() as address:
            runner = ProgramRunner(self._session, address, timeout=DEFAULT_TIMEOUT)
            beside = {"folder": str(self._folder), "app": _app_of(new)}
            try:
                runner.run_beside(plan, arguments, beside)
            except UserStateError as error:
                raise UntriableError(str(error)) from error


def _app_of(new: NewMigration) -> str:
    """Return the app of Django that made the table."""
    return posixpath.basename(posixpath.dirname(posixpath.dirname(new.beside)))


def _copied(
    plan: Plan, path: pathlib.Path, folder: pathlib.Path, base: pathlib.Path
) -> bool:
    """Copy the migrations, with the files beside them; say whether that is possible."""
    if not path.is_dir():
        return False
    used = {
        pathlib.Path(label(base / migration.path, path)).parts[0]
        for migration in plan.migrations
    }
    if ".." in used:
        return False
    for entry in path.iterdir():
        if entry.is_file():
            shutil.copy(entry, folder / entry.name)
        elif entry.name in {*used, "meta"}:
            shutil.copytree(entry, folder / entry.name)
    return True


def old_rows(
    connection: Connection, draft: Draft, snapshot: SchemaSnapshot
) -> collections.Counter[tuple[typ.Any, ...]]:
    """Return the rows of the table that has to keep them, in the columns it had."""
    change, omitted = draft.changes[0], set[str]()
    table = snapshot.table(change.table, schema=change.schema)
    if isinstance(change, RepairRevision):
        omitted = {change.column.name}
    elif isinstance(change, CopyMissing):
        table = change.transfer.kept
        omitted = {change.transfer.pairs[1][1], change.transfer.revision}
    if table is None:
        return collections.Counter()
    query = sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join(
            sql.SQL("{}::text").format(sql.Identifier(column.name))
            for column in table.columns
            if column.name not in omitted
        ),
        relation(table),
    )
    return collections.Counter(connection.execute(query).fetchall())


def transferred(
    connection: Connection, draft: Draft, *, is_kept: bool
) -> collections.Counter[tuple[typ.Any, ...]]:
    """Return what one of two storages holds, if one of them is retired."""
    change = draft.changes[0]
    if not isinstance(change, CopyMissing):
        return collections.Counter()
    transfer = change.transfer
    table = transfer.kept if is_kept else transfer.retired
    owner, item = (pair[is_kept] for pair in transfer.pairs)
    query = items_of(table, owner, item)
    return collections.Counter(connection.execute(trusted(query)).fetchall())


def fill(maker: RowMaker, connection: Connection, draft: Draft) -> None:
    """Make rows that a draft must not lose."""
    change = draft.changes[0]
    tables = [maker.snapshot.table(change.table, schema=change.schema)]
    for table in filter(None, tables):
        maker.row(table)
    if not isinstance(change, CopyMissing):
        return
    transfer = change.transfer
    item = transfer.retired.column(transfer.pairs[1][0])
    if item is None or item not in arrays_of(transfer.retired):
        return
    # An array is empty by itself; what it refers to has to be there.
    keys = [
        k for k in transfer.kept.foreign_keys if k.columns == (transfer.pairs[1][1],)
    ]
    value = "00000000-0000-4000-8000-000000000001"
    for key in keys:
        parent = maker.snapshot.table(key.target_table, schema=key.target_schema)
        if parent is not None:
            value = maker.row(parent).values[key.target_columns[0]] or value
    update = sql.SQL("UPDATE {} SET {} = ARRAY[{}]::{}").format(
        relation(transfer.retired),
        sql.Identifier(item.name),
        sql.Literal(value),
        trusted(item.data_type),
    )
    with contextlib.suppress(psycopg.DataError):
        connection.execute(update)


def applied(connection: Connection, script: str) -> None:
    """Run a script in one transaction."""
    try:
        with connection.transaction():
            connection.execute(trusted(script), prepare=False)
    except psycopg.Error as error:
        raise UntriableError(quoted(error)) from error
