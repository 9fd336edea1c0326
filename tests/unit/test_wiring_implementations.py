"""Every implementation of a port counts, whether or not a pattern names it."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.domain.errors import ConfigurationError
from tests.helpers.wiring import near, scan, uses

PORT = {"app/ports.py": "class UsersPort(Protocol): ...\n"}
STORED = {
    "app/sql.py": "class PostgresUsers(UsersPort): ...\n",
    "app/main.py": "x = PostgresUsers()\n",
}
DEMO = {"app/demo.py": "class DemoUsers(UsersPort): ...\n"}


def test_one_that_no_pattern_names_makes_the_port_conditional(
    tmp_path: pathlib.Path,
) -> None:
    """It is evidence beside the database, and the finding asks to list it."""
    files = {**PORT, **STORED, **DEMO, "app/run.py": "y = DemoUsers()\n"}
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert port.state == "conditional"
    assert uses(port) == ["PostgresUsers app/main.py:1", "DemoUsers app/run.py:1"]
    assert port.finding.endswith(
        "; and through DemoUsers (app/run.py:1), which neither `database` nor "
        "`fixture` names: list it under one of the two"
    )
    (port,) = scan(tmp_path, {}, port="UsersPort", fixture=("DemoUsers",)).ports
    assert (port.state, "neither" in port.finding) == ("conditional", False)
    names = ("PostgresUsers", "DemoUsers")
    (port,) = scan(tmp_path, {}, port="UsersPort", database=names).ports
    assert port.state == "database_backed"


def test_one_that_no_pattern_names_is_not_probed(tmp_path: pathlib.Path) -> None:
    """Alone it is neither side: the port is not unwired, and the name is given."""
    files = {**PORT, **DEMO, "app/run.py": "y = DemoUsers()\n"}
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert port.state == "not_probed"
    assert port.finding == (
        "UsersPort is not probed in the repository: UsersPort is implemented by "
        "DemoUsers (app/run.py:1), which neither `database` nor `fixture` names: list "
        "it under one of the two"
    )
    assert near(port).keys() == {"DemoUsers"}


def test_it_does_not_excuse_a_fixture(tmp_path: pathlib.Path) -> None:
    """A fixture stays one, whatever else is constructed."""
    fake = "class FakeUsers(UsersPort): ...\nz = FakeUsers()\n"
    files = {**PORT, **DEMO, "app/run.py": "y = DemoUsers()\n", "app/fake.py": fake}
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert port.state == "fixture_backed"


@pytest.mark.parametrize(
    ("base", "state"),
    [("PostgresUsers", "database_backed"), ("FakeUsers", "fixture_backed")],
)
def test_a_subclass_is_on_the_side_of_its_base(
    tmp_path: pathlib.Path, base: str, state: str
) -> None:
    """What extends an implementation need not be listed."""
    files = {
        **PORT,
        "app/base.py": f"class {base}(UsersPort): ...\n",
        "app/own.py": f"class CachedUsers({base}): ...\nx = CachedUsers()\n",
    }
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert (port.state, uses(port)) == (state, ["CachedUsers app/own.py:2"])


def test_an_implementation_through_another_file_is_seen(
    tmp_path: pathlib.Path,
) -> None:
    """Neither the class nor its use names the port, or a pattern."""
    files = {
        **PORT,
        **STORED,
        "app/base.py": "class Base(UsersPort): ...\n",
        "app/demo.py": "class Demo(Base): ...\n",
        "app/other.py": "y = Demo()\n",
    }
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert port.state == "conditional"
    assert "Demo (app/other.py:1)" in port.finding


def test_interfaces_and_definitions_are_no_uses(tmp_path: pathlib.Path) -> None:
    """What nobody can construct, and what nobody constructs, wires nothing."""
    files = {
        "A.cs": (
            "interface UsersPort {}\ninterface MoreUsers : UsersPort {}\n"
            "class SqlUsers : MoreUsers {}\nclass Demo : UsersPort {}\n"
            "class M { void F() { s.AddScoped<MoreUsers, SqlUsers>(); } }\n"
        )
    }
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert (port.state, uses(port)) == ("database_backed", ["SqlUsers A.cs:5"])


TYPESCRIPT = {
    "ports.ts": "export interface UsersPort { find(): string }\n",
    "sql.ts": "export class PostgresUsers implements UsersPort {}\n",
}
JAVA = {
    "UsersPort.java": "interface UsersPort {}\n",
    "PostgresUsers.java": "class PostgresUsers implements UsersPort {}\n",
}
KOTLIN = {"Users.kt": "interface UsersPort\nclass PostgresUsers : UsersPort\n"}
UNNAMED = {
    "typescript: a variable": (TYPESCRIPT, "a.ts", "const x: UsersPort = { find }"),
    "typescript: satisfies": (TYPESCRIPT, "a.ts", "run({ find } satisfies UsersPort)"),
    "typescript: as": (TYPESCRIPT, "a.ts", "run({ find } as UsersPort)"),
    "typescript: a function": (
        TYPESCRIPT,
        "a.ts",
        "export function demo(): UsersPort { return { find } }",
    ),
    "typescript: an asynchronous function": (
        TYPESCRIPT,
        "a.ts",
        "async function demo(): Promise<UsersPort> { return { find } }",
    ),
    "typescript: an arrow": (TYPESCRIPT, "a.ts", "demo = (): UsersPort => ({ find })"),
    "typescript: another name": (
        TYPESCRIPT,
        "a.ts",
        "import { UsersPort as P } from './ports'; const x: P = { find }",
    ),
    "java": (JAVA, "A.java", "class A { Object x = new UsersPort() {}; }"),
    "kotlin": (KOTLIN, "A.kt", "val x = object : UsersPort {}"),
    "kotlin: a function": (KOTLIN, "A.kt", "val x = Service(UsersPort(::find))"),
    "java: a lambda": (JAVA, "A.java", "class A { UsersPort x = id -> id; }"),
    "java: a local lambda": (
        JAVA,
        "A.java",
        "class A { void f() { UsersPort x = (a) -> a; } }",
    ),
    "java: a method": (JAVA, "A.java", "class A { UsersPort x = A::find; }"),
    "java: a lambda that is cast": (
        JAVA,
        "A.java",
        "class A { void f() { run((UsersPort) id -> id); } }",
    ),
    "java: a lambda that is returned": (
        JAVA,
        "A.java",
        "class A { UsersPort f() { return id -> id; } }",
    ),
    "kotlin: a lambda": (KOTLIN, "A.kt", "val x = UsersPort { it }"),
    "kotlin: a lambda with its interface's package": (
        KOTLIN,
        "A.kt",
        "val x = app.UsersPort { it }",
    ),
    "kotlin: delegated": (KOTLIN, "A.kt", "val x = object : UsersPort by y {}"),
}
NAMED = {
    "typescript: a value": (TYPESCRIPT, "a.ts", "const x: UsersPort = users"),
    "typescript: a cast": (TYPESCRIPT, "a.ts", "run(users as UsersPort)"),
    "typescript: a table": (
        TYPESCRIPT,
        "a.ts",
        "const x: { users: UsersPort } = { users }",
    ),
    "typescript: a record": (
        TYPESCRIPT,
        "a.ts",
        "function f(): Record<string, UsersPort> { return { users } }",
    ),
    "java: a reference": (
        JAVA,
        "A.java",
        "class A { Object x = new T<UsersPort>() {}; }",
    ),
    "java: a cast": (
        JAVA,
        "A.java",
        "class A { void f(Object x) { run((UsersPort) x); } }",
    ),
    "java: a value": (JAVA, "A.java", "class A { UsersPort x = users(id -> id); }"),
    "java: a supplier": (
        JAVA,
        "A.java",
        "class A { Supplier<UsersPort> x = () -> users; }",
    ),
    "java: a method that takes a lambda": (
        JAVA,
        "A.java",
        "class A { UsersPort f() { return find(id -> id); } }",
    ),
    "java: a test": (JAVA, "ATest.java", "class A { UsersPort x = id -> id; }"),
    "kotlin: a type": (KOTLIN, "A.kt", "val x: UsersPort = users { it }"),
    "kotlin: a factory": (KOTLIN, "A.kt", "val x = UsersPort.of { it }"),
    "kotlin: a test": (KOTLIN, "ATest.kt", "val x = UsersPort { it }"),
    "kotlin: a reference": (KOTLIN, "A.kt", "val x = object : T<UsersPort>() {}"),
    "a test": (TYPESCRIPT, "a.test.ts", "const x: UsersPort = { find }"),
}
WIRED = {
    "a.ts": "m.ts",
    "a.test.ts": "m.ts",
    "A.java": "M.java",
    "ATest.java": "M.java",
    "ATest.kt": "M.kt",
    "A.kt": "M.kt",
}
MAIN = {
    "m.ts": "run(new PostgresUsers())\n",
    "M.java": "class M { Object x = new PostgresUsers(); }\n",
    "M.kt": "val y = PostgresUsers()\n",
}


@pytest.mark.parametrize(("files", "name", "text"), UNNAMED.values(), ids=UNNAMED)
def test_an_object_without_a_class_makes_the_port_conditional(
    tmp_path: pathlib.Path, files: dict[str, str], name: str, text: str
) -> None:
    """It implements the port, although no pattern can name it."""
    main = WIRED[name]
    tree = {**files, name: f"{text}\n", main: MAIN[main]}
    (port,) = scan(tmp_path, tree, port="UsersPort").ports
    assert port.state == "conditional", port.finding
    assert f"({name}:1), which neither" in port.finding
    assert port.finding.endswith("without a class needs one that can be listed")


@pytest.mark.parametrize(("files", "name", "text"), NAMED.values(), ids=NAMED)
def test_a_mention_of_the_port_is_no_object(
    tmp_path: pathlib.Path, files: dict[str, str], name: str, text: str
) -> None:
    """The port's name stands beside many objects that do not implement it."""
    main = WIRED[name]
    tree = {**files, name: f"{text}\n", main: MAIN[main]}
    (port,) = scan(tmp_path, tree, port="UsersPort").ports
    assert port.state == "database_backed", port.finding


