"""Every schema assertion can fail, and says why, on real servers."""

from __future__ import annotations

import collections.abc as cabc

import attrs
import pytest

from pytest_userstate import SchemaSnapshot
from pytest_userstate.assertions import (
    SOME,
    TableAssertions,
    assert_domain,
    assert_enum,
    assert_exactly_extensions,
    assert_exactly_schemas,
    assert_extension,
    assert_foreign_table,
    assert_materialized_view,
    assert_no_column,
    assert_no_domain,
    assert_no_enum,
    assert_no_extension,
    assert_no_foreign_table,
    assert_no_index,
    assert_no_materialized_view,
    assert_no_policy,
    assert_no_relation,
    assert_no_schema,
    assert_no_sequence,
    assert_no_table,
    assert_no_trigger,
    assert_no_view,
    assert_relation,
    assert_same_schema,
    assert_schema,
    assert_sequence,
    assert_table,
    assert_view,
)
from pytest_userstate.bootstrap import snapshot_of
from pytest_userstate.outbound.postgres.server import OWNER, SUPERUSER, EmbeddedServer
from tests.helpers.shop import shop_database

Assertion = cabc.Callable[[SchemaSnapshot], object]


@pytest.fixture(scope="module")
def snapshot(server: EmbeddedServer) -> cabc.Iterator[SchemaSnapshot]:
    """Read the schema once; the assertions leave it as it is."""
    with shop_database(server) as connection:
        yield snapshot_of(connection)


def users(source: SchemaSnapshot) -> TableAssertions:
    """Return assertions about the table that has most of everything."""
    return assert_table(source, "users")


