"""Every schema assertion passes on what real servers make of real statements."""

from __future__ import annotations

import collections.abc as cabc

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
    assert_no_constraint,
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


HOLDS: dict[str, Assertion] = {
    # columns
    "column": lambda s: users(s).has_column("id"),
    "column in full": lambda s: users(s).has_column(
        "id",
        data_type="UUID",
        nullable=False,
        default="gen_random_uuid()",
        primary_key=True,
        generated=None,
        identity=None,
        comment=None,
        collation=None,
    ),
    "varchar": lambda s: users(s).has_column("name", data_type="varchar(80)"),
    "collation": lambda s: users(s).has_column("name", collation="C", comment=SOME),
    "comment": lambda s: users(s).has_column("name", comment="Shown to others"),
    "enum": lambda s: users(s).has_column("mood", data_type="mood", default="'ok'"),
    "enum with schema": lambda s: users(s).has_column("mood", data_type="public.mood"),
    "enum elsewhere": lambda s: assert_table(s, "legal.policies").has_column(
        "kind", data_type="legal.policy_kind"
    ),
    "domain": lambda s: users(s).has_column("email", data_type="email", nullable=False),
    "extension's type": lambda s: users(s).has_column("nick", data_type="citext"),
    "array": lambda s: users(s).has_column("tags", data_type="text[]", default="'{}'"),
    "numeric": lambda s: users(s).has_column(
        "price", data_type="decimal(10,2)", default="-1"
    ),
    "char": lambda s: users(s).has_column("flag", data_type="char"),
    "timestamptz": lambda s: users(s).has_column(
        "starts_at", data_type="timestamptz(3)", nullable=True, default=None
    ),
    "time": lambda s: users(s).has_column("alarm", data_type="time"),
    "float": lambda s: users(s).has_column("ratio", data_type="float"),
    "serial": lambda s: users(s).has_column(
        "number", data_type="int", default="nextval('users_number_seq')"
    ),
    "some default": lambda s: users(s).has_column("number", default=SOME),
    "identity": lambda s: users(s).has_column("code", identity="always"),
    "some identity": lambda s: users(s).has_column("other", identity=SOME),
    "generated": lambda s: users(s).has_column(
        "shout", generated="stored", expression="upper(name)"
    ),
    "odd name": lambda s: users(s).has_column('"Odd.Name"', data_type="int4"),
    "no column": lambda s: users(s).has_no_column("password"),
    "no column of a table": lambda s: assert_no_column(s, "password", of="users"),
    "no column of a view": lambda s: assert_no_column(s, "x", of="happy_users"),
    "no column of no table": lambda s: assert_no_column(
        s, "x", of="ghosts", table_may_be_absent=True
    ),
    "exactly columns": lambda s: assert_table(s, "notes").has_exactly_columns(
        ["owner", "body"]
    ),
    # keys
    "primary key": lambda s: users(s).has_primary_key("id", name="users_pkey"),
    "wide primary key": lambda s: assert_table(s, "legal.consents").has_primary_key(
        ["user_id", "policy_id"], deferrable=False
    ),
    "some primary key": lambda s: users(s).has_primary_key(SOME),
    "no primary key": lambda s: assert_table(s, "notes").has_no_primary_key(),
    "unique": lambda s: users(s).has_unique_constraint(
        ["name", "email"],
        deferrable=True,
        initially_deferred=True,
        nulls_distinct=True,
        name="users_name_unique",
        included=[],
        temporal=False,
    ),
    "not unique": lambda s: users(s).has_no_unique_constraint("name"),
    "exactly unique": lambda s: users(s).has_exactly_unique_constraints(
        [["name", "email"]]
    ),
    # foreign keys
    "foreign key": lambda s: assert_table(s, "legal.consents").has_foreign_key(
        "user_id", references="users", on_delete="cascade"
    ),
    "foreign key in full": lambda s: assert_table(s, "legal.consents").has_foreign_key(
        "policy_id",
        references="legal.policies",
        references_columns="id",
        on_update="cascade",
        on_delete="restrict",
        match="simple",
        deferrable=True,
        initially_deferred=True,
        validated=True,
        enforced=True,
        temporal=False,
        name="consents_policy",
    ),
    "some foreign key": lambda s: assert_table(s, "legal.consents").has_foreign_key(
        SOME
    ),
    "no foreign key": lambda s: assert_table(s, "notes").has_no_foreign_key("owner"),
    "exactly foreign keys": lambda s: assert_table(
        s, "legal.consents"
    ).has_exactly_foreign_keys(["policy_id", "user_id"]),
    # checks
    "check": lambda s: users(s).has_check_constraint(
        "char_length(name) between 1 and 80", name="users_name_length", columns="name"
    ),
    "check in": lambda s: users(s).has_check_constraint("flag IN ('a', 'b')"),
    "check not valid": lambda s: assert_table(s, "legal.consents").has_check_constraint(
        "policy_id > 0", validated=False, enforced=True
    ),
    "some check": lambda s: users(s).has_check_constraint(SOME),
    "exactly checks": lambda s: users(s).has_exactly_check_constraints(
        ["users_flag", "users_name_length"]
    ),
    "exclusion": lambda s: assert_table(s, "legal.policies").has_exclusion_constraint(
        "exclude using gist (valid with &&)", name="policies_no_overlap"
    ),
    "exactly exclusions": lambda s: users(s).has_exactly_exclusion_constraints([]),
    "no constraint": lambda s: users(s).has_no_constraint("users_email_key"),
    "no constraint of": lambda s: assert_no_constraint(s, "x", of="users"),
    # indexes
    "index on expression": lambda s: users(s).has_index(
        "lower(nick::text)", where="nick IS NOT NULL", unique=False
    ),
    "index in full": lambda s: users(s).has_index(
        "number",
        name="users_number",
        method="btree",
        unique=True,
        where=None,
        included="name",
        nulls_distinct=True,
        valid=True,
        primary=False,
        clustered=True,
    ),
    "partial index": lambda s: users(s).has_index(
        ["mood", "starts_at"],
        where="mood != 'sad' and (name = 'a' or price > 3)",
    ),
    "index by name": lambda s: users(s).has_index(
        SOME, name="users_tags", method="gin"
    ),
    "primary index": lambda s: users(s).has_index("id", primary=True),
    "no index": lambda s: users(s).has_no_index("price"),
    "no index on a part": lambda s: users(s).has_no_index("mood"),
    "no index on more": lambda s: users(s).has_no_index(["tags", "mood"]),
    "no index named": lambda s: users(s).has_no_index_named("users_price"),
    "no index of": lambda s: assert_no_index(s, "users_price", of="users"),
    "exactly indexes": lambda s: users(s).has_exactly_indexes(
        ["users_active", "users_by_nick", "users_number", "users_tags"]
    ),
    # triggers
    "trigger": lambda s: users(s).has_trigger(
        "users_touch",
        function="touch",
        timing="before",
        events=["insert", "update"],
        update_of=["mood", "name"],
        level="row",
        when="NEW.mood <> 'sad'",
        enabled=True,
        constraint=False,
    ),
    "constraint trigger": lambda s: users(s).has_trigger(
        "users_check",
        events="delete",
        timing="after",
        enabled=False,
        constraint=True,
        when=None,
    ),
    "trigger of a view": lambda s: assert_view(s, "happy_users").has_trigger(
        "happy_users_insert", timing="instead of", events="insert", update_of=[]
    ),
    "no trigger of a view": lambda s: assert_no_trigger(s, "x", of="happy_users"),
    "index of a view": lambda s: assert_materialized_view(s, "user_count").has_index(
        "n", name="user_count_once", unique=True, primary=False
    ),
    "no trigger": lambda s: users(s).has_no_trigger("users_audit"),
    "no trigger of": lambda s: assert_no_trigger(s, "x", of="users"),
    "exactly triggers": lambda s: users(s).has_exactly_triggers(
        ["users_touch", "users_check"]
    ),
    # row-level security
    "row security": lambda s: assert_table(s, "notes").has_row_security(forced=False),
    "no row security": lambda s: users(s).has_no_row_security(),
    "policy": lambda s: assert_table(s, "notes").has_policy(
        "own_notes",
        command="select",
        roles=["shop_clerk", "shop_reader"],
        permissive=True,
        using="body <> ''",
        check=None,
    ),
    "restrictive policy": lambda s: assert_table(s, "notes").has_policy(
        "all_notes",
        command="all",
        roles="public",
        permissive=False,
        check="body IS NOT NULL",
    ),
    "no policy": lambda s: users(s).has_no_policy("own_users"),
    "no policy of": lambda s: assert_no_policy(s, "x", of="users"),
    "exactly policies": lambda s: assert_table(s, "notes").has_exactly_policies(
        ["all_notes", "own_notes"]
    ),
    # partitions and inheritance
    "partitioned": lambda s: assert_table(s, "events").is_partitioned(by="range (at)"),
    "not partitioned": lambda s: users(s).is_not_partitioned(),
    "partition": lambda s: assert_table(s, "events_rest").is_partition_of(
        "events", bound="default"
    ),
    "no partition": lambda s: users(s).is_no_partition(),
    "exactly partitions": lambda s: assert_table(s, "events").has_exactly_partitions(
        ["events_old", "events_rest"]
    ),
    "ancestor": lambda s: assert_table(s, "notes").is_ancestor_of(
        "special_notes", depth=1
    ),
    "no ancestor": lambda s: assert_table(s, "notes").is_not_ancestor_of("users"),
    "descendant": lambda s: assert_table(s, "events_old").is_descendant_of("events"),
    "no descendant": lambda s: users(s).is_not_descendant_of("notes"),
    "children": lambda s: assert_table(s, "notes").has_children(),
    "no children": lambda s: users(s).has_no_children(),
    # comments
    "table comment": lambda s: users(s).has_comment("Everybody"),
    "some comment": lambda s: users(s).has_comment(SOME),
    "no comment": lambda s: assert_table(s, "notes").has_no_comment(),
    "view comment": lambda s: assert_view(s, "happy_users").has_comment(SOME),
    "enum comment": lambda s: assert_enum(s, "mood").has_comment("How it went"),
    "domain comment": lambda s: assert_domain(s, "email").has_comment(SOME),
    "sequence comment": lambda s: assert_sequence(s, "order_numbers").has_comment(
        "Shown on invoices"
    ),
    # views
    "view": lambda s: assert_view(s, "happy_users").has_exactly_columns(["id", "name"]),
    "view's column": lambda s: assert_view(s, "happy_users").has_column(
        "name", data_type="varchar(80)"
    ),
    "materialized view": lambda s: assert_materialized_view(s, "user_count").has_column(
        "n", data_type="int8"
    ),
    "foreign table": lambda s: assert_foreign_table(s, "remote").has_column("id"),
    "no view": lambda s: assert_no_view(s, "users"),
    "no materialized view": lambda s: assert_no_materialized_view(s, "happy_users"),
    "no foreign table": lambda s: assert_no_foreign_table(s, "users"),
    "relation": lambda s: assert_relation(s, "order_numbers"),
    "no relation": lambda s: assert_no_relation(s, "ghosts"),
    "no table": lambda s: assert_no_table(s, "accounts"),
    "no table of no schema": lambda s: assert_no_table(
        s, "auth.users", schema_may_be_absent=True
    ),
    # types
    "labels": lambda s: assert_enum(s, "mood").has_exactly_labels(
        ["sad", "ok", "happy"]
    ),
    "label": lambda s: assert_enum(s, "legal.policy_kind").has_label("terms"),
    "no label": lambda s: assert_enum(s, "mood").has_no_label("angry"),
    "no enum": lambda s: assert_no_enum(s, "colour"),
    "domain in full": lambda s: assert_domain(
        s,
        "email",
        data_type="varchar(254)",
        nullable=False,
        default="'nobody@example.org'",
        collation=None,
    ).has_check_constraint("VALUE LIKE '%@%'", name="email_shape"),
    "other base": lambda s: assert_domain(s, "email").is_not_based_on("text"),
    "no domain": lambda s: assert_no_domain(s, "phone"),
    # sequences
    "sequence": lambda s: assert_sequence(
        s,
        "order_numbers",
        data_type="int",
        start=1000,
        increment=10,
        minimum=1,
        maximum=100000,
        cache=1,
        cycles=True,
        owned_by=None,
    ),
    "serial's sequence": lambda s: assert_sequence(
        s, "users_number_seq", data_type="integer", owned_by="users.number"
    ),
    "identity's sequence": lambda s: assert_sequence(
        s, "users_code_seq", owned_by="public.users.code"
    ),
    "no sequence": lambda s: assert_no_sequence(s, "users_id_seq"),
    # extensions and schemas
    "extension": lambda s: assert_extension(s, "citext", schema="public", stub=False),
    "no extension": lambda s: assert_no_extension(s, "postgis"),
    "exactly extensions": lambda s: assert_exactly_extensions(s, ["citext"]),
    "plpgsql counts when named": lambda s: assert_exactly_extensions(
        s, ["citext", "plpgsql"]
    ),
    "schema": lambda s: assert_schema(s, "legal"),
    "no schema": lambda s: assert_no_schema(s, "auth"),
    "exactly schemas": lambda s: assert_exactly_schemas(s, ["public", "legal"]),
    "exactly tables": lambda s: assert_schema(s, "public").has_exactly_tables(
        ["events", "notes", "special_notes", "users"]
    ),
    "partitions count when named": lambda s: assert_schema(
        s, "public"
    ).has_exactly_tables(
        ["events", "events_old", "events_rest", "notes", "special_notes", "users"]
    ),
    "exactly views": lambda s: assert_schema(s, "public").has_exactly_views(
        ["happy_users"]
    ),
    "exactly materialized": lambda s: assert_schema(
        s, "public"
    ).has_exactly_materialized_views(["user_count"]),
    "exactly foreign": lambda s: assert_schema(s, "public").has_exactly_foreign_tables(
        ["remote"]
    ),
    "exactly enums": lambda s: assert_schema(s, "legal").has_exactly_enums(
        ["policy_kind"]
    ),
    "exactly domains": lambda s: assert_schema(s, "public").has_exactly_domains(
        ["email"]
    ),
    "exactly sequences": lambda s: assert_schema(s, "public").has_exactly_sequences(
        ["order_numbers"]
    ),
    # owners and privileges
    "table owner": lambda s: users(s).is_owned_by(OWNER),
    "view owner": lambda s: assert_view(s, "happy_users").is_owned_by(OWNER),
    "foreign table owner": lambda s: assert_foreign_table(s, "remote").is_owned_by(
        SUPERUSER
    ),
    "sequence owner": lambda s: assert_sequence(s, "order_numbers").is_owned_by(OWNER),
    "schema owner": lambda s: assert_schema(s, "legal").is_owned_by(OWNER),
    "enum owner": lambda s: assert_enum(s, "mood").is_owned_by(OWNER),
    "domain owner": lambda s: assert_domain(s, "email").is_owned_by(OWNER),
    "allowed": lambda s: assert_table(s, "notes").allows("shop_reader", to="select"),
    "allowed to a member": lambda s: assert_table(s, "notes").allows(
        "shop_clerk", to=["select", "insert"]
    ),
    "not inherited": lambda s: assert_table(s, "notes").forbids(
        "shop_auditor", to=["select", "insert", "update"]
    ),
    "allowed to read everything": lambda s: users(s).allows_exactly(
        "shop_backup", to=["select"]
    ),
    "allowed to everybody": lambda s: assert_view(s, "happy_users").allows_exactly(
        "public", to=["select"]
    ),
    "the superuser": lambda s: users(s).allows(
        SUPERUSER, to=["select", "insert", "update", "delete", "truncate"]
    ),
    "the owner": lambda s: users(s).allows(OWNER, to=["references", "trigger"]),
    "nothing": lambda s: users(s).allows_exactly("shop_reader", to=[]),
    "privileges on a column": lambda s: assert_table(s, "notes").allows_exactly(
        "shop_reader", to=["select", "insert", "update"], column="body"
    ),
    "other column": lambda s: assert_table(s, "notes").forbids(
        "shop_reader", to="update", column="owner"
    ),
    "some column": lambda s: assert_table(s, "notes").allows(
        "shop_reader", to="update", column=SOME
    ),
    "odd role": lambda s: assert_table(s, "notes").allows(
        '"shop.odd ""role"', to="delete"
    ),
    "sequence privileges": lambda s: assert_sequence(s, "order_numbers").allows_exactly(
        "shop_clerk", to=["usage"]
    ),
    "schema privileges": lambda s: assert_schema(s, "legal").allows_exactly(
        "shop_clerk", to=["usage"]
    ),
    "type privileges": lambda s: assert_enum(s, "mood").forbids(
        "shop_clerk", to="usage"
    ),
    "default type privileges": lambda s: assert_domain(s, "email").allows(
        "public", to="usage"
    ),
    "same schema": lambda s: assert_same_schema(s, accepted=s),
    "no role": lambda s: users(s).forbids(
        "shop_ghost", to="select", role_may_be_absent=True
    ),
}


@pytest.mark.parametrize("name", HOLDS)
def test_what_is_so_passes(snapshot: SchemaSnapshot, name: str) -> None:
    """No assertion complains about what is as it says."""
    HOLDS[name](snapshot)
