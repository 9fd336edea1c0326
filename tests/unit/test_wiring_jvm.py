"""What counts as wiring in Java and Kotlin, and what only looks like it."""

from __future__ import annotations

import pathlib

import pytest

from tests.helpers.wiring import lines_of_uses, scan

JAVA = {
    "src/main/java/app/Adapters.java": """
        package app;
        class PostgresUserInterests implements UserInterestsCommand {
            static final Logger LOG = getLogger(PostgresUserInterests.class);
            static Object create() { return new PostgresUserInterests(); }
        }
        abstract class Remembering<T> implements A, ports.UserInterestsCommand {}
        class StubUserInterests extends Remembering<Theme> {}
        class StubUsers implements UserRepository {}
        record StubInterests(int a) implements UserInterestsQuery {}
    """
}
JAVA_COUNTS = [
    "Port port = new StubUserInterests();",
    "Port port = new app.StubUserInterests(1) {};",
    "bind(Port.class).to(StubUserInterests.class);",
    "Supplier<Port> supplier = StubUserInterests::new;",
    "run(StubUserInterests.create(pool));",
    "run(() -> new StubUserInterests());",
    "Port port = StubUserInterests.INSTANCE;",
]
JAVA_IGNORED = [
    "// new StubUserInterests();",
    "/* new StubUserInterests(); */",
    'log("new StubUserInterests()");',
    "StubUserInterests port = other;",
    "List<StubUserInterests> all = new ArrayList<StubUserInterests>();",
    "if (port instanceof StubUserInterests) f();",
    "Port x = (StubUserInterests) port;",
    "log(StubUserInterests.TABLE_NAME);",
    "Logger log = LoggerFactory.getLogger(StubUserInterests.class);",
    "class Slow extends StubUserInterests {}",
    "run(new StubUsers());",
    "run(new StubInterests(1));",
]
MAIN = (
    "package app;\nimport app.StubUserInterests;\nclass Main {{ void f() {{\n{}\n}} }}"
)


@pytest.mark.parametrize("code", JAVA_COUNTS)
def test_a_value_counts_in_java(tmp_path: pathlib.Path, code: str) -> None:
    """Constructed, bound, or referred to; also by way of a base class."""
    found = lines_of_uses(
        tmp_path, "src/main/java/app/Main.java", MAIN.format(code), JAVA
    )
    assert found == ["StubUserInterests:4"]


@pytest.mark.parametrize("code", JAVA_IGNORED)
def test_what_is_no_value_does_not_in_java(tmp_path: pathlib.Path, code: str) -> None:
    """Imports, comments, strings, types, logs, and other ports' types."""
    name = "src/main/java/app/Main.java"
    assert lines_of_uses(tmp_path, name, MAIN.format(code), JAVA) == []


def test_a_bean_method_counts(tmp_path: pathlib.Path) -> None:
    """What it returns is constructed in it."""
    code = """
        @Configuration
        class Wiring {
            @Bean
            UserInterestsCommand interests(DataSource source) {
                return new PostgresUserInterests(source);
            }
        }
    """
    found = lines_of_uses(tmp_path, "src/main/java/app/Wiring.java", code, JAVA)
    assert found == ["PostgresUserInterests:5"]


@pytest.mark.parametrize(
    ("annotation", "state"),
    [
        ("@Repository", "database_backed"),
        ('@org.springframework.stereotype.Component("x")', "database_backed"),
        ("@Deprecated", "unwired"),
    ],
)
def test_a_container_constructs_what_is_marked(
    tmp_path: pathlib.Path, annotation: str, state: str
) -> None:
    """A stereotype makes the definition itself the wiring, in both languages."""
    java = f"{annotation}\npublic class SqlUserInterests implements {{}}"
    java = java.replace("implements", "implements UserInterestsCommand")
    kotlin = f"{annotation}\nclass SqlUserInterests : UserInterestsCommand"
    for name, text in (("A.java", java), ("A.kt", kotlin)):
        folder = tmp_path / name[2:]
        (port,) = scan(folder, {f"src/main/{name}": text}).ports
        assert port.state == state, name


@pytest.mark.parametrize(
    "name",
    [
        "src/test/java/app/Main.java",
        "src/integrationTest/java/app/Main.java",
        "src/main/java/app/MainTest.java",
        "src/main/java/app/MainIT.java",
    ],
)
def test_tests_are_not_read(tmp_path: pathlib.Path, name: str) -> None:
    """Neither their source sets nor their files."""
    code = MAIN.format("run(new StubUserInterests());")
    assert lines_of_uses(tmp_path, name, code, JAVA) == []


KOTLIN = {
    "src/main/kotlin/app/Adapters.kt": """
        package app
        class PostgresUserInterests(val db: Db) : Closeable, UserInterestsCommand {
            companion object {
                fun create() = PostgresUserInterests(db)
            }
        }
        abstract class Remembering : ports.UserInterestsCommand
        class StubUserInterests : Remembering()
        object StubSingleton : UserInterestsCommand
        class StubUsers : UserRepository
    """
}
KOTLIN_COUNTS = [
    "val port: Port = StubUserInterests()",
    "single<Port> { StubUserInterests() }",
    "singleOf(::StubUserInterests)",
    "bind(StubUserInterests::class)",
    "run(StubUserInterests.create(db))",
    "run(app.StubUserInterests())",
    "factory<StubUserInterests>()",
    "run(StubUserInterests.INSTANCE)",
]
KOTLIN_IGNORED = [
    "// StubUserInterests()",
    'log("StubUserInterests()")',
    "val port: StubUserInterests = other",
    "if (port is StubUserInterests) f()",
    "val x = port as StubUserInterests",
    "log(StubUserInterests.TABLE_NAME)",
    "run(ports.StubUserInterests)",
    "run(StubUsers())",
]
KOTLIN_MAIN = "package app\nimport app.StubUserInterests\nfun main() {{\n{}\n}}"


@pytest.mark.parametrize("code", KOTLIN_COUNTS)
def test_a_value_counts_in_kotlin(tmp_path: pathlib.Path, code: str) -> None:
    """Constructed, referred to, or named to a container."""
    main = KOTLIN_MAIN.format(code)
    found = lines_of_uses(tmp_path, "src/main/kotlin/app/Main.kt", main, KOTLIN)
    assert found == ["StubUserInterests:4"]


@pytest.mark.parametrize("code", KOTLIN_IGNORED)
def test_what_is_no_value_does_not_in_kotlin(tmp_path: pathlib.Path, code: str) -> None:
    """Imports, comments, strings, types, constants, and other ports' types."""
    main = KOTLIN_MAIN.format(code)
    assert lines_of_uses(tmp_path, "src/main/kotlin/app/Main.kt", main, KOTLIN) == []


def test_an_object_is_its_only_value(tmp_path: pathlib.Path) -> None:
    """Kotlin's `object` needs no constructor."""
    name = "src/main/kotlin/Main.kt"
    main = KOTLIN_MAIN.format("run(StubSingleton)")
    assert lines_of_uses(tmp_path, name, main, KOTLIN) == ["StubSingleton:4"]