STRUCTURAL = {
    "a variable": "x: UsersPort = Demo()",
    "a variable that may be none": "x: UsersPort | None = Demo()",
    "an optional variable": "x: typing.Optional['UsersPort'] = ports.Demo(1)",
    "an attribute": "class A:\n    def f(self):\n        self.x: UsersPort = Demo()",
    "a default": "def f(users: UsersPort = Demo()): ...",
    "one of two": "x: UsersPort = PostgresUsers() if live else Demo()",
    "a dependency": "def f(x: UsersPort = Depends(Demo)): ...",
    "a result": "def f() -> UsersPort:\n    log()\n    return Demo()",
    "a result of a branch": (
        "async def f() -> 'UsersPort':\n    if x:\n        return Demo()\n    return y"
    ),
    "a variable that is returned": (
        "def f() -> UsersPort:\n    demo = Demo()\n    return demo"
    ),
    "a generator": "def f() -> Iterator[UsersPort]:\n    yield Demo()",
    "registered by its decorator": (
        "@ports.UsersPort.register\nclass Demo: ...\nx = Demo()"
    ),
    "registered": "UsersPort.register(Demo)\nx = Demo()",
    "a class that is a variable": "backend: type[UsersPort] = Demo",
    "a factory of a field": "class A:\n    x: UsersPort = field(default_factory=Demo)",
    "bound in a container": "bind(UsersPort, Demo)",
    "bound by a keyword": "binder.bind(ports.UsersPort, to=Demo)",
    "bound as an object": "container.register(UsersPort, instance=Demo(1))",
    "an item of a container": "container[UsersPort] = Demo",
    "an item that is an object": "app.overrides[UsersPort] = Demo()",
}
OTHERWISE = {
    "another type": "x: CartsPort = Demo()",
    "either of two types": "x: CartsPort | UsersPort = Demo()",
    "a list": "x: list[UsersPort] = Demo()",
    "a cast": "x: UsersPort = cast(UsersPort, Demo())",
    "a function": "x: UsersPort = get_users(Demo())",
    "a method of an object": "x: UsersPort = Demo().users()",
    "a dependency on a method": "def f(x: UsersPort = Depends(Demo().users)): ...",
    "a function with a capital": "x: UsersPort = Depends(get_users)\ny = Demo()",
    "a class from elsewhere": "x: UsersPort = Provide[Other]\ny: UsersPort = Mock()",
    "a function inside": (
        "def f() -> UsersPort:\n    def g():\n        return Demo()\n    return x"
    ),
    "a class that is only checked": ("if TYPE_CHECKING:\n    x: UsersPort = Demo()\n"),
    "a decorator": "x = app.register(Demo)",
    "bound to another type": "bind(CartsPort, Demo)",
    "an item of another type": "container[CartsPort] = Demo",
    "the class that is bound to": "bind(Demo, UsersPort)",
    "an argument that is looked at": "isinstance(UsersPort, Demo)\nx = Demo()",
}


