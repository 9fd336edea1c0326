"""Whatever a file says: a value or an error of ours that helps, and nothing else."""

from __future__ import annotations

import copy
import datetime as dt
import functools
import json
import pathlib
import tempfile
import typing as typ

import attrs
import hypothesis
import pytest
from hypothesis import strategies as st

from pytest_userstate.application import configuration
from pytest_userstate.application.configuration import Document, Names, read_settings
from pytest_userstate.application.documents import check_document
from pytest_userstate.application.reporting import json_report
from pytest_userstate.application.run_record import DocumentStatus
from pytest_userstate.application.settings import Settings
from pytest_userstate.application.snapshot_text import read_snapshot, write_snapshot
from pytest_userstate.domain.errors import (
    ConfigurationError,
    SnapshotFileError,
    UserStateError,
)
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.migrations.finding.discovery import LayoutChoice, locate
from pytest_userstate.outbound.migrations.tools import registry
from tests.helpers.documents import finished
from tests.helpers.full_snapshots import full_snapshots

if typ.TYPE_CHECKING:
    import collections.abc as cabc

pytestmark = pytest.mark.many_examples

E = typ.TypeVar("E", bound=UserStateError)

few = hypothesis.settings(
    max_examples=60, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
many = hypothesis.settings(few, max_examples=150)


def keys_of(kind: type, seen: frozenset[type] = frozenset()) -> set[str]:
    """Return every key that a configuration can have, at whatever depth."""
    found = set()
    fields = attrs.fields_dict(attrs.resolve_types(kind))
    for key, name in configuration.keys_of(kind).items():
        found.add(key)
        field = fields[name]
        kinds = [field.type]
        while kinds:
            each = kinds.pop()
            kinds += [*typ.get_args(each)]
            if attrs.has(each) and each not in seen:
                found |= keys_of(each, seen | {kind})
    return found


WORDS = st.sampled_from(
    [
        "users", "interests", "login", "preferences", "join_table", "consents",
        "interests.schema", "consents.schema", "login.schema found", "schema", "wiring",
        "revision", "fine", "ambiguous", "expected", "database_backed", "unwired",
        "US101", "US1*", "public", "a.b", "", " ", "*", "plain", "diesel", "a",
    ]
)  # fmt: skip
KEYS = st.sampled_from(sorted(keys_of(Document))) | WORDS | st.text(max_size=4)
SCALARS = (
    WORDS
    | st.text(max_size=5)
    | st.booleans()
    | st.integers(-5, 2**64)
    | st.floats()
    | st.dates()
    | st.datetimes()
    | st.times()
)
TREES = st.recursive(
    SCALARS,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(KEYS, each, max_size=4),
    max_leaves=12,
)


def plausible(kind: typ.Any) -> st.SearchStrategy[typ.Any]:
    """Return values of the shape that is expected, with a strange one here or there."""
    origin, arguments = typ.get_origin(kind), typ.get_args(kind)
    if kind is Names:
        return WORDS | st.lists(WORDS, max_size=2)
    if attrs.has(kind):
        by_name = attrs.fields_dict(attrs.resolve_types(kind))
        fields = {k: by_name[name] for k, name in configuration.keys_of(kind).items()}
        members = {key: plausible(field.type) for key, field in fields.items()}
        needed = {
            key: members.pop(key)
            for key, field in fields.items()
            if field.default is attrs.NOTHING
        }
        return st.fixed_dictionaries(needed, optional=members)
    if origin in {tuple, frozenset}:
        return st.lists(plausible(arguments[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(WORDS, plausible(arguments[1]), max_size=2)
    if arguments:
        kinds = [each for each in arguments if each is not type(None)]
        return st.one_of(*map(plausible, kinds))
    known = {bool: st.booleans(), float: st.floats(), dt.date: st.dates()}
    usual: st.SearchStrategy[typ.Any] = known.get(kind, WORDS)
    if isinstance(kind, type) and hasattr(kind, "__members__"):
        usual = st.sampled_from([str(each) for each in kind])
    return usual


def value_or_error(action: cabc.Callable[[], typ.Any], kind: type[E]) -> typ.Any | E:
    """Return what the action returns, or the error of this kind that it raises."""
    try:
        return action()
    except kind as error:
        return error


def expect_settings_or_key(tree: dict[str, typ.Any]) -> None:
    """Read the configuration: it is one, or the key is told that is to blame."""
    where = {"file": "f.toml", "prefix": "tool.userstate"}
    answer = value_or_error(lambda: read_settings(tree, **where), ConfigurationError)
    if isinstance(answer, ConfigurationError):
        assert str(answer).startswith("f.toml: `tool.userstate.")
        assert f"`{answer.key}`" in str(answer)
        assert answer.file == "f.toml"
    else:
        assert isinstance(answer, Settings)


@many
@hypothesis.given(st.dictionaries(KEYS, TREES, max_size=4))
def test_any_tree_is_a_configuration_or_refused_by_key(
    tree: dict[str, typ.Any],
) -> None:
    """Whatever TOML can say, under names that mean something here, and others."""
    expect_settings_or_key(tree)


@many
@hypothesis.given(plausible(Document))
@hypothesis.example(
    {"entities": {"users": {"models": [{"name": "a", "table": []}]}}}
).via("refused by the model itself")
@hypothesis.example(
    {"entities": {"a": {"models": [{"name": "a", "table": "t", "any_of": [[]]}]}}}
).via("likewise")
def test_a_tree_of_the_right_shape_is_too(tree: dict[str, typ.Any]) -> None:
    """Names that do not fit each other, numbers that are none, empty texts."""
    expect_settings_or_key(tree)


NAMES = st.sampled_from(
    [
        "up.sql", "down.sql", "001_a.sql", "002_b.sql", "0001_a.up.sql", "0_.down.sql",
        "V1__a.sql", "V1.1__a.sql", "U1__a.sql", "R__v.sql", "V1__a.sql.conf",
        "20240101000000_a.sql", "20240101000000_a/migration.sql", "structure.sql",
        "schema.sql", "migration_lock.toml", "diesel.toml", "env.py", "alembic.ini",
        "manage.py", "1_a/up.sql", "1_a/down.sql", "2/up.sql",
        "99999999999999999999_x.sql",
        "sqlx.toml", "flyway.toml", "flyway.conf", "atlas.sum", "config.toml",
        "a b.sql",
        "é_ü.sql", "\udcff_x.sql", "-1_x.sql", "1_.sql", "_1.sql", ".sql", "V__.sql",
        "V1__a.rs", "afterMigrate.sql", "beforeMigrate.sql", "metadata.toml",
        "1_a/metadata.toml", "0001_initial.py", "__init__.py", "sqitch.plan",
    ]
) | st.text(
    st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=8
).filter(lambda name: name not in {".", ".."})  # fmt: skip
PIECES = st.sampled_from(
    [
        "-- +goose Up\n", "-- +goose Down\n", "-- +goose StatementBegin\n", "BEGIN;",
        "-- +goose StatementEnd\n", "-- +goose NO TRANSACTION\n", "-- migrate:up\n",
        "-- +goose ENVSUB ON\n", "${X:-", "${", "}", "-- migrate:down",
        "-- no-transaction\n",
        "transaction:false", "CREATE TABLE t (a int);", "$$", "$a$", "'", '"', "/*",
        "*/",
        "--", "\n", "\r\n", ";", "\\.", "COPY t FROM stdin;\n1\n\\.\n", "\\connect x\n",
        "\\restrict x\n", "[flyway]\n", "placeholders", "=",
        "executeInTransaction=false",
        "[print_schema]\n", "[migrations_directory]\ndir = 'x'\n",
        "provider = 'postgresql'",
        "-- PostgreSQL database dump\n", "SET x = 1;", "\0", "\ufeff", "[alembic]\n",
        "script_location = .", "pub fn migration() -> String {", 'r#"', "%", "é",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=6), max_size=7).map("".join) | st.binary(
    max_size=12
)
PATHS = st.sampled_from(["", "migrations", "migrations/structure.sql"])
LAYOUTS = sorted(layout.name for layout in registry.layouts())


def write(folder: pathlib.Path, files: dict[str, str | bytes]) -> None:
    """Write what can be written together: a name may be a folder's as well."""
    for name, text in files.items():
        file = folder / name
        data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        except (FileExistsError, IsADirectoryError, NotADirectoryError):
            continue


@pytest.mark.parametrize("layout", [None, *LAYOUTS])
def test_any_folder_is_a_plan_or_refused(layout: str | None) -> None:
    """Whatever its files are named and say, for each tool and for none."""
    outcomes: set[type] = set()

    @hypothesis.settings(few, max_examples=60 if layout is None else 25)
    @hypothesis.given(st.dictionaries(NAMES, TEXTS, max_size=6), PATHS)
    def attempt(files: dict[str, str | bytes], path: str) -> None:
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            (root / ".git").mkdir()
            folder = root / "migrations"
            folder.mkdir()
            write(folder, files)
            answer = value_or_error(
                functools.partial(
                    locate,
                    root=root,
                    base=root,
                    path=str(root / path) if path else None,
                    choice=LayoutChoice(layout=layout),
                ),
                UserStateError,
            )
        if isinstance(answer, UserStateError):
            assert str(answer).strip()
        else:
            assert answer.digest.startswith("sha256:")
        outcomes.add(type(answer))

    attempt()
    assert layout or len(outcomes) > 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=4), each)
    ),
    max_leaves=6,
)


