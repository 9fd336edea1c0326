"""What a Spring application says about Flyway is heeded as Spring would heed it."""

from __future__ import annotations

import pathlib
import re
import time

import pytest

from pytest_userstate.domain.errors import ConfigurationError
from pytest_userstate.outbound.migrations.plan import Plan
from pytest_userstate.outbound.migrations.tools.flyway import (
    LAYOUT,
    FlywaySettings,
    settings_of,
    values_of,
)
from tests.helpers.folders import Folder

RESOURCES = "src/main/resources"


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Folder:
    """Make the default location of a Spring application."""
    made = Folder(LAYOUT, tmp_path, f"{RESOURCES}/db/migration")
    made.write("V1__a.sql", "SELECT '${owner}';")
    return made


def said(folder: Folder, text: str, name: str = "application.properties") -> Plan:
    """Return the plan under a file of Spring's."""
    folder.write(f"../../{name}", text)
    return folder.load()


def sent(plan: Plan) -> list[str]:
    """Return the texts that are sent."""
    return [each.batches[0].sql for each in plan.migrations]


def in_yaml(text: str) -> FlywaySettings:
    """Return Flyway's settings in a file of YAML."""
    return settings_of(values_of("application.yml", text))


def in_properties(text: str) -> FlywaySettings:
    """Return Flyway's settings in a file of properties."""
    return settings_of(values_of("application.properties", text))


def test_settings_are_those_of_flyways_own_files(folder: Folder) -> None:
    """Names, locations of both kinds, schemas, and the table."""
    folder.write("M1-a.sql", "SELECT '@{owner}';")
    folder.write("../extra/M2-b.sql", "SELECT 2;")
    (folder.root / "sql").mkdir()
    (folder.root / "sql/M3-c.sql").write_text("SELECT 3;")
    plan = said(
        folder,
        "spring.datasource.url=${DB_URL}\n"
        "spring.flyway.locations=classpath:/db/migration,classpath:db/extra,"
        "filesystem:sql\n"
        "spring.flyway.sql-migration-prefix=M\n"
        "spring.flyway.sqlMigrationSeparator = -\n"
        "spring.flyway.placeholder-prefix: @{\n"
        "spring.flyway.placeholders.owner=app\n"
        "spring.flyway.table=history\n"
        "spring.flyway.default-schema=app\n"
        "spring.flyway.schemas=app,other\n",
    )
    assert sent(plan) == ["SELECT 'app';", "SELECT 2;", "SELECT 3;"]
    assert plan.bookkeeping_tables == {"app.history"}
    assert "CREATE TABLE IF NOT EXISTS app.history" in plan.prepare
    assert 'CREATE SCHEMA IF NOT EXISTS "other"' in plan.prepare


def test_yaml_says_the_same(folder: Folder) -> None:
    """In maps, in names with dots, and in lists of three forms."""
    folder.write("../extra/V2__b.sql", "SELECT 2;")
    text = """\
        server: {port: 8080}
        spring:
          datasource:
            url: jdbc:postgresql://localhost/app   # why
          flyway:   # its own
            locations:
            - classpath:db/migration
            - "classpath:db/extra"
            placeholders:
              owner: 'it''s'
            schemas: [app, 'other']
        spring.flyway.table: history
        logging.level:
          root: WARN
    """
    plan = said(folder, text, "application.yml")
    assert sent(plan) == ["SELECT 'it's';", "SELECT 2;"]
    assert plan.bookkeeping_tables == {"app.history"}
    assert "CREATE TABLE IF NOT EXISTS app.history" in plan.prepare


