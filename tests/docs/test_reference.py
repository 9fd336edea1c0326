"""The reference says what the code says: nothing missing, nothing invented."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
import tomllib
import typing as typ

import attrs
import pytest

from pytest_userstate.application import configuration
from pytest_userstate.application.configuration import (
    Document,
    keys_of,
    read_settings,
)
from pytest_userstate.application.renamed import FIXTURES
from pytest_userstate.application.settings import Settings
from pytest_userstate.domain.advisories import RULES
from pytest_userstate.domain.classification import RevisionColumns, Situation
from pytest_userstate.domain.coverage import Axis, coverage_type
from pytest_userstate.domain.decisions import (
    CONFLICT_RULES,
    SCHEMA_RULES,
    UNTRACKED_RULES,
)
from pytest_userstate.domain.evidence import EvidenceKind
from pytest_userstate.domain.gate import DEFAULT_AXES, Outcome
from pytest_userstate.domain.model import DEFAULT_MODEL
from pytest_userstate.domain.readings import Use
from pytest_userstate.domain.report import DECISIONS
from pytest_userstate.inbound import hookspecs
from pytest_userstate.inbound.options import WITH_VALUES
from pytest_userstate.outbound.migrations.tools.registry import layouts
from pytest_userstate.outbound.postgres.binaries import OLDEST_MAJOR
from tests.helpers.markdown import PAGES, ROOT, table_after

TEXT = (ROOT / "docs/reference.md").read_text()
SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text())


def first_column(heading: str) -> list[str]:
    """Return the code words in the first column of a section's table."""
    rows = table_after(TEXT, f"\n## {heading}\n")
    return [re.findall(r"`([^`]+)`", row[0])[0] for row in rows]


def test_every_option_is_there() -> None:
    """The options are those of `--help`."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"],
        check=True,
        capture_output=True,
        text=True,
    )
    options = set(re.findall(r"^  (--userstate-[a-z-]+)", done.stdout, re.MULTILINE))
    names = {re.split(r"\W*=", each)[0] for each in first_column("Options")}
    assert names == options


def test_values_follow_an_equals_sign() -> None:
    """In pages, hints, and examples: as the next word, a path would mislead pytest."""
    value = r"[A-Z]{3,}\b|env:|libpq\b|schema,|[{\w.-]*/|\{|\w+\.(?:html|json|md|toml)"
    option = "|".join(sorted(WITH_VALUES, reverse=True))
    wrong = re.compile(rf"(?:{option})[ \n]+(?:{value})")
    texts = {
        file.relative_to(ROOT): file.read_text()
        for folder in ("docs", "examples", "pytest_userstate")
        for suffix in ("md", "py", "sql", "toml", "yml")
        for file in (ROOT / folder).rglob(f"*.{suffix}")
    } | {"README.md": (ROOT / "README.md").read_text()}
    assert len(texts) > 250
    found = {name: wrong.findall(text) for name, text in texts.items()}
    assert {name: matches for name, matches in found.items() if matches} == {}


def keys(kind: type, prefix: str = "") -> typ.Iterator[str]:
    """Yield the configuration's dotted keys, as the reference writes them."""
    fields = attrs.fields_dict(attrs.resolve_types(kind))
    for key, name_of_field in keys_of(kind).items():
        name, field = f"{prefix}{key}", fields[name_of_field]
        tables = [
            each
            for each in vars(configuration).values()
            if isinstance(each, type)
            and attrs.has(each)
            and re.search(rf"\b{each.__name__}\b", str(field.type))
        ]
        if name == "targets":  # which have the same keys
            yield f"{name}.NAME"
            continue
        if not tables or name in {"migrations", "entities.NAME.canonical"}:
            yield name
            continue
        member = {"entities": ".NAME", "wiring.ports": ".ENTITY"}.get(name, "")
        listed = "[]" if str(field.type).startswith("tuple") else ""
        if name == "entities.NAME.models":
            yield name
        yield from keys(tables[0], f"{name}{member}{listed}.")


def test_every_setting_is_there() -> None:
    """The keys are those that the configuration reads."""
    assert sorted(first_column("Settings")) == sorted(keys(Document))


