"""A call that is wrong is an error: it neither passes nor fails."""

from __future__ import annotations

import collections.abc as cabc
import inspect
import typing as typ

import pytest

from pytest_userstate import (
    Column,
    Enum,
    ForeignKey,
    KeyConstraint,
    Policy,
    SchemaSnapshot,
    Table,
    Trigger,
    assertions,
)
from pytest_userstate.application.asserting.objects import ObjectAssertions
from pytest_userstate.assertions import (
    SOME,
    TableAssertions,
    assert_domain,
    assert_enum,
    assert_exactly_extensions,
    assert_no_column,
    assert_no_table,
    assert_schema,
    assert_sequence,
    assert_table,
)

SNAPSHOT = SchemaSnapshot(
    [
        Table(
            "users",
            [Column("id", "uuid"), Column("boss", "uuid"), Column("a.b", "text")],
            primary_key=KeyConstraint(name="users_pkey", columns=["id"]),
            foreign_keys=[
                ForeignKey(
                    name="users_boss_fkey",
                    columns=["boss"],
                    target_table="users",
                    target_columns=["id"],
                )
            ],
            triggers=[Trigger(name="touch", function="public.f", definition="")],
            policies=[Policy(name="own")],
        ),
        Table("odd.name", [Column("id", "uuid")], "odd.schema"),
    ],
    enums=[Enum(name="mood", labels=["sad", "ok"])],
)


def users() -> TableAssertions:
    """Return assertions about the one ordinary table."""
    return assert_table(SNAPSHOT, "users")


Call = cabc.Callable[[], object]
ANY: typ.Any = object()

