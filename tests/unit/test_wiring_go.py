"""What counts as wiring in Go, and what only looks like it."""

from __future__ import annotations

import pathlib

import pytest

from tests.helpers.wiring import lines_of_uses, scan, uses

ADAPTERS = {
    "internal/postgres/interests.go": """
        // Package postgres stores.
        package postgres

        import "app/domain"

        var _ domain.UserInterestsCommand = (*PostgresInterests)(nil)
        var _ domain.UserInterestsCommand = &FixtureInterests{}

        type PostgresInterests struct{ db *sql.DB }

        func New(db *sql.DB) (*PostgresInterests, error) {
            return &PostgresInterests{db}, nil
        }

        func NewPostgresInterests(db *sql.DB) domain.UserInterestsCommand {
            return &PostgresInterests{db}
        }

        func (p *PostgresInterests) Replace() { _ = PostgresInterests{} }

        type FixtureInterests struct{}

        func NewFixtureInterests() *FixtureInterests { return new(FixtureInterests) }

        type FixtureUsers struct{}
    """
}
COUNTS = [
    "ports := Ports{Interests: postgres.NewFixtureInterests()}",
    "ports := Ports{Interests: &postgres.FixtureInterests{}}",
    "ports.Interests = postgres.FixtureInterests{}",
    "build := new(postgres.FixtureInterests)",
    "fx.Provide(postgres.NewFixtureInterests)",
    "wire.Build(wire.Bind(new(Port), new(*postgres.FixtureInterests)))",
    "var store postgres.FixtureInterests",
    "go func() { run(postgres.FixtureInterests{}) }()",
    "do.Provide[postgres.FixtureInterests](c, d)",
    "all := []Port{postgres.FixtureInterests{}}",
    "run(postgres.FixtureInterests(f))",
]
IGNORED = [
    "// postgres.NewFixtureInterests()",
    'log.Print("postgres.NewFixtureInterests()")',
    "log.Print(`postgres.NewFixtureInterests()`)",
    "var x *postgres.FixtureInterests",
    "x, ok := port.(postgres.FixtureInterests)",
    "ports := Ports{FixtureInterests: x}",
    "ports.FixtureInterests.Replace()",
    "f := func(x postgres.FixtureInterests) postgres.FixtureInterests { return x }",
    "x := map[string]postgres.FixtureInterests{}",
    "run(postgres.FixtureUsers{})",
    "run(postgres.NewFixtureInterestsQuery())",
]
MAIN = 'package main\nimport "app/postgres"\nfunc main() {{\n{}\n}}\n'


@pytest.mark.parametrize("code", COUNTS)
def test_a_value_counts(tmp_path: pathlib.Path, code: str) -> None:
    """Constructed by a literal, by `new`, by a constructor, or passed on."""
    assert lines_of_uses(tmp_path, "main.go", MAIN.format(code), ADAPTERS) in (
        ["FixtureInterests:4"],
        ["postgres.FixtureInterests:4"],
    )


@pytest.mark.parametrize("code", IGNORED)
def test_what_is_no_value_does_not(tmp_path: pathlib.Path, code: str) -> None:
    """Comments, strings, types, fields, assertions, and other ports' types."""
    assert lines_of_uses(tmp_path, "main.go", MAIN.format(code), ADAPTERS) == []


def test_constructors_wire_nothing_themselves(tmp_path: pathlib.Path) -> None:
    """Nor do methods, or questions to the compiler: only a call would."""
    (port,) = scan(tmp_path, ADAPTERS).ports
    assert port.state == "unwired"


def test_a_constructor_need_not_name_its_type(tmp_path: pathlib.Path) -> None:
    """`postgres.New` stands for what it returns; another package's does not."""
    (port,) = scan(
        tmp_path,
        {**ADAPTERS, "main.go": MAIN.format("a, _ := postgres.New(db)\nb.New(db)")},
    ).ports
    assert port.state == "database_backed"
    assert [each.rpartition(" ")[2] for each in uses(port)] == ["main.go:4"]


def test_a_package_may_tell_the_sides_apart(tmp_path: pathlib.Path) -> None:
    """Patterns may be qualified, as Go names things."""
    main = """
        package main

        import (
            "app/demo"
            "app/postgres"
        )

        func main() {
            ports := Ports{
                Interests: postgres.NewInterests(db), Users: postgres.Users{},
            }
            if demoMode {
                ports.Interests = demo.Interests{}
            }
        }
    """
    (port,) = scan(
        tmp_path,
        {"cmd/main.go": main},
        database=("postgres.*",),
        fixture=("demo.*",),
    ).ports
    assert port.state == "conditional"
    assert uses(port) == [
        "postgres.Interests cmd/main.go:10",
        "demo.Interests cmd/main.go:13",
    ]


def test_tests_are_not_read(tmp_path: pathlib.Path) -> None:
    """Go's tests stand beside the code."""
    code = MAIN.format("run(postgres.NewFixtureInterests())")
    assert lines_of_uses(tmp_path, "main_test.go", code, ADAPTERS) == []