def test_the_nearest_file_counts_and_flyways_own_first(folder: Folder) -> None:
    """Of Spring's, properties override YAML, value by value."""
    folder.write("V1__a.sql", "SELECT '${a}${b}';")
    said(folder, "spring.flyway.placeholders:\n  a: 1\n  b: 1\n", "application.yml")
    assert sent(said(folder, "spring.flyway.placeholders.a=2")) == ["SELECT '21';"]
    (folder.root / "flyway.conf").write_text(
        "flyway.placeholders.a=3\nflyway.placeholders.b=3\n"
    )
    assert sent(folder.load()) == ["SELECT '33';"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "server.port=1\n",
        "spring.flyway.url=${X}",
        "spring.flyway.enabled=false\nspring.flyway.placeholders.owner=no",
        "#spring.flyway.placeholders.owner=no",
        "spring.flyway.placeholders.owner=no\nspring.config.activate.on-profile=x",
    ],
)
def test_a_file_that_says_nothing_is_passed_over(folder: Folder, text: str) -> None:
    """Then what is further up counts, and no folder is found by it."""
    (folder.root / "flyway.toml").write_text("flyway.placeholders.owner = 'up'")
    inner = Folder(LAYOUT, folder.root, f"app/{folder.name}")
    inner.write("V1__a.sql", "SELECT '${owner}';")
    assert sent(said(inner, text)) == ["SELECT 'up';"]
    file = folder.root / "app" / RESOURCES / "application.properties"
    assert LAYOUT.project_files[2].folder(file, folder.root) is None


def test_values_may_refer_to_others_and_have_defaults() -> None:
    """A placeholder that has no value in the file has none; its user is told."""
    text = (
        "app.owner=${app.name:x}_owner\napp.name=shop\n"
        "spring.flyway.placeholders.owner=${app.owner}\n"
        "spring.flyway.placeholders.role=${ROLE:reader}\n"
        "spring.flyway.placeholders.none=${NONE}\n"
        "spring.flyway.placeholders.round=${spring.flyway.placeholders.round}\n"
        "spring.flyway.placeholders[a.b]=1\n"
    )
    assert in_properties(text).placeholders == {
        "owner": "shop_owner",
        "role": "reader",
        "a.b": "1",
    }


def test_a_setting_that_the_environment_gives_is_refused(folder: Folder) -> None:
    """Nothing is guessed."""
    with pytest.raises(ConfigurationError) as caught:
        said(folder, "spring.flyway.table=${TABLE}")
    message = str(caught.value)
    assert message.startswith(
        f"{RESOURCES}/application.properties cannot be read: `spring.flyway.table` is"
        " ${TABLE},"
        " whose value is not in the file.\n"
    )
    assert "in\nflyway.toml beside the folder src" in message


def test_a_location_that_the_environment_gives_is_not_there(folder: Folder) -> None:
    """A folder that is named as the path is read all the same."""
    folder.write("V1__a.sql", "SELECT 1;")
    text = "spring.flyway.locations=classpath:db/${KIND}"
    assert sent(said(folder, text)) == ["SELECT 1;"]
    file = folder.root / RESOURCES / "application.properties"
    assert LAYOUT.project_files[2].folder(file, folder.root) is None


def test_indices_and_lists() -> None:
    """Lists may be counted out, or be of several statements."""
    text = (
        "spring.flyway.locations[0]=a\nspring.flyway.locations[1]=b\n"
        "spring.flyway.init-sqls[0]=SET a TO 1, 2\nspring.flyway.init-sqls[1]=B\n"
    )
    settings = in_properties(text)
    assert settings.values["locations"] == ["a", "b"]
    assert settings.text("initSqls") == "SET a TO 1, 2\nB"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("=a b ", "a b"),
        (" : a", "a"),
        (" a", "a"),
        ("=", ""),
        ("=a=b", "a=b"),
        ("=a \\\n   b", "a b"),
    ],
)
def test_properties_are_read_as_java_reads_them(line: str, value: str) -> None:
    """Three separators, and lines that go on."""
    settings = in_properties(f"spring.flyway.table{line}\n# x\n")
    assert settings.values == {"table": [value]}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("a b # c", "a b"),
        ("a#b", "a#b"),
        ("'a # b' # c", "a # b"),
        ('"a\\tb"', "a\tb"),
        ("jdbc:x", "jdbc:x"),
        ("1", "1"),
        ("1.10", "1.10"),
        ("true", "true"),
        ("2024-01-01", "2024-01-01"),
        ("!!python/name:os.system x", "x"),
        ("@project.version@", "@project.version@"),
        (">\n      a\n      b", "a b\n"),
        ("a\n      b", "a b"),
        ("", None),
        ("~", None),
        ("# c", None),
    ],
)
def test_values_of_yaml(line: str, value: str | None) -> None:
    """Each stays the text that it is; nothing at all is no value."""
    expected = {} if value is None else {"table": [value]}
    assert in_yaml(f"spring:\n  flyway:\n    table: {line}\n").values == expected