def test_the_defaults_are_the_codes() -> None:
    """An empty configuration means the defaults that the page gives."""
    settings = read_settings({}, file="x")
    assert settings == Settings()
    rows = {
        row[0].strip("`"): row[2].strip("`") for row in table_after(TEXT, "## Settings")
    }
    assert rows["gate.axes"] == json.dumps([str(axis) for axis in DEFAULT_AXES])
    assert (
        float(rows["postgres.migration_timeout"]) == settings.postgres.migration_timeout
    )
    assert json.loads(rows["schemas"]) == list(settings.model.schemas)


def test_the_default_model_is_the_codes() -> None:
    """Entities, models, tables and columns of the page are those of the model."""
    rows = table_after(TEXT, "## The default model")
    assert [row[0].strip("`") for row in rows] == [
        e.name for e in DEFAULT_MODEL.entities
    ]
    for row, entity in zip(rows, DEFAULT_MODEL.entities, strict=True):
        words = set(re.findall(r"`([^`]+)`", row[1]))
        for model in entity.models:
            assert {model.name, *model.tables, *model.columns} <= words
            assert {name for group in model.any_of for name in group} <= words
        assert row[2] == ("fine" if entity.allow_multiple else "ambiguous")


def test_every_check_is_there() -> None:
    """The ids are those of the default model."""
    text = TEXT.split("## Checks")[1].split("| axis |")[0]
    found = re.findall(r"`([a-z]+\.[a-z]+)`", text)
    assert found == list(DEFAULT_MODEL.check_ids())


@pytest.mark.parametrize("axis", Axis)
def test_every_coverage_is_there(axis: Axis) -> None:
    """Each axis lists what it can find."""
    row = next(r for r in table_after(TEXT, "## Checks") if r[0].strip("`") == axis)
    words = set(re.findall(r"`([^`]+)`", row[2])) - {"login", "interests"}
    members = {
        str(member)
        for entity in (*DEFAULT_MODEL.entities,)
        for member in coverage_type(entity.name, axis)
    }
    assert words == members


def test_the_schema_rules_are_the_codes() -> None:
    """Each situation's decisions stand in the page as in the tables."""
    rows = table_after(TEXT, "<!-- rules: schema -->")
    assert rows == [
        [situation.value, SCHEMA_RULES[situation], UNTRACKED_RULES[situation]]
        for situation in Situation
    ]


def test_the_conflict_rules_are_the_codes() -> None:
    """Each state of the revision columns stands in the page as in the table."""
    rows = table_after(TEXT, "<!-- rules: revision columns -->")
    expected = []
    for columns in RevisionColumns:
        coverage, decision = CONFLICT_RULES[columns]
        tracked = "untracked" if columns is RevisionColumns.NONE else "tracked"
        expected.append([columns.value, tracked, coverage, decision or "as above"])
    assert rows == expected


def test_words_of_evidence_and_outcomes_are_there() -> None:
    """Every kind of evidence and every outcome has its row."""
    assert first_column("Evidence") == [str(kind) for kind in EvidenceKind]
    assert first_column("Outcomes") == [str(outcome) for outcome in Outcome]


def test_every_use_is_there() -> None:
    """The words for schema and wiring together."""
    rows = table_after(TEXT, "### Schema and wiring together")
    assert [row[0].strip("`") for row in rows] == [str(use) for use in Use]


def test_every_advisory_is_there() -> None:
    """Codes and titles are those of the rules."""
    rows = table_after(TEXT, "\n## Advisories\n")
    assert [(row[0].strip("`"), row[1]) for row in rows] == [
        (code, rule.title) for code, rule in RULES.items()
    ]


def test_every_exit_status_is_there() -> None:
    """Pytest's six statuses, each with what it means here."""
    rows = table_after(TEXT, "## Exit statuses")
    assert [int(row[0]) for row in rows] == list(range(6))


def test_every_report_field_is_there() -> None:
    """The fields are those of the JSON Schema, in its order."""
    assert first_column("Reports") == list(SCHEMA["properties"])
    rows = {row[0].strip("`"): row[1] for row in table_after(TEXT, "## Reports")}
    for name, kind in (("checks", "check"), ("target", "target")):
        words = re.findall(r"`([^`]+)`", rows[name])
        assert words == SCHEMA["$defs"][kind]["required"]