WRONG: dict[str, tuple[Call, type[Exception], str]] = {
    "misspelt action": (
        lambda: users().has_foreign_key("boss", on_delete="cascde"),
        ValueError,
        "did you mean 'cascade'",
    ),
    "action of another kind": (
        lambda: users().has_foreign_key("boss", on_delete=None),
        TypeError,
        "on_delete",
    ),
    "columns of no action": (
        lambda: users().has_foreign_key("boss", on_delete_columns="boss"),
        TypeError,
        "on_delete='set null'",
    ),
    "columns of another action": (
        lambda: users().has_foreign_key(
            "boss", on_delete="cascade", on_delete_columns="boss"
        ),
        TypeError,
        "on_delete='set null'",
    ),
    "misspelt match": (
        lambda: users().has_foreign_key("boss", match="ful"),
        ValueError,
        "did you mean 'full'",
    ),
    "misspelt generation": (
        lambda: users().has_column("id", generated="storred"),
        ValueError,
        "did you mean 'stored'",
    ),
    "misspelt identity": (
        lambda: users().has_column("id", identity="allways"),
        ValueError,
        "did you mean 'always'",
    ),
    "misspelt timing": (
        lambda: users().has_trigger("touch", timing="befor"),
        ValueError,
        "did you mean 'before'",
    ),
    "misspelt event": (
        lambda: users().has_trigger("touch", events=["insert", "updte"]),
        ValueError,
        "did you mean 'update'",
    ),
    "no event": (
        lambda: users().has_trigger("touch", events=[]),
        ValueError,
        "at least one",
    ),
    "misspelt command": (
        lambda: users().has_policy("own", command="selct"),
        ValueError,
        "did you mean 'select'",
    ),
    "misspelt privilege": (
        lambda: users().forbids("app", to="deleet"),
        ValueError,
        "did you mean 'delete'",
    ),
    "privilege of another kind": (
        lambda: assert_schema(SNAPSHOT, "public").forbids("app", to="select"),
        ValueError,
        "'create', 'usage'",
    ),
    "privilege that columns do not have": (
        lambda: users().forbids("app", to="delete", column="id"),
        ValueError,
        "'references'",
    ),
    "no privilege": (lambda: users().forbids("app", to=[]), ValueError, "at least one"),
    "one privilege, exactly": (
        lambda: users().allows_exactly("app", to="select"),
        TypeError,
        "in a list",
    ),
    "a word for a bool": (
        lambda: users().has_column("id", nullable="no"),
        TypeError,
        "True or False",
    ),
    "None for a bool": (
        lambda: users().has_column("id", nullable=None),
        TypeError,
        "True or False",
    ),
    "a number for a bool": (
        lambda: users().has_index("id", unique=1),
        TypeError,
        "True or False",
    ),
    "a bool for a number": (
        lambda: assert_sequence(SNAPSHOT, "s", start=True),
        TypeError,
        "whole number",
    ),
    "a word for a permission": (
        lambda: assert_no_column(SNAPSHOT, "id", of="ghost", table_may_be_absent="no"),
        TypeError,
        "table_may_be_absent",
    ),
    "None for a default that must be": (
        lambda: users().has_column("id", expression=None),
        TypeError,
        "expression",
    ),
    "empty default": (
        lambda: users().has_column("id", default=""),
        ValueError,
        "something in it",
    ),
    "qualified column": (
        lambda: users().has_no_column("users.password"),
        ValueError,
        "not a single name",
    ),
    "blank around a name": (
        lambda: users().has_no_column(" id"),
        ValueError,
        "blanks around it",
    ),
    "empty name": (
        lambda: assert_no_table(SNAPSHOT, ""),
        ValueError,
        "something in it",
    ),
    "three parts": (
        lambda: assert_no_table(SNAPSHOT, "db.public.users"),
        ValueError,
        "neither name nor schema.name",
    ),
    "open quotes": (
        lambda: assert_no_table(SNAPSHOT, 'legal."users'),
        ValueError,
        "neither name nor schema.name",
    ),
    "no name": (lambda: assert_table(SNAPSHOT, None), TypeError, "expected a string"),
    "columns that are none": (
        lambda: users().has_primary_key([]),
        ValueError,
        "at least one",
    ),
    "no columns of a key": (
        lambda: users().has_no_foreign_key([]),
        ValueError,
        "at least one",
    ),
    "no columns of an index": (
        lambda: users().has_no_index([]),
        ValueError,
        "at least one",
    ),
    "column named twice": (
        lambda: users().has_exactly_columns(["id", "id", "boss"]),
        ValueError,
        "named twice",
    ),
    "one string for several": (
        lambda: users().has_exactly_columns("id"),
        TypeError,
        "not the one string 'id'",
    ),
    "one string for lists": (
        lambda: users().has_exactly_foreign_keys("boss"),
        TypeError,
        "not the one 'boss'",
    ),
    "one string for labels": (
        lambda: assert_enum(SNAPSHOT, "mood").has_exactly_labels("sad"),
        TypeError,
        "not the one string 'sad'",
    ),
    "a mapping for names": (
        lambda: users().has_exactly_columns({"id": "uuid", "boss": "uuid"}),
        TypeError,
        "expected strings",
    ),
    "bytes for a name": (
        lambda: users().has_exactly_columns([b"id"]),
        TypeError,
        "expected a string",
    ),
    "owner without table": (
        lambda: assert_sequence(SNAPSHOT, "s", owned_by="id"),
        ValueError,
        "table.column",
    ),
    "arguments in the wrong order": (
        lambda: assert_table("users", SNAPSHOT),
        TypeError,
        "the string 'users'",
    ),
    "something else for a schema": (
        lambda: assert_table(ANY, "users"),
        TypeError,
        "SchemaSnapshot",
    ),
    "unknown keyword": (
        lambda: users().has_column("id", type="uuid"),
        TypeError,
        "unexpected keyword",
    ),
    "type by position": (
        lambda: users().has_column("id", "uuid"),
        TypeError,
        "positional",
    ),
    "nothing to look for": (lambda: users().has_index(), TypeError, "columns"),
    "misuse before the schema is looked at": (
        lambda: assert_domain(SNAPSHOT, "ghost", nullable="yes"),
        TypeError,
        "True or False",
    ),
    "one extension for several": (
        lambda: assert_exactly_extensions(SNAPSHOT, "citext"),
        TypeError,
        "not the one string",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_call_is_an_error(name: str) -> None:
    """It is no AssertionError: the test is at fault, not the schema."""
    call, kind, fragment = WRONG[name]
    with pytest.raises(kind) as caught:
        call()
    assert not isinstance(caught.value, AssertionError)
    assert fragment in str(caught.value)


def test_words_may_be_written_as_in_sql() -> None:
    """Case and blanks do not count in the words that there are only few of."""
    users().has_foreign_key("boss", on_delete="NO  ACTION", match="Simple")


def test_names_that_hold_dots_stand_in_quotes() -> None:
    """Without quotes they would be something else; with quotes they are found."""
    assert_table(SNAPSHOT, '"odd.schema"."odd.name"').has_column("id")
    users().has_column('"a.b"')
    with pytest.raises(AssertionError, match="no table odd"):
        assert_table(SNAPSHOT, "odd.name")


def test_iterators_are_read_once() -> None:
    """Columns may come from a generator."""
    users().has_exactly_columns(each for each in ["id", "boss", '"a.b"'])
    users().has_primary_key(iter(["id"]))


def handles() -> list[type]:
    """Return the classes of assertions that users get."""
    return [
        value
        for value in vars(assertions).values()
        if isinstance(value, type) and issubclass(value, ObjectAssertions)
    ]


def callables() -> list[tuple[str, cabc.Callable[..., object]]]:
    """Return every assertion that there is, with its name."""
    functions = [
        (name, getattr(assertions, name))
        for name in assertions.__all__
        if name.startswith("assert_")
    ]
    methods = [
        (f"{handle.__name__}.{name}", method)
        for handle in handles()
        for name, method in inspect.getmembers(handle, inspect.isfunction)
        if not name.startswith("_")
    ]
    return functions + methods


def _named(value: object) -> str:
    """Name a case by its name alone: a function's address differs by process."""
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize(("name", "function"), callables(), ids=_named)
def test_nothing_is_optional_by_position(
    name: str, function: cabc.Callable[..., object]
) -> None:
    """What can be left out has to be named: no argument binds to the wrong one."""
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            assert parameter.default is inspect.Parameter.empty, name
            assert parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD, name


@pytest.mark.parametrize(("name", "function"), callables(), ids=_named)
def test_every_assertion_is_documented(
    name: str, function: cabc.Callable[..., object]
) -> None:
    """Each says what it asserts, and says what each keyword is for."""
    text = inspect.getdoc(function) or ""
    assert text.startswith(("Assert", "Return")), name
    keywords = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        and parameter.name not in {"schema_may_be_absent", "of", "table_may_be_absent"}
    ]
    assert [each for each in keywords if each not in text] == [], name


@pytest.mark.parametrize("handle", handles(), ids=lambda each: each.__name__)
def test_assertions_that_have_not_looked_do_not_exist(handle: type) -> None:
    """Making one for an object that is not there fails, so none is left unused."""
    with pytest.raises(TypeError):
        handle()
    assert inspect.signature(handle).parameters.keys() >= {"read", "place"}
    assert "_look()" in inspect.getsource(ObjectAssertions.__init__)


def test_assertions_name_their_object() -> None:
    """In a debugger, and in pytest's own output."""
    assert repr(users()) == "<TableAssertions public.users>"
    assert repr(SOME) == "SOME"


FOLDERS = "tests/integration/test_assertions_that_{}.py"


@pytest.mark.parametrize("kind", ["hold", "fail"])
def test_every_assertion_is_seen_to_hold_and_to_fail(
    pytestconfig: pytest.Config, kind: str
) -> None:
    """No assertion comes without a test on real servers, in either direction."""
    text = (pytestconfig.rootpath / FOLDERS.format(kind)).read_text()
    audit = {"assert_check", "assert_wiring", "assert_same_report"}
    audit |= {"assert_no_migration_needed"}
    # These are not about a schema: test_stale_writes.py.
    audit |= {"assert_stale_write_is_refused", "assert_stale_writes_are_caught"}
    audit |= {"assert_facts_are_proved"}
    names = {name.rpartition(".")[2] for name, _ in callables()} - audit
    if kind == "fail":
        # Each of these hands on to the method of the same name.
        names -= {f"assert_no_{each}" for each in ("index", "constraint")}
        names -= {f"assert_no_{each}" for each in ("trigger", "policy")}
    assert sorted(name for name in names if f"{name}(" not in text) == []