@pytest.mark.parametrize("text", STRUCTURAL.values(), ids=STRUCTURAL)
def test_a_class_need_not_name_the_protocol_in_python(
    tmp_path: pathlib.Path, text: str
) -> None:
    """What is said to be of the port's type implements it."""
    demo = {"app/demo.py": "class Demo:\n    ...\n", "app/run.py": f"{text}\n"}
    files = {**PORT, "app/sql.py": "class PostgresUsers:\n    ...\n", **demo}
    files["app/main.py"] = "x = PostgresUsers()\n"
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert port.state == "conditional", port.finding
    assert "Demo (app/run.py:" in port.finding
    for side in ("database", "fixture"):
        sides = {"database": ("PostgresUsers",), "fixture": ("Fake*",)}
        sides[side] += ("Demo",)
        (port,) = scan(tmp_path, {}, port="UsersPort", **sides).ports
        assert "neither" not in port.finding


@pytest.mark.parametrize("text", OTHERWISE.values(), ids=OTHERWISE)
def test_a_class_of_another_type_is_no_implementation(
    tmp_path: pathlib.Path, text: str
) -> None:
    """The port's name stands beside many classes that are not of its type."""
    demo = {"app/demo.py": "class Demo:\n    ...\n", "app/run.py": f"{text}\n"}
    files = {**PORT, "app/sql.py": "class PostgresUsers(Base):\n    ...\n", **demo}
    files["app/main.py"] = "x = PostgresUsers()\n"
    files["app/test_demo.py"] = "x: UsersPort = Demo()\n"
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert port.state == "database_backed", port.finding


