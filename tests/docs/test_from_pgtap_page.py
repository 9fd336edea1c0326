"""The page for those who come from pgTAP: all its functions, and only what is there."""

from __future__ import annotations

import re

from pytest_userstate import assertions
from tests.helpers.markdown import ROOT

TEXT = (ROOT / "docs/from-pgtap.md").read_text()

# The functions of pgTAP 1.3.5: those about objects that a snapshot holds, ...
SCHEMA = """
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

# ... and the others.
OTHERS = """
add_result alike bag_eq bag_has bag_hasnt bag_ne can cast_context_is casts_are
check_test cmp_ok collect_tap composite_owner_is database_privs_are db_owner_is diag
diag_test_name display_oper do_tap doesnt_imatch doesnt_match fail fdw_privs_are
findfuncs finish format_type_string function_lang_is function_owner_is
function_privs_are function_returns functions_are groups_are has_cast has_composite
has_function has_group has_language has_leftop has_opclass has_operator has_rightop
has_role has_rule has_tablespace has_type has_user hasnt_cast hasnt_composite
hasnt_function hasnt_group hasnt_language hasnt_leftop hasnt_opclass hasnt_operator
hasnt_rightop hasnt_role hasnt_rule hasnt_tablespace hasnt_type hasnt_user ialike
imatches in_todo is is_aggregate is_definer is_empty is_member_of is_normal_function
is_procedure is_strict is_superuser is_window isa_ok isnt isnt_aggregate isnt_definer
isnt_empty isnt_member_of isnt_normal_function isnt_procedure isnt_strict isnt_superuser
isnt_window language_is_trusted language_owner_is language_privs_are languages_are
lives_ok matches no_plan num_failed ok opclass_owner_is opclasses_are operators_are
os_name pass performs_ok performs_within pg_version pg_version_num pgtap_version plan
results_eq results_ne roles_are row_eq rule_is_instead rule_is_on rules_are runtests
server_privs_are set_eq set_has set_hasnt set_ne skip tablespace_owner_is
tablespace_privs_are tablespaces_are throws_ilike throws_imatching throws_like
throws_matching throws_ok todo todo_end todo_start types_are unalike unialike users_are
volatility_is
"""


def rows() -> list[list[str]]:
    """Return the rows of all tables: pgTAP's functions, and ours."""
    found = re.findall(r"^\| (.+) \|$", TEXT, re.MULTILINE)
    return [row.split(" | ") for row in found if not row.startswith("---")]


def test_every_function_of_pgtap_is_there() -> None:
    """In the first column, or in the list of functions without an equivalent."""
    equivalents, gaps = TEXT.split("## Without an equivalent")
    first = [
        row.split(" | ")[0]
        for row in re.findall(r"^\| (.+) \|$", equivalents, re.MULTILINE)
    ]
    named = re.findall(r"`([a-z_]+)`", "\n".join([*first, gaps.split("| --- |")[1]]))
    assert sorted(named) == sorted([*SCHEMA.split(), *OTHERS.split()])


def test_what_the_page_names_exists() -> None:
    """Functions of ours, and methods of what they return."""
    handles = {
        name.removesuffix("Assertions").lower(): value
        for name, value in vars(assertions).items()
        if name.endswith("Assertions")
    }
    named = 0
    for row in rows():
        for ours in re.findall(r"`(assert_\w+|\w*\.\w+)\(", row[1]):
            kind, _, method = ours.rpartition(".")
            if kind in {"pytest", "re", "collections", "db"}:
                continue
            named += 1
            if not method.startswith("assert_"):
                kinds = [handles[kind]] if kind else handles.values()
                assert any(hasattr(each, method) for each in kinds), ours
            else:
                assert hasattr(assertions, ours), ours
    assert named > 80
