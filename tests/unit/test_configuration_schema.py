"""The JSON Schema of the configuration accepts and refuses what the reader does."""

from __future__ import annotations

import collections.abc as cabc
import copy
import datetime as dt
import json
import tomllib
import typing as typ

import jsonschema
import pytest

from pytest_userstate.application.configuration import read_document
from pytest_userstate.application.configuration_schema import configuration_schema
from pytest_userstate.console import main
from pytest_userstate.domain.errors import ConfigurationError

VALIDATOR = jsonschema.Draft202012Validator(
    configuration_schema(), format_checker=jsonschema.FormatChecker()
)

WHOLE = """
migrations = { path = "db", tool = "diesel", environment = { A = "b" } }
snapshot = "schema.json"
schemas = ["public", "legal"]
recognize = true
[entities.login]
expected = false
reason = "single sign-on"
[entities.consents]
replace = true
allow_multiple = true
revisions = true
canonical = { model = "log", reason = "ADR 1" }
[[entities.consents.models]]
name = "log"
table = ["legal.log", "log"]
columns = ["user_id"]
any_of = [["a", "b"]]
revision = "version"
[[entities.consents.models]]
name = "elsewhere"
table = "settings"
revision = { table = "accounts", column = "version" }
[wiring]
sources = "src"
ports.login = { port = "Login", state = "unwired", reason = "r", evidence = ["a:1"] }
[[wiring.ports.users]]
port = "Users"
database = "Sql*"
fixture = ["Fake*"]
sources = ["src"]
[postgres]
setup = "roles.sql"
superuser = false
migration_timeout = 5
[gate]
axes = ["schema"]
fail_on_deferred = true
[[accept]]
check = "users.schema"
reason = "r"
until = 2099-01-01
[[ignore]]
advisory = "US101"
subject = "public.*"
reason = "r"
[[downstream]]
id = "1"
title = "t"
needs = ["users.schema"]
"""
SAMPLES: tuple[typ.Any, ...] = (
    "not_expected",
    "",
    "x",
    True,
    7,
    0,
    1.5,
    [],
    ["x"],
    [7],
    {},
    {"x": 1},
)


def document() -> dict[str, typ.Any]:
    """Return a configuration in which every key is used."""
    return tomllib.loads(WHOLE)


def places(value: object, *path: str | int) -> cabc.Iterator[tuple[str | int, ...]]:
    """Yield the path of every value in a document."""
    if path:
        yield path
    items: cabc.Iterable[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield from places(inner, *path, key)


def parent(value: typ.Any, path: tuple[str | int, ...]) -> typ.Any:
    """Return what holds the value at a path."""
    for key in path[:-1]:
        value = value[key]
    return value


def mutants() -> cabc.Iterator[tuple[str, dict[str, typ.Any]]]:
    """Yield the document without a value, with another one, and with a wrong key."""
    for path in places(document()):
        name = ".".join(map(str, path))
        for sample in SAMPLES:
            changed = document()
            parent(changed, path)[path[-1]] = copy.deepcopy(sample)
            yield f"{name} = {sample!r}", changed
        changed = document()
        del parent(changed, path)[path[-1]]
        yield f"without {name}", changed
        changed = document()
        holder = parent(changed, path)
        if isinstance(holder, dict):
            holder["nonsense"] = 1
            yield f"nonsense beside {name}", changed


def as_json(value: object) -> typ.Any:
    """Return a document of TOML as tools hand it to a validator: dates as text."""
    return json.loads(json.dumps(value, default=dt.date.isoformat))


def is_read(raw: dict[str, typ.Any]) -> bool:
    """Whether the reader accepts the form, whatever the names in it refer to."""
    try:
        read_document(raw, file="x")
    except ConfigurationError:
        return False
    return True


def test_the_whole_document_is_accepted() -> None:
    """By both, so that the mutants differ from it in one thing only."""
    read_document(document(), file="x")
    VALIDATOR.validate(as_json(document()))


@pytest.mark.parametrize("keys", [["recognize"], ["gate", "axes"], ["accept"]])
def test_a_wrong_type_is_refused_by_both(keys: list[str]) -> None:
    """A number in place of anything else."""
    changed = document()
    parent(changed, tuple(keys))[keys[-1]] = 7
    assert not is_read(changed)
    assert not VALIDATOR.is_valid(as_json(changed))


def test_the_schema_refuses_what_the_reader_refuses() -> None:
    """Wrong types, missing and unknown keys, empty texts, and duplicates."""
    differing = [
        f"{name}: reader {is_read(changed)}"
        for name, changed in mutants()
        if VALIDATOR.is_valid(as_json(changed)) != is_read(changed)
    ]
    assert differing == []


def test_the_command_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON that is a valid schema."""
    assert main(["schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(printed)
    assert printed == configuration_schema()