def test_an_annotation_takes_no_class_from_a_port(tmp_path: pathlib.Path) -> None:
    """Neither one of another port, nor one whose bases are something else."""
    text = "x: UsersPort = Demo()\ny: UsersReader = PostgresUsers()\n"
    files = {
        **PORT,
        "app/sql.py": "class PostgresUsers(Base): ...\n",
        "app/demo.py": "class Demo: ...\n",
        "app/run.py": text,
    }
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert port.state == "conditional"
    assert uses(port) == ["Demo app/run.py:1", "PostgresUsers app/run.py:2"]


def test_a_class_that_takes_a_lambda_has_a_name(tmp_path: pathlib.Path) -> None:
    """It can be listed, other than an object of the interface."""
    demo = "class Demo(f: () -> Unit) : UsersPort\nval x = Demo { 1 }\n"
    tree = {**KOTLIN, "A.kt": demo, "M.kt": MAIN["M.kt"]}
    (port,) = scan(tmp_path, tree, port="UsersPort").ports
    assert port.state == "conditional"
    assert port.finding.endswith(
        "Demo (A.kt:2), which neither `database` nor `fixture` names: list it under "
        "one of the two"
    )


GO_PORT = {"ports/ports.go": "package ports\ntype Users interface{ Find() string }\n"}
GO_MAIN = 'package main\nimport "x/memory"\nfunc main() {{ run(memory.{}()) }}\n'


@pytest.mark.parametrize(
    "constructor",
    [
        "func New() ports.Users { return &Store{} }",
        "func New() (ports.Users, error) { return Store{}, nil }",
        "func New() ports.Users { s := &Store{}; s.load(); return s }",
        "func New() ports.Users { s := Store{}; return &s }",
        "func New() *Store { return &Store{} }",
        "func New() *Store { return build() }",
    ],
)
def test_a_go_constructor_stands_for_what_it_returns(
    tmp_path: pathlib.Path, constructor: str
) -> None:
    """Also if its result is the interface."""
    store = f"package memory\ntype Store struct{{}}\n{constructor}\n"
    files = {**GO_PORT, "memory/store.go": store, "main.go": GO_MAIN.format("New")}
    names = {"port": "Users", "fixture": ("memory.Store",), "database": ("pg.Store",)}
    (port,) = scan(tmp_path, files, **names).ports
    assert (port.state, uses(port)) == ("fixture_backed", ["memory.Store main.go:3"])