def places(value: typ.Any) -> cabc.Iterator[tuple[typ.Any, typ.Any]]:
    """Yield every container in the value with each of its keys."""
    if isinstance(value, dict | list):
        for key in [*(value if isinstance(value, dict) else range(len(value)))]:
            yield value, key
            yield from places(value[key])


def mutated(draw: typ.Callable[..., typ.Any], value: typ.Any) -> str:
    """Return the value as JSON, with something exchanged, removed, or cut off."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        found = [*places(value)]
        if not found:
            break
        container, key = draw(st.sampled_from(found))
        if draw(st.booleans()):
            container[key] = draw(JSON)
        elif isinstance(container, dict) and draw(st.booleans()):
            container[draw(st.text(max_size=4))] = container.pop(key)
        else:
            del container[key]
    text = json.dumps(value)
    return text[: draw(st.integers(0, len(text)))] if draw(st.booleans()) else text


@many
@hypothesis.given(full_snapshots, st.data())
def test_any_snapshot_file_is_read_or_refused(
    snapshot: SchemaSnapshot, data: st.DataObject
) -> None:
    """Members of the wrong kind, missing, unknown, doubled; half a file."""
    text = mutated(data.draw, json.loads(write_snapshot(snapshot)))
    read = value_or_error(lambda: read_snapshot(text, file="s.json"), SnapshotFileError)
    if isinstance(read, SnapshotFileError):
        assert str(read).startswith(("s.json ", "s.json:"))
        assert not read.is_newer or '"userstate_snapshot"' in text
    else:
        assert read_snapshot(write_snapshot(read), file="s.json") == read


class Committed:
    """A store with one report in it."""

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self._text = text

    def read(self, _: str) -> str:
        """Return it."""
        return self._text

    def place(self, _: str) -> None:
        """Place it nowhere."""


AUDITED = finished()
REPORT = json.loads(json_report.render(AUDITED))


@few
@hypothesis.given(st.data())
def test_any_committed_report_is_held_against_the_audit(data: st.DataObject) -> None:
    """It differs, or is said to be no JSON."""
    text = mutated(data.draw, REPORT)
    found = check_document(AUDITED, "a.json", Committed(text))
    try:
        json.loads(text)
    except ValueError:
        assert found.status is DocumentStatus.UNREADABLE
    else:
        assert found.status in {DocumentStatus.OUTDATED, DocumentStatus.CURRENT}
        assert found.is_current or found.difference


@few
@hypothesis.given(full_snapshots)
def test_any_schema_is_classified(snapshot: SchemaSnapshot) -> None:
    """Names of all kinds, and facts that no server would put together."""
    report = UserStateSchemaAuditReport.evaluate(snapshot)
    assert len(report.checks) == 10
    assert all(check.rationale for check in report.checks)
