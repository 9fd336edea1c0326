"""The page about assertions: its examples hold, its tables are complete."""

from __future__ import annotations

import doctest
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from pytest_userstate import assertions
from pytest_userstate.application.asserting.handles import ObjectAssertions
from tests.helpers.markdown import ROOT, blocks

PAGE = ROOT / "docs/assertions.md"
DECISION = ROOT / "docs/adr-008-assertion-form.md"
HANDLES = {
    name: value
    for name, value in vars(assertions).items()
    if isinstance(value, type) and issubclass(value, ObjectAssertions)
}

# All of pgTAP 1.3's functions about the objects that a snapshot holds.
PGTAP = """
has_schema hasnt_schema schemas_are schema_owner_is schema_privs_are
has_table hasnt_table tables_are has_relation hasnt_relation
relation_owner_is table_owner_is table_privs_are
has_view hasnt_view views_are view_owner_is
has_materialized_view hasnt_materialized_view materialized_views_are
materialized_view_owner_is
has_foreign_table hasnt_foreign_table foreign_tables_are foreign_table_owner_is
is_partitioned isnt_partitioned is_partition_of partitions_are
has_inherited_tables hasnt_inherited_tables is_ancestor_of isnt_ancestor_of
is_descendent_of isnt_descendent_of
has_column hasnt_column columns_are col_type_is col_not_null col_is_null
col_has_default col_hasnt_default col_default_is column_privs_are any_column_privs_are
has_pk hasnt_pk col_is_pk col_isnt_pk has_fk hasnt_fk col_is_fk col_isnt_fk fk_ok
has_unique col_is_unique has_check col_has_check
has_index hasnt_index indexes_are is_indexed index_is_unique index_is_primary
index_is_partial index_is_type is_clustered index_owner_is
has_trigger hasnt_trigger triggers_are trigger_is
policies_are policy_roles_are policy_cmd_is
has_enum hasnt_enum enums_are enum_has_labels
has_domain hasnt_domain domains_are domain_type_is domain_type_isnt type_owner_is
has_sequence hasnt_sequence sequences_are sequence_owner_is sequence_privs_are
has_extension hasnt_extension extensions_are
"""


def rows() -> list[tuple[str, str]]:
    """Return the rows of the tables: pgTAP's functions, and ours."""
    text = PAGE.read_text().split("## Beside pgTAP", 1)[1]
    found = re.findall(r"^\| (.+?) \| (.+) \|$", text, re.MULTILINE)
    return [row for row in found if row[0] not in {"pgTAP", "---"}]


def test_every_function_of_pgtap_has_its_counterpart() -> None:
    """All of them, and none that pgTAP does not have."""
    listed = {name for left, _ in rows() for name in re.findall(r"`(\w+)`", left)}
    assert listed == set(PGTAP.split())


def test_what_the_tables_name_exists() -> None:
    """Functions, methods, and the keywords of each."""
    for _, ours in rows():
        for call in re.findall(r"`([^`]+)`", ours):
            if match := re.match(r"(\w+)\(", call):
                assert hasattr(assertions, match[1]), call
            elif match := re.match(r"(\w*)\.(\w+)\(", call):
                kinds = [
                    handle
                    for name, handle in HANDLES.items()
                    if name.lower().startswith(match[1])
                ]
                assert any(hasattr(kind, match[2]) for kind in kinds), call


def test_every_assertion_stands_on_the_page() -> None:
    """Whoever reads it knows all that there is."""
    text = PAGE.read_text()
    audit = {"assert_check", "assert_wiring", "assert_same_report"}
    audit |= {"assert_no_migration_needed"}
    names = {name for name in assertions.__all__ if name.startswith("assert_")} - audit
    for handle in HANDLES.values():
        names |= {name for name in dir(handle) if not name.startswith("_")}
    missing = [each for each in names if not re.search(rf"\b{each}\b", text)]
    assert sorted(missing) == []


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