@pytest.mark.parametrize(
    "embedded", ["*memory.InMemoryUsers", "memory.InMemoryUsers", "InMemoryUsers"]
)
def test_a_go_struct_is_on_the_side_of_what_it_embeds(
    tmp_path: pathlib.Path, embedded: str
) -> None:
    """It has the methods of the implementation; a field with a name gives none."""
    memory = "type InMemoryUsers struct{}\nvar _ ports.Users = InMemoryUsers{}\n"
    files = {
        **GO_PORT,
        "memory/memory.go": f"package memory\n{memory}",
        "app/a.go": f"package app\ntype Demo struct {{ {embedded}; n int }}\n",
        "main.go": "package main\nfunc main() { run(&app.Demo{}) }\n",
    }
    (port,) = scan(tmp_path, files, port="Users").ports
    assert (port.state, uses(port)) == ("fixture_backed", ["Demo main.go:2"])
    held = {"app/a.go": f"package app\ntype Demo struct {{ n {embedded} }}\n"}
    (port,) = scan(tmp_path, files | held, port="Users").ports
    assert uses(port) == []


def test_a_go_function_of_any_name_shows_what_implements_the_port(
    tmp_path: pathlib.Path,
) -> None:
    """Its result is the interface, and what it returns is a literal."""
    files = {
        **GO_PORT,
        "app/a.go": (
            "package app\ntype noop struct{}\n"
            "func Open() ports.Users { return noop{} }\n"
        ),
        "main.go": "package main\nfunc main() { run(&PostgresUsers{}, app.Open()) }\n",
    }
    (port,) = scan(tmp_path, files, port="Users").ports
    assert port.state == "conditional"
    assert "noop (app/a.go:3)" in port.finding


def test_a_go_constructor_of_something_unknown_is_named(tmp_path: pathlib.Path) -> None:
    """It returns the interface, and which type that is cannot be seen."""
    store = "package memory\nfunc New() ports.Users { return build(1) }\n"
    files = {**GO_PORT, "memory/store.go": store, "main.go": GO_MAIN.format("New")}
    (port,) = scan(tmp_path, files, port="Users").ports
    assert port.state == "not_probed"
    assert near(port).keys() == {"memory.New"}


def test_a_go_package_may_be_imported_under_another_name(
    tmp_path: pathlib.Path,
) -> None:
    """Its constructors are those of the package."""
    store = "package memory\ntype Store struct{}\nfunc New() Users { return Store{} }\n"
    main = 'package main\nimport m "x/memory"\nfunc main() { run(m.New()) }\n'
    files = {**GO_PORT, "memory/store.go": store, "main.go": main}
    (port,) = scan(tmp_path, files, port="Users", fixture=("memory.*",)).ports
    assert (port.state, uses(port)) == ("fixture_backed", ["memory.Store main.go:3"])


GENERATED = {
    "JPA": (
        "Users.java",
        "public interface Users extends JpaRepository<User, UUID> {}",
    ),
    "CRUD": ("Users.java", "interface Users extends CrudRepository<User, UUID>, X {}"),
    "through another": (
        "Users.java",
        (
            "interface Base<T> extends ListCrudRepository<T, UUID> {}\n"
            "interface Users extends Base<User> {}"
        ),
    ),
    "behind a port": (
        "Users.java",
        (
            "interface Users {}\n"
            "interface UserTable extends Users, JpaRepository<User, UUID> {}"
        ),
    ),
    "Kotlin": ("Users.kt", "interface Users : JpaRepository<User, UUID>"),
    "reactive": ("Users.kt", "interface Users : CoroutineCrudRepository<User, UUID>"),
    "R2DBC": ("Users.java", "interface Users extends R2dbcRepository<User, UUID> {}"),
    "Panache": (
        "Users.java",
        (
            "@ApplicationScoped\n"
            "public class Users implements PanacheRepositoryBase<User, UUID> {}"
        ),
    ),
}


@pytest.mark.parametrize(("name", "code"), GENERATED.values(), ids=GENERATED)
def test_what_a_framework_implements_is_backed_by_the_database(
    tmp_path: pathlib.Path, name: str, code: str
) -> None:
    """Spring Data and its like write the queries; nothing constructs them."""
    (port,) = scan(tmp_path, {name: f"{code}\n"}, port="Users").ports
    assert port.state == "database_backed"
    (fact,) = port.facts
    assert "its framework implements what extends" in fact.detail
    assert fact.source is not None
    assert fact.source.line == code.count("\n") + 1


def test_a_document_store_is_not_the_database(tmp_path: pathlib.Path) -> None:
    """Spring Data also serves other stores; those are not claimed."""
    code = "interface Users extends MongoRepository<User, UUID> {}\n"
    (port,) = scan(tmp_path, {"Users.java": code}, port="Users").ports
    assert port.state == "not_probed"


