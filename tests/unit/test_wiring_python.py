"""What counts as wiring in Python, and what only looks like it."""

from __future__ import annotations

import pathlib

import pytest

from tests.helpers.wiring import lines_of_uses, scan, uses

ADAPTERS = {
    "app/adapters.py": """
        class UserInterestsCommand(Protocol):
            def replace(self): ...


        class PostgresUserInterests(UserInterestsCommand):
            @classmethod
            def create(cls, pool):
                return PostgresUserInterests(pool)


        class InMemoryUserInterests(_Remembering):
            pass


        class _Remembering(ports.UserInterestsCommand):
            pass


        class FakeUserRepository(UserRepository):
            pass


        class FakeUserInterests(UserInterestsQuery):
            pass
    """
}
COUNTS = [
    "ports = Ports(interests=InMemoryUserInterests())",
    "def build():\n    return adapters.InMemoryUserInterests(1)",
    "container.register(UserInterestsCommand, InMemoryUserInterests)",
    "container.bind(UserInterestsCommand).to(InMemoryUserInterests)",
    "def route(command=Depends(InMemoryUserInterests)): ...",
    "def route(command: Annotated[Port, Depends(InMemoryUserInterests)]): ...",
    "FACTORIES = {'memory': InMemoryUserInterests}",
    "factory = providers.Singleton(InMemoryUserInterests, pool)",
    "store = None if x else InMemoryUserInterests.create(pool)",
    "make = lambda: InMemoryUserInterests()",
    "@registered(InMemoryUserInterests)\ndef f(): ...",
    "with InMemoryUserInterests() as store:\n    run(store)",
]
IGNORED = [
    "from app.adapters import InMemoryUserInterests",
    "import app.InMemoryUserInterests as x",
    "# InMemoryUserInterests()",
    '"""InMemoryUserInterests()\n\n>>> InMemoryUserInterests()\n"""',
    "__all__ = ['InMemoryUserInterests']",
    "def f(x: InMemoryUserInterests) -> InMemoryUserInterests | None: ...",
    "x: dict[str, InMemoryUserInterests] = {}",
    "Alias: TypeAlias = InMemoryUserInterests",
    "type Alias = InMemoryUserInterests",
    "assert isinstance(x, InMemoryUserInterests)",
    "y = typ.cast(InMemoryUserInterests, x)",
    "print(InMemoryUserInterests.TABLE_NAME)",
    "f(InMemoryUserInterests=1)",
    "class Slow(InMemoryUserInterests):\n    pass",
    "match x:\n    case InMemoryUserInterests():\n        pass",
    "store = container[InMemoryUserInterests]",
    "try:\n    f()\nexcept InMemoryUserInterests:\n    pass",
    "g(FakeUserRepository())",
    "g(FakeUserInterests())",
]


@pytest.mark.parametrize("code", COUNTS)
def test_a_value_counts(tmp_path: pathlib.Path, code: str) -> None:
    """Called, passed, bound, or kept: also through a base class of its own."""
    lines = code.splitlines()
    line = 1 + next(n for n, text in enumerate(lines) if "InMemory" in text)
    assert lines_of_uses(tmp_path, "app/main.py", code, ADAPTERS) == [
        f"InMemoryUserInterests:{line}"
    ]


@pytest.mark.parametrize("code", IGNORED)
def test_what_is_no_value_does_not(tmp_path: pathlib.Path, code: str) -> None:
    """Imports, comments, strings, annotations, inspections, and other ports' types."""
    assert lines_of_uses(tmp_path, "app/main.py", code, ADAPTERS) == []


@pytest.mark.parametrize(
    "name",
    ["tests/main.py", "app/test_main.py", "app/main_test.py", "app/conftest.py"],
)
def test_tests_are_not_read(tmp_path: pathlib.Path, name: str) -> None:
    """Neither their folders nor their files."""
    code = "build(InMemoryUserInterests())"
    assert lines_of_uses(tmp_path, name, code, ADAPTERS) == []


def test_a_protocol_need_not_be_extended(tmp_path: pathlib.Path) -> None:
    """Where no class names the port, the names of the classes decide."""
    adapters = """
        class PostgresUserInterests:
            pass


        class PostgresUsers:
            pass
    """
    main = "build(PostgresUserInterests(pool), PostgresUsers(pool))"
    (port,) = scan(tmp_path, {"app/adapters.py": adapters, "app/main.py": main}).ports
    assert port.state == "database_backed"
    assert uses(port) == ["PostgresUserInterests app/main.py:1"]