def names_of(node: dict[str, typ.Any], *, values: bool = False) -> typ.Iterator[str]:
    """Yield the names in a part of the JSON Schema, and its fixed values if asked."""
    if node.get("$ref", "").startswith("#/properties/"):  # named there already
        return
    if "$ref" in node:
        node = SCHEMA["$defs"][node["$ref"].rsplit("/", 1)[1]]
    if values:
        yield from map(str, node.get("enum", ()))
    for name, part in node.get("properties", {}).items():
        yield name
        yield from names_of(part, values=values)
    for part in filter(None, [node.get("items"), *node.get("anyOf", ())]):
        yield from names_of(part, values=values)


def test_every_name_in_a_report_is_explained() -> None:
    """At whatever depth; and a row promises nothing that its field does not have."""
    text = TEXT.split("\n## Reports\n")[1].split("\n## ")[0]
    assert {*names_of(SCHEMA)} <= set(re.findall(r"`([^`]+)`", text))
    for name, told in table_after(TEXT, "\n## Reports\n"):
        promised = set(re.findall(r"`([^`]+)`", told)) - {"null"}
        field = SCHEMA["properties"][name.strip("`")]
        assert promised <= {*names_of(field, values=True)}, name


def test_every_fixture_is_there() -> None:
    """Those that pytest knows, each with its scope."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--fixtures", "-p", "no:cacheprovider", "-q"],
        cwd=ROOT / "examples/own-entities/db",
        check=False,
        capture_output=True,
        text=True,
    )
    ours = r"^((?:userstate|schema)_\w+)(?: \[(\w+) scope\])? -- \S*pytest_userstate"
    found = dict(re.findall(ours, done.stdout, re.MULTILINE))
    rows = {row[0].strip("`"): row[1] for row in table_after(TEXT, "\n## Fixtures\n")}
    inner = {"userstate_prepared", "userstate_baseline", *FIXTURES}
    assert inner <= {*found}
    assert rows == {
        name: scope or "function" for name, scope in found.items() if name not in inner
    }


def test_every_hook_is_there() -> None:
    """Those that a repository can implement, with their parameters."""
    for name, hook in vars(hookspecs).items():
        if name.startswith("pytest_"):
            parameters = ", ".join(inspect.signature(hook).parameters)
            assert f"`{name}({parameters})`" in TEXT


def test_every_layout_is_there() -> None:
    """With the settings that only it has, on one of the two pages about it."""
    pages = TEXT + (ROOT / "docs/migrations.md").read_text()
    listed = re.findall(
        r"^\| `([\w-]+)` \|", TEXT.split("\n| layout |")[1], re.MULTILINE
    )
    assert listed == sorted(layout.name for layout in layouts())
    for layout in layouts():
        for option in layout.options:
            assert re.search(rf"`{option.name}\b", pages), (layout.name, option.name)


def test_every_layout_has_a_section() -> None:
    """On the page about migration tools, in the order of their names."""
    titles = {
        "command": "Any other tool",
        "pg_dump": "Rails' structure.sql, and other dumps",
        "plain": "Plain SQL",
        "structure": "Rails' structure.sql, and other dumps",
    }
    text = (ROOT / "docs/migrations.md").read_text()
    *headings, last = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert last == titles["command"]
    assert headings == sorted(headings, key=str.lower)
    names = {titles.get(layout.name, layout.name).lower() for layout in layouts()}
    assert {heading.lower() for heading in [*headings, last]} == names


def test_every_extra_is_there() -> None:
    """Those that can be installed are named where they are needed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pages = "".join(page.read_text() for page in PAGES)
    asked = set(re.findall(r"pytest-userstate\[([\w,]+)\]", pages))
    extras = {each for names in asked for each in names.split(",")}
    assert extras <= {*project["optional-dependencies"]}
    assert "wiring" in extras


def test_the_oldest_server_is_the_codes() -> None:
    """The version that the page promises."""
    assert f"PostgreSQL {OLDEST_MAJOR} to " in TEXT


def test_the_decisions_are_the_codes() -> None:
    """The four decisions, and the checks that hold them."""
    text = TEXT.split("lists four decisions")[1].split("\n\n")[0]
    assert re.findall(r"`([^`]+)`", text) == [
        word for pair in DECISIONS.items() for word in pair
    ]