@pytest.mark.parametrize(
    "text",
    [
        "spring: {flyway: {locations: [a, b], placeholders: {owner: app}}}",
        '{"spring.flyway": {"locations": ["a", "b"], "placeholders.owner": "app"}}',
        "spring:\n  flyway: {locations: 'a,b', placeholders: {owner: app}}",
        "x: &x [a, b]\nspring.flyway: {locations: *x, placeholders.owner: app}",
        "x: &x {locations: [a, b]}\nspring.flyway: {<<: *x, placeholders.owner: app}",
        "x: &x {table: t}\ny: &y {table: u}\nspring.flyway:\n  <<: [*x, *y]",
    ],
)
def test_yaml_may_be_written_in_any_way(text: str) -> None:
    """In flow style, with anchors, and with maps that are merged into others."""
    settings = in_yaml(text)
    if "table" in text:
        assert settings.values == {"table": ["t"]}
        return
    assert settings.values == {"locations": ["a", "b"]}
    assert settings.placeholders == {"owner": "app"}


def test_locations_in_flow_style_are_the_ones_audited(folder: Folder) -> None:
    """Another folder would be audited if they were passed over."""
    folder.write("../postgres/V1__b.sql", "SELECT 2;")
    file = folder.root / RESOURCES / "application.yml"
    file.write_text("spring: {flyway: {locations: ['classpath:db/postgres']}}")
    find = LAYOUT.project_files[3]
    assert find.folder(file, folder.root) == folder.root / RESOURCES / "db/postgres"


NESTED = "\n".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("spring:\n  flyway:\n    table: *name\n", "line 3: "),
        ("spring:\n  flyway: {a\n", "line 3: "),
        ("spring.flyway: " + "[" * 100_000, "nested too deeply"),
        (f"a0: &a0 [flyway]\n{NESTED}\n", "values, with aliases"),
        (
            "flyway: &a0 {b: c}\n" + re.sub(r"\[(.*)\]", r"{<<: [\1]}", NESTED),
            "values, with aliases",
        ),
        ("flyway: &a {b: *a}\n", "line 1: "),
        ("flyway: x\n" * 200_000, "characters"),
    ],
    ids=["alias", "open", "deep", "laughs", "merges", "recursive", "long"],
)
def test_yaml_that_cannot_be_read_is_refused(text: str, words: str) -> None:
    """If it is about Flyway; elsewhere it does not matter. Nothing grows."""
    start = time.process_time()
    with pytest.raises(ValueError, match=words):
        in_yaml(text)
    assert in_yaml(text.replace("flyway", "other")).values == {}
    assert time.process_time() - start < 5


def test_documents_of_a_profile_do_not_count() -> None:
    """Nor do later ones undo them."""
    text = (
        "spring.flyway.table: a\n---\nspring:\n  config.activate.on-profile: x\n"
        "  flyway.table: b\n---\nspring.flyway.target: 1\n"
    )
    assert in_yaml(text).values == {"table": ["a"], "target": ["1"]}


def test_a_folder_is_found_by_springs_file(folder: Folder) -> None:
    """The first location that is there, or the default; others may be elsewhere."""
    find = LAYOUT.project_files[2]
    file = folder.root / RESOURCES / "application.properties"
    file.write_text("spring.flyway.table=x")
    assert find.folder(file, folder.root) == folder.path
    folder.path.rename(folder.root / RESOURCES / "sql")
    assert find.folder(file, folder.root) is None
    file.write_text("spring.flyway.locations=classpath:db/none,db/{vendor}")
    (folder.root / RESOURCES / "db/postgresql").mkdir()
    found = find.folder(file, folder.root)
    assert found == folder.root / RESOURCES / "db/postgresql"
    file.write_text("spring.flyway.locations=db/none")
    assert find.folder(file, folder.root) is None


def test_files_that_cannot_be_read(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are named; an encoding of old does not matter."""
    folder.write("V1__a.sql", "SELECT 1;")
    folder.write(
        "../../application.properties", "server.name=Caf\xe9".encode("latin-1")
    )
    assert sent(folder.load()) == ["SELECT 1;"]

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pathlib.Path, "read_text", refuse)
    with pytest.raises(ConfigurationError) as caught:
        folder.load()
    assert str(caught.value) == (
        f"{RESOURCES}/application.properties cannot be read: Permission denied."
    )