LOADED = {
    "a path of modules": ("app/settings.py", 'USERS = "app.adapters.PostgresUsers"'),
    "an entry point": ("app/settings.py", "load('app.adapters:PostgresUsers')"),
    "another language": ("web/a.ts", "load(`adapters/PostgresUsers`)"),
}
MENTIONED = {
    "a name alone": ("app/settings.py", '__all__ = ["PostgresUsers"]'),
    "another class": ("app/settings.py", 'USERS = "app.adapters.OtherPostgresUsers"'),
    "a test": ("tests/settings.py", 'USERS = "app.adapters.PostgresUsers"'),
    "no string": ("app/settings.py", "# app.adapters.PostgresUsers"),
}


@pytest.mark.parametrize(("file", "text"), LOADED.values(), ids=LOADED)
def test_it_is_not_known_what_a_string_loads(
    tmp_path: pathlib.Path, file: str, text: str
) -> None:
    """A class that is named in a string may be wired, and may not."""
    files = {**PORT, "app/adapters.py": "class PostgresUsers(UsersPort): ...\n"}
    (port,) = scan(tmp_path, {**files, file: f"{text}\n"}, port="UsersPort").ports
    assert port.state == "not_probed"
    assert port.finding == (
        "UsersPort is not probed in the repository: a string names PostgresUsers"
        f" ({file}:1), so that something may load it; declare the port's `state`"
    )
    assert near(port)["PostgresUsers"].startswith("a string names it")


@pytest.mark.parametrize(("file", "text"), MENTIONED.values(), ids=MENTIONED)
def test_what_no_string_loads_is_unwired(
    tmp_path: pathlib.Path, file: str, text: str
) -> None:
    """A list of exported names loads nothing, nor does a test."""
    files = {**PORT, "app/adapters.py": "class PostgresUsers(UsersPort): ...\n"}
    (port,) = scan(tmp_path, {**files, file: f"{text}\n"}, port="UsersPort").ports
    assert port.state == "unwired"


def test_nothing_is_not_unwired(tmp_path: pathlib.Path) -> None:
    """Names that sound like the port are given, with their places."""
    files = {**PORT, "app/a.py": "class UsersGateway: ...\nclass Cart: ...\n"}
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert port.state == "not_probed"
    assert near(port).keys() == {"UsersGateway"}
    assert port.finding.endswith(
        "for it; similar names: UsersGateway (app/a.py:1); list the implementations "
        "under `database` or `fixture`"
    ), port.finding


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("UserPort", "UsersPort"), ("UsersPrt", "UsersPort"), ("Carts", None)],
)
def test_a_port_that_no_source_names_is_an_error(
    tmp_path: pathlib.Path, name: str, nearest: str | None
) -> None:
    """The nearest name is offered."""
    with pytest.raises(ConfigurationError) as caught:
        scan(tmp_path, {**PORT, **STORED}, port=name, key="wiring.ports.users")
    message = str(caught.value)
    assert message.startswith(
        f"userstate.toml: `wiring.ports.users` names the port {name!r}, which no "
        "source in the repository names"
    )
    assert ("did you mean" in message) is (nearest is not None)
    assert nearest is None or f"did you mean {nearest!r}?" in message


def test_a_composition_root_need_not_name_the_port(tmp_path: pathlib.Path) -> None:
    """If the sources are narrowed, the repository around them may name it."""
    files = {**PORT, **STORED}
    (port,) = scan(tmp_path, files, port="UsersPort", sources=("app/main.py",)).ports
    assert port.state == "database_backed"


def test_a_port_may_be_qualified(tmp_path: pathlib.Path) -> None:
    """As in code that refers to it."""
    files = {**PORT, **STORED}
    (port,) = scan(tmp_path, files, port="app.ports.UsersPort").ports
    assert (port.port, port.state) == ("app.ports.UsersPort", "database_backed")


@pytest.mark.parametrize("suffix", [".java", ".cs", ".kt"])
def test_type_arguments_may_not_be_endless(tmp_path: pathlib.Path, suffix: str) -> None:
    """A parser would take hours: the file is left out, and a warning says so."""
    deep = f"class A {{ int x = FakeUsers + {'a<' * 5000} ; }}\n"
    files = {**PORT, **STORED, f"deep{suffix}": deep}
    wiring = scan(tmp_path, files, port="UsersPort")
    assert wiring.ports[0].state == "database_backed"
    assert wiring.warnings == (
        (
            f"deep{suffix}: type arguments are nested too deeply to be parsed in time, "
            "and it was not read for the wiring"
        ),
    )