FAILS: dict[str, tuple[Assertion, str]] = {
    "type": (lambda s: users(s).has_column("name", data_type="text"), "varying(80)"),
    "length": (
        lambda s: users(s).has_column("name", data_type="varchar(81)"),
        "character varying(80)",
    ),
    "array or not": (lambda s: users(s).has_column("tags", data_type="text"), "text[]"),
    "another schema's enum": (
        lambda s: users(s).has_column("mood", data_type="legal.mood"),
        "public.mood",
    ),
    "nullability": (lambda s: users(s).has_column("name", nullable=True), "yes"),
    "default": (lambda s: users(s).has_column("mood", default="'sad'"), "'ok'"),
    "default at all": (lambda s: users(s).has_column("mood", default=None), "'ok'"),
    "no default": (lambda s: users(s).has_column("name", default=SOME), "none"),
    "generated": (lambda s: users(s).has_column("name", generated=SOME), "none"),
    "expression": (
        lambda s: users(s).has_column("shout", expression="lower(name)"),
        "upper",
    ),
    "identity": (
        lambda s: users(s).has_column("other", identity="always"),
        "by default",
    ),
    "part of the key": (
        lambda s: users(s).has_column("name", primary_key=True),
        "primary_key",
    ),
    "column comment": (lambda s: users(s).has_column("id", comment=SOME), "comment"),
    "unknown column": (lambda s: users(s).has_column("nme"), "name character varying"),
    "column": (lambda s: users(s).has_no_column("name"), "should have none"),
    "column of no table": (
        lambda s: assert_no_column(s, "name", of="user"),
        "public.users",
    ),
    "one column too many": (
        lambda s: assert_table(s, "notes").has_exactly_columns(["body"]),
        "owner",
    ),
    "one column too few": (
        lambda s: assert_table(s, "notes").has_exactly_columns(
            ["body", "owner", "title"]
        ),
        "title",
    ),
    "primary key": (
        lambda s: users(s).has_primary_key("name"),
        "users_pkey (id)",
    ),
    "order of the key": (
        lambda s: assert_table(s, "legal.consents").has_primary_key(
            ["policy_id", "user_id"]
        ),
        "user_id, policy_id",
    ),
    "a primary key": (lambda s: users(s).has_no_primary_key(), "users_pkey (id)"),
    "unique": (lambda s: users(s).has_unique_constraint("name"), "users_name_unique"),
    "unique by index": (
        lambda s: users(s).has_unique_constraint("number"),
        "the index: unique users_number",
    ),
    "not unique": (
        lambda s: users(s).has_no_unique_constraint(["email", "name"]),
        "users_name_unique",
    ),
    "not unique, by index": (
        lambda s: users(s).has_no_unique_constraint("number"),
        "users_number",
    ),
    "exactly unique": (
        lambda s: users(s).has_exactly_unique_constraints(["name"]),
        "name, email",
    ),
    "action": (
        lambda s: assert_table(s, "legal.consents").has_foreign_key(
            "user_id", references="users", on_delete="restrict"
        ),
        "cascade",
    ),
    "target": (
        lambda s: assert_table(s, "legal.consents").has_foreign_key(
            "policy_id", references="policies"
        ),
        "there is no table public.policies",
    ),
    "no foreign key": (
        lambda s: assert_table(s, "legal.consents").has_no_foreign_key("user_id"),
        "references public.users",
    ),
    "unknown column without foreign key": (
        lambda s: assert_table(s, "notes").has_no_foreign_key("owner_id"),
        "owner uuid",
    ),
    "exactly foreign keys": (
        lambda s: assert_table(s, "legal.consents").has_exactly_foreign_keys([]),
        "policy_id",
    ),
    "check": (
        lambda s: users(s).has_check_constraint("char_length(name) > 0"),
        "users_name_length",
    ),
    "checked column": (
        lambda s: users(s).has_check_constraint(SOME, columns="price"),
        "columns price",
    ),
    "exactly checks": (
        lambda s: users(s).has_exactly_check_constraints([]),
        "users_flag",
    ),
    "exclusion": (
        lambda s: users(s).has_exclusion_constraint(SOME),
        "none at all",
    ),
    "exactly exclusions": (
        lambda s: assert_table(s, "legal.policies").has_exactly_exclusion_constraints(
            []
        ),
        "policies_no_overlap",
    ),
    "constraint": (
        lambda s: users(s).has_no_constraint("users_flag"),
        "check constraint 'users_flag'",
    ),
    "index": (lambda s: users(s).has_index("price"), "users_tags using gin"),
    "predicate": (
        lambda s: users(s).has_index(["mood", "starts_at"], where=None),
        "mood <>",
    ),
    "grouping in a predicate": (
        lambda s: users(s).has_index(
            ["mood", "starts_at"],
            where="mood <> 'sad' and name = 'a' or price > 3",
        ),
        "where",
    ),
    "part of an index": (lambda s: users(s).has_index("mood"), "users_active"),
    "partial": (lambda s: users(s).has_index("number", where=SOME), "where"),
    "no index": (lambda s: users(s).has_no_index("tags"), "users_tags"),
    "no index on unknown": (lambda s: users(s).has_no_index("tag"), "tags text[]"),
    "no index named": (lambda s: users(s).has_no_index_named("users_tags"), "gin"),
    "exactly indexes": (
        lambda s: users(s).has_exactly_indexes(["users_tag"]),
        "'users_tag': users_tags",
    ),
    "trigger": (lambda s: users(s).has_trigger("users_touched"), "users_touch"),
    "trigger's function": (
        lambda s: users(s).has_trigger("users_touch", function="legal.touch"),
        "public.touch",
    ),
    "trigger's events": (
        lambda s: users(s).has_trigger("users_touch", events="insert"),
        "insert or update",
    ),
    "trigger's condition": (
        lambda s: users(s).has_trigger("users_touch", when=None),
        "new.mood",
    ),
    "no trigger of a view": (
        lambda s: assert_no_trigger(
            s, "happy_users_insert", of="happy_users", table_may_be_absent=True
        ),
        "view public.happy_users has a trigger",
    ),
    "no index of a view": (
        lambda s: assert_no_index(s, "user_count_once", of="user_count"),
        "unique user_count_once",
    ),
    "no policy of a view": (
        lambda s: assert_no_policy(s, "x", of="happy_users", table_may_be_absent=True),
        "public.happy_users is a view",
    ),
    "no trigger": (lambda s: users(s).has_no_trigger("users_touch"), "calls"),
    "exactly triggers": (
        lambda s: users(s).has_exactly_triggers(["users_touch"]),
        "users_check",
    ),
    "row security": (lambda s: users(s).has_row_security(), "enabled"),
    "forced row security": (
        lambda s: assert_table(s, "notes").has_row_security(forced=True),
        "forced",
    ),
    "no row security": (
        lambda s: assert_table(s, "notes").has_no_row_security(),
        "own_notes",
    ),
    "policy": (
        lambda s: assert_table(s, "notes").has_policy("own_note"),
        "own_notes for select",
    ),
    "policy's roles": (
        lambda s: assert_table(s, "notes").has_policy("own_notes", roles="shop_clerk"),
        "shop_clerk, shop_reader",
    ),
    "no policy": (
        lambda s: assert_table(s, "notes").has_no_policy("own_notes"),
        "own_notes",
    ),
    "exactly policies": (
        lambda s: assert_table(s, "notes").has_exactly_policies([]),
        "all_notes",
    ),
    "partitioned": (lambda s: users(s).is_partitioned(), "partitioned table"),
    "partition key": (
        lambda s: assert_table(s, "events").is_partitioned(by="list (at)"),
        "RANGE",
    ),
    "not partitioned": (
        lambda s: assert_table(s, "events").is_not_partitioned(),
        "RANGE (at)",
    ),
    "partition": (
        lambda s: assert_table(s, "users").is_partition_of("events"),
        "no table",
    ),
    "no partition": (
        lambda s: assert_table(s, "events_old").is_no_partition(),
        "public.events",
    ),
    "exactly partitions": (
        lambda s: assert_table(s, "events").has_exactly_partitions(["events_old"]),
        "events_rest",
    ),
    "ancestor": (
        lambda s: assert_table(s, "notes").is_ancestor_of("users"),
        "does not inherit",
    ),
    "depth": (
        lambda s: assert_table(s, "notes").is_ancestor_of("special_notes", depth=2),
        "at depth 1",
    ),
    "no ancestor": (
        lambda s: assert_table(s, "notes").is_not_ancestor_of("special_notes"),
        "inherits",
    ),
    "no ancestor of unknown": (
        lambda s: assert_table(s, "notes").is_not_ancestor_of("ghosts"),
        "there is no table",
    ),
    "descendant": (
        lambda s: users(s).is_descendant_of("notes"),
        "does not inherit",
    ),
    "no descendant": (
        lambda s: assert_table(s, "events_old").is_not_descendant_of("events"),
        "inherits",
    ),
    "children": (lambda s: users(s).has_children(), "no child"),
    "no children": (lambda s: assert_table(s, "notes").has_no_children(), "special"),
    "comment": (lambda s: users(s).has_comment("Nobody"), "'Everybody'"),
    "some comment": (lambda s: assert_table(s, "notes").has_comment(SOME), "none"),
    "no comment": (lambda s: users(s).has_no_comment(), "'Everybody'"),
    "view": (lambda s: assert_view(s, "users"), "public.users is a table"),
    "another kind of view": (
        lambda s: assert_view(s, "user_count"),
        "public.user_count is a materialized view",
    ),
    "materialized view": (
        lambda s: assert_materialized_view(s, "happy_users"),
        "public.happy_users is a view",
    ),
    "table": (lambda s: assert_table(s, "user_count"), "is a materialized view"),
    "foreign table": (lambda s: assert_foreign_table(s, "remotes"), "public.remote"),
    "no view": (lambda s: assert_no_view(s, "happy_users"), "should be none"),
    "no materialized view": (
        lambda s: assert_no_materialized_view(s, "user_count"),
        "should be none",
    ),
    "no foreign table": (
        lambda s: assert_no_foreign_table(s, "remote"),
        "should be none",
    ),
    "relation": (lambda s: assert_relation(s, "user"), "public.users"),
    "no relation": (lambda s: assert_no_relation(s, "order_numbers"), "sequence"),
    "no table": (lambda s: assert_no_table(s, "users"), "should be none"),
    "no table of no schema": (
        lambda s: assert_no_table(s, "legall.policies"),
        "there is no schema 'legall'",
    ),
    "order of labels": (
        lambda s: assert_enum(s, "mood").has_exactly_labels(["ok", "sad", "happy"]),
        "only their order differs",
    ),
    "labels": (
        lambda s: assert_enum(s, "mood").has_exactly_labels(["sad", "ok"]),
        "happy",
    ),
    "label": (lambda s: assert_enum(s, "mood").has_label("hapy"), "happy"),
    "no label": (lambda s: assert_enum(s, "mood").has_no_label("sad"), "sad"),
    "enum": (lambda s: assert_enum(s, "moods"), "public.mood"),
    "enum that is a domain": (lambda s: assert_enum(s, "email"), "is a domain"),
    "no enum": (lambda s: assert_no_enum(s, "mood"), "should be none"),
    "domain": (
        lambda s: assert_domain(s, "email", data_type="text", nullable=True),
        "character varying(254)",
    ),
    "domain's check": (
        lambda s: assert_domain(s, "email").has_check_constraint("VALUE <> ''"),
        "email_shape",
    ),
    "base": (
        lambda s: assert_domain(s, "email").is_not_based_on("varchar(254)"),
        "is based on",
    ),
    "unknown base": (
        lambda s: assert_domain(s, "email").is_not_based_on("tekst"),
        "there is no type",
    ),
    "no domain": (lambda s: assert_no_domain(s, "email"), "should be none"),
    "sequence": (
        lambda s: assert_sequence(s, "order_numbers", start=1, owned_by="users.id"),
        "1000",
    ),
    "no sequence": (lambda s: assert_no_sequence(s, "order_numbers"), "should be"),
    "extension": (lambda s: assert_extension(s, "citex"), "citext"),
    "extension's version": (
        lambda s: assert_extension(s, "citext", version="0.1"),
        "0.1",
    ),
    "no extension": (lambda s: assert_no_extension(s, "citext"), "should be none"),
    "exactly extensions": (lambda s: assert_exactly_extensions(s, []), "citext"),
    "schema": (lambda s: assert_schema(s, "legall"), "legal"),
    "no schema": (lambda s: assert_no_schema(s, "legal"), "should be none"),
    "exactly schemas": (lambda s: assert_exactly_schemas(s, ["public"]), "legal"),
    "exactly tables": (
        lambda s: assert_schema(s, "public").has_exactly_tables(["users"]),
        "special_notes",
    ),
    "exactly views": (
        lambda s: assert_schema(s, "public").has_exactly_views([]),
        "happy_users",
    ),
    "exactly materialized": (
        lambda s: assert_schema(s, "public").has_exactly_materialized_views([]),
        "user_count",
    ),
    "exactly foreign": (
        lambda s: assert_schema(s, "public").has_exactly_foreign_tables([]),
        "remote",
    ),
    "exactly enums": (
        lambda s: assert_schema(s, "public").has_exactly_enums([]),
        "mood",
    ),
    "exactly domains": (
        lambda s: assert_schema(s, "public").has_exactly_domains([]),
        "email",
    ),
    "exactly sequences": (
        lambda s: assert_schema(s, "public").has_exactly_sequences([]),
        "order_numbers",
    ),
    "owner": (lambda s: users(s).is_owned_by("shop_clerk"), OWNER),
    "unknown owner": (
        lambda s: users(s).is_owned_by("shop_ghost"),
        "there is no role 'shop_ghost'",
    ),
    "allowed": (
        lambda s: assert_table(s, "notes").allows("shop_reader", to="delete"),
        "shop_reader: insert, select",
    ),
    "allowed on a column only": (
        lambda s: assert_table(s, "notes").allows("shop_reader", to="update"),
        "update (body)",
    ),
    "exactly allowed": (
        lambda s: assert_table(s, "notes").allows_exactly("shop_reader", to=["select"]),
        "insert, select",
    ),
    "exactly allowed, but for a column": (
        lambda s: assert_table(s, "notes").allows_exactly(
            "shop_reader", to=["select", "insert"]
        ),
        "insert, select, update",
    ),
    "forbidden": (
        lambda s: assert_table(s, "notes").forbids("shop_clerk", to="insert"),
        "should forbid",
    ),
    "forbidden, but for a column": (
        lambda s: assert_table(s, "notes").forbids("shop_clerk", to="update"),
        "update (body)",
    ),
    "forbidden to everybody": (
        lambda s: assert_view(s, "happy_users").forbids("shop_auditor", to="select"),
        "public: select",
    ),
    "forbidden to the superuser": (
        lambda s: users(s).forbids(SUPERUSER, to="truncate"),
        "should forbid",
    ),
    "forbidden to nobody": (
        lambda s: users(s).forbids("shop_ghost", to="select"),
        "there is no role 'shop_ghost'",
    ),
    "unknown column allowed": (
        lambda s: users(s).forbids("shop_clerk", to="select", column="nam"),
        "has no column",
    ),
    "sequence privileges": (
        lambda s: assert_sequence(s, "order_numbers").allows("shop_clerk", to="update"),
        "usage",
    ),
    "schema privileges": (
        lambda s: assert_schema(s, "legal").allows("shop_clerk", to="create"),
        "usage",
    ),
    "other schema": (
        lambda s: assert_same_schema(s, accepted=attrs.evolve(s, enums=[])),
        "+ enum public.mood",
    ),
    "type privileges": (
        lambda s: assert_enum(s, "mood").allows("shop_clerk", to="usage"),
        "usage",
    ),
}


@pytest.mark.parametrize("name", FAILS)
def test_what_is_not_so_fails(snapshot: SchemaSnapshot, name: str) -> None:
    """Each assertion can fail, and its message names what matters."""
    assertion, fragment = FAILS[name]
    with pytest.raises(AssertionError) as caught:
        assertion(snapshot)
    assert fragment in " ".join(str(caught.value).split())
    assert all(len(line) <= 72 for line in str(caught.value).splitlines())
