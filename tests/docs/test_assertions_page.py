"""The page about assertions: its examples hold, its tables are complete."""

from __future__ import annotations

import collections.abc as cabc
import doctest
import inspect
import pathlib
import shutil
import subprocess
import sys

import attrs
import pytest

from pytest_userstate import (
    Column,
    ForeignKey,
    KeyConstraint,
    SchemaSnapshot,
    Source,
    Table,
    assertions,
)
from pytest_userstate.application.explanation import explain
from tests.helpers.markdown import ROOT, blocks, table_after

PAGE = ROOT / "docs/assertions.md"
DECISION = ROOT / "docs/adr-008-assertion-form.md"
HANDLES = {
    name: value
    for name, value in vars(assertions).items()
    if name.endswith("Assertions")
}


def call(name: str, value: cabc.Callable[..., object]) -> str:
    """Return how something is called: its parameters, the keywords behind a star."""
    shown: list[str] = []
    for parameter in inspect.signature(value).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in shown:
            shown.append("*")
        shown.append(parameter.name)
    return f"`{name}({', '.join(each for each in shown if each != 'self')})`"


def row(name: str, value: cabc.Callable[..., object]) -> list[str]:
    """Return a row of the page: the call, and what its docstring says first."""
    assert value.__doc__
    return [call(name, value), value.__doc__.splitlines()[0].rstrip(".")]


def test_every_function_stands_on_the_page() -> None:
    """With its keywords."""
    names = [name for name in assertions.__all__ if name.startswith("assert_")]
    expected = [row(name, getattr(assertions, name)) for name in names]
    assert table_after(PAGE.read_text(), "\n### Functions\n") == expected


@pytest.mark.parametrize("name", HANDLES)
def test_every_method_stands_on_the_page(name: str) -> None:
    """With its keywords, under what it is a method of."""
    methods = {
        each: getattr(HANDLES[name], each)
        for each in dir(HANDLES[name])
        if not each.startswith("_") and callable(getattr(HANDLES[name], each))
    }
    expected = [row(each, method) for each, method in methods.items()]
    assert table_after(PAGE.read_text(), f"\n### {name}\n") == expected


@pytest.mark.parametrize("page", [PAGE, DECISION], ids=lambda page: page.stem)
def test_the_examples_hold(page: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Each test on the page passes in the example repository that it is about."""
    repository = tmp_path / "repository"
    shutil.copytree(ROOT / "examples/own-entities", repository)
    shutil.rmtree(repository / "tests", ignore_errors=True)
    (repository / ".git").mkdir()
    tests = 0
    for number, block in enumerate(blocks(page)):
        if block.language == "python":
            (repository / f"test_{number}.py").write_text(block.text)
            tests += block.text.count("def test_")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", repository],
        cwd=repository,
        check=False,
        capture_output=True,
        text=True,
    )
    assert f"{tests} passed" in done.stdout, done.stdout + done.stderr


def test_the_example_in_the_package_runs() -> None:
    """The first thing that an editor shows of it."""
    result = doctest.testmod(assertions)
    assert result.attempted > 5
    assert result.failed == 0


USERS = Table(
    "users",
    [Column("id", "uuid"), Column("name", "text")],
    primary_key=KeyConstraint(name="users_pkey", columns=["id"]),
)
NOTES = Table(
    "notes",
    [Column("id", "uuid"), Column("owner_id", "uuid")],
    foreign_keys=[
        ForeignKey(
            name="notes_owner",
            columns=["owner_id"],
            target_table="users",
            target_schema="public",
            target_columns=["id"],
            on_delete="restrict",
        )
    ],
    source=Source("migrations/002_notes.sql", 1),
)


def test_the_failures_are_real() -> None:
    """What the page shows is what such an assertion, and such a comparison, say."""
    asserted, compared = [b.text for b in blocks(PAGE) if b.language == "text"]
    snapshot = SchemaSnapshot([USERS, NOTES])
    with pytest.raises(AssertionError) as caught:
        assertions.assert_table(snapshot, "notes").has_foreign_key(
            "owner_id", references="user", on_delete="cascade"
        )
    assert asserted == f"AssertionError: {caught.value}\n"

    columns = [Column("id", "uuid"), Column("name", "character varying(32)")]
    other = SchemaSnapshot([attrs.evolve(USERS, columns=columns)])
    told = explain("==", snapshot, other)
    assert told
    assert compared == "assert " + "\n  ".join(told) + "\n"
