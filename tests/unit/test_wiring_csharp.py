"""What counts as wiring in C#, and what only looks like it."""

from __future__ import annotations

import pathlib

import pytest

from tests.helpers.wiring import lines_of_uses

ADAPTERS = {
    "src/Adapters.cs": """
        namespace App;
        public class SqlUserInterests(Db db) : IUserInterests
        {
            public static SqlUserInterests Create() => new SqlUserInterests(null);
        }
        public abstract class Remembering<T> : IDisposable, Ports.IUserInterests { }
        public class InMemoryUserInterests : Remembering<Theme> { }
        public record InMemoryUsers(int A) : IUserRepository;
        public class InMemoryInterests : IUserInterestsQuery { }
    """
}
COUNTS = [
    "services.AddScoped<IUserInterests, InMemoryUserInterests>();",
    "services.AddScoped(typeof(IUserInterests), typeof(InMemoryUserInterests));",
    "services.AddSingleton<IUserInterests>(sp => new InMemoryUserInterests(sp));",
    "IUserInterests port = new App.InMemoryUserInterests();",
    "InMemoryUserInterests port = new();",
    "run(InMemoryUserInterests.Create(db));",
    "run(InMemoryUserInterests.Instance);",
    "builder.RegisterType<InMemoryUserInterests>().As<IUserInterests>();",
]
IGNORED = [
    "// new InMemoryUserInterests();",
    'Log("new InMemoryUserInterests()");',
    "InMemoryUserInterests port = other;",
    "List<InMemoryUserInterests> all = new List<InMemoryUserInterests>();",
    "if (port is InMemoryUserInterests) Run();",
    "var x = (InMemoryUserInterests)port;",
    "var x = port as InMemoryUserInterests;",
    "Log(nameof(InMemoryUserInterests));",
    "Log(InMemoryUserInterests.TableName);",
    "run(new InMemoryUsers(1));",
    "run(new InMemoryInterests());",
]
MAIN = (
    "using App;\nusing X = App.InMemoryUserInterests;\nclass Main {{ void F() {{\n"
    "{}\n}} }}"
)
FIELDS = {"port": "IUserInterests"}


@pytest.mark.parametrize("code", COUNTS)
def test_a_value_counts(tmp_path: pathlib.Path, code: str) -> None:
    """Registered, constructed, or asked for; also by way of a base class."""
    main = MAIN.format(code)
    found = lines_of_uses(tmp_path, "src/Main.cs", main, ADAPTERS, **FIELDS)
    assert found in (["InMemoryUserInterests:4"], ["App.InMemoryUserInterests:4"])


@pytest.mark.parametrize("code", IGNORED)
def test_what_is_no_value_does_not(tmp_path: pathlib.Path, code: str) -> None:
    """Directives, comments, strings, types, names, and other ports' types."""
    main = MAIN.format(code)
    assert lines_of_uses(tmp_path, "src/Main.cs", main, ADAPTERS, **FIELDS) == []


def test_a_property_may_construct(tmp_path: pathlib.Path) -> None:
    """`new()` constructs what the property is declared as."""
    main = "class Main {\npublic InMemoryUserInterests Port { get; } = new();\n}"
    found = lines_of_uses(tmp_path, "src/Main.cs", main, ADAPTERS, **FIELDS)
    assert found == ["InMemoryUserInterests:2"]


@pytest.mark.parametrize(
    "name", ["App.Tests/Main.cs", "src/MainTests.cs", "test/Main.cs"]
)
def test_tests_are_not_read(tmp_path: pathlib.Path, name: str) -> None:
    """Neither their projects nor their files."""
    main = MAIN.format(COUNTS[0])
    assert lines_of_uses(tmp_path, name, main, ADAPTERS, **FIELDS) == []
