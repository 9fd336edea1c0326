"""The advisories, by code. A code stays what it is, and is never given again."""

from __future__ import annotations

import collections.abc as cabc
import operator
import re
import typing as typ

from pytest_userstate.domain.classification import Candidate, Storage
from pytest_userstate.domain.columns import Column, ForeignKey, Index
from pytest_userstate.domain.converters import identifier
from pytest_userstate.domain.evidence import listed
from pytest_userstate.domain.model import DEFAULT_MODEL, AuditModel
from pytest_userstate.domain.recognition.words import words
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table
from pytest_userstate.domain.user_state import (
    Advisory,
    Finding,
    TableKey,
    UserState,
    at_column,
    at_table,
    checks_on,
    is_set_before,
    references,
    user_state,
)

_LOGIN: typ.Final = "login"
_CREDENTIAL: typ.Final = re.compile(
    r"hash|digest|password|passwd|secret", re.IGNORECASE
)
_SHORTEST: typ.Final = 60
"""Characters of a bcrypt hash, the shortest that is in use as a whole."""
_LIMITED: typ.Final = re.compile(r"character(?: varying)?\((?P<length>[0-9]+)\)")
_LOGINS: typ.Final = frozenset(
    {
        *("oauth", "oidc", "openid", "saml", "sso", "ldap", "passkey"),
        *("webauthn", "fido", "federated", "identity", "social", "provider"),
        *("google", "github", "gitlab", "apple", "facebook", "microsoft"),
        *("cognito", "firebase", "keycloak", "okta", "clerk", "supabase"),
        *("adfs", "azure", "entra", "idp", "kerberos", "workos", "zitadel"),
        *("discord", "kakao", "naver", "steam", "twitch", "wechat", "wallet"),
    }
)
"""Words of tables and columns that keep another way to log in than a password."""
_NO_LOGINS: typ.Final = frozenset(
    {
        *("access", "application", "authorization", "client", "code", "event"),
        *("grant", "log", "nonce", "refresh", "scope", "session", "state", "token"),
    }
)
"""Words that make something else of them, such as a client of one's own."""
_PASSWORDLESS: typ.Final = frozenset({"magic", "magiclink", "passwordless"})
"""Words of links that are sent to log in with; what keeps them may hold tokens."""
_OWNER: typ.Final = frozenset({"account", "member", "person", "user"})
_CHANGED: typ.Final = "updated_at"


def nullable_credential(state: UserState) -> cabc.Iterator[Finding]:
    """Yield credentials that may be missing from a row."""
    for table, columns in _credentials(state):
        if not all(column.is_nullable for column in columns):
            continue
        if _has_other_login(state, table):
            continue
        for column in columns:
            if not _is_demanded(table, column):
                message = (
                    "this credential can be null, so the row can exist without "
                    "anything to log in with; make it NOT NULL, or add a check "
                    "that the row has another way to log in"
                )
                yield at_column(table, column, message)


def _has_other_login(state: UserState, table: Table) -> bool:
    """Whether the schema stores another way to log in than these credentials.

    That is a column of the same row, such as ``google_id``, or a table that refers
    to a user, such as ``user_oauth_accounts``.
    """
    if any(_is_login(column.name) for column in table.columns):
        return True
    return any(
        _is_login(other.name)
        and (other.schema, other.name) != (table.schema, table.name)
        and (
            other.foreign_keys
            or any(not _OWNER.isdisjoint(words(c.name)) for c in other.columns)
        )
        for other in state.snapshot.tables
    )


def _is_login(name: str) -> bool:
    some = {*words(name)}
    is_account = bool(some & _LOGINS) and not some & _NO_LOGINS
    # Digits are no words, and `auth` alone would say nothing.
    return is_account or "auth0" in name.lower() or bool(some & _PASSWORDLESS)


def short_credential(state: UserState) -> cabc.Iterator[Finding]:
    """Yield credentials that have no room for a password hash."""
    for table, columns in _credentials(state):
        for column in columns:
            limit = _LIMITED.fullmatch(state.base_type(column))
            if limit and int(limit["length"]) < _SHORTEST:
                message = (
                    f"this credential has room for {limit['length']} characters; a "
                    f"bcrypt hash has {_SHORTEST}, an Argon2 hash more: it was cut "
                    "off, or is a weaker one; make it text"
                )
                yield at_column(table, column, message)


def _credentials(state: UserState) -> cabc.Iterator[tuple[Table, list[Column]]]:
    """Yield the tables that keep credentials to log in with, and the columns."""
    credentials: dict[Table, list[Column]] = {}
    for storage in state.storages:
        if storage.entity.name == _LOGIN:
            for candidate in storage.complete:
                columns = list(candidate.columns)
                credentials.setdefault(candidate.table, []).extend(
                    c for c in columns if _CREDENTIAL.search(c.name)
                )
    for table, columns in credentials.items():
        yield table, list(dict.fromkeys(columns))


def _is_demanded(table: Table, column: Column) -> bool:
    """Whether a check says when the column may be null."""
    word = rf'(?<![\w"])"?{re.escape(column.name)}"?(?![\w"])'
    says = re.compile(rf"{word}\)? IS (NOT )?NULL|num_n(onn)?ulls\(.*{word}")
    return any(says.search(check.definition) for check in checks_on(table, column))


def stale_updated_at(state: UserState) -> cabc.Iterator[Finding]:
    """Yield ``updated_at`` columns that only a careful writer keeps true."""
    for table in state.tables:
        column = table.column(_CHANGED)
        if column is None or column.generated or is_set_before("update", table):
            continue
        if not state.base_type(column).startswith(("timestamp", "date")):
            continue
        starts = "its default holds at insert only, and " if column.default else ""
        message = (
            f"no trigger sets this column before an update: {starts}a write that "
            "does not set it leaves it behind; let it be set by a BEFORE UPDATE "
            "trigger, or maintained by your object mapper"
        )
        yield at_column(table, column, message)


_JSON: typ.Final = frozenset({"json", "jsonb"})
_UUIDS: typ.Final = "uuid[]"


class _Key(typ.NamedTuple):
    """What a key or unique index makes unique."""

    columns: tuple[str, ...]
    is_partial: bool = False
    is_temporal: bool = False


def without_primary_key(state: UserState) -> cabc.Iterator[Finding]:
    """Yield tables without a primary key."""
    for table in state.tables:
        if table.primary_key or any(column.is_primary_key for column in table.columns):
            continue
        message = "the table has no primary key, so nothing names one of its rows; "
        spare = next((key.name for key in _spare_keys(table)), None)
        if spare:
            message += f"the unique index {identifier(spare)} could become it"
        else:
            message += "add one, on the columns that distinguish its rows"
        yield at_table(table, message)


def _spare_keys(table: Table) -> cabc.Iterator[Index]:
    """Yield the unique indexes that could be promoted to the primary key."""
    nullable = {other.name for other in table.columns if other.is_nullable}
    names = {column.name for column in table.columns}
    deferrable = {
        unique.name for unique in table.unique_constraints if unique.is_deferrable
    }
    for index in table.indexes:
        if (
            index.is_unique
            and index.is_valid
            and index.predicate is None
            and index.constraint not in deferrable
            and names - nullable >= {*index.columns}
        ):
            yield index


def without_users(state: UserState) -> cabc.Iterator[Finding]:
    """Yield tables whose rows need no user."""
    if not state.users:
        return
    tied = _tied_to_users(state)
    for table in state.tables:
        if (table.schema, table.name) in tied:
            continue
        users = listed((f"{s}.{t}" for s, t in state.users), "or")
        message = (
            f"no foreign key ties the table to {users}, so its rows can belong to "
            "nobody; add one to the column that holds the user's id"
        )
        yield at_table(table, message)


def _tied_to_users(state: UserState) -> set[TableKey]:
    """Return the tables that lead to users, over tables of user state at most.

    Schemas are left aside: who keeps users elsewhere (``auth.users``) refers there.
    """
    names = {name for _, name in state.users}
    tied = {*state.users}
    for users in state.users.values():
        targets = {_target(key) for key in references(users)}
        tied |= targets & state.candidates.keys()
    while True:
        new = {
            (table.schema, table.name)
            for table in state.tables
            for target in _owners(state, table)
            if target in tied or target[1] in names
        } - tied
        if not new:
            return tied
        tied |= new


def _owners(state: UserState, table: Table) -> set[TableKey]:
    """Return what the table refers to by columns that say whose a row is."""
    key = table.primary_key.columns if table.primary_key else ()
    telling = {
        *state.needed(table),
        *key,
        *(column.name for column in table.columns if column.is_primary_key),
    }
    return {
        _target(reference)
        for reference in references(table)
        if telling & {*reference.columns}
    }


def _target(key: ForeignKey) -> TableKey:
    return key.target_schema, key.target_table


def at_odds(state: UserState) -> cabc.Iterator[Finding]:
    """Yield storages of one entity that treat a deleted user differently."""
    reported: set[str] = set()
    for storage in state.storages:
        rules: dict[str, list[Table]] = {}
        for table in dict.fromkeys(candidate.table for candidate in storage.complete):
            for effect in sorted({*map(_effect, _delete_rules(state, table))}):
                rules.setdefault(effect, []).append(table)
        words = "; ".join(
            f"rows of {listed(other.qualified_name for other in tables)} {effect}"
            for effect, tables in rules.items()
        )
        if len(rules) < 2 or words in reported:
            continue
        reported.add(words)
        message = (
            f"{storage.entity.name} is kept in tables that part when a user is "
            f"deleted: {words}; give their foreign keys the same ON DELETE"
        )
        yield at_table(list(rules.values())[1][0], message)


_EFFECTS: typ.Final = {
    "cascade": "go with the user",
    "set null": "stay without an owner",
    "set default": "stay with another owner",
}


def _effect(rule: str) -> str:
    """Return what a delete rule does to rows (``set null (owner_id)`` included)."""
    return _EFFECTS.get(rule.partition(" (")[0], "refuse the deletion")


def _delete_rules(state: UserState, table: Table) -> list[str]:
    names = {name for _, name in state.users}
    needed = state.needed(table)
    return [
        key.on_delete
        for key in references(table)
        if key.target_table in names and needed.keys() & {*key.columns}
    ]


def unguarded_ids(state: UserState) -> cabc.Iterator[Finding]:
    """Yield columns that hold several ids, which no foreign key can guard."""
    for table in state.tables:
        for column in state.needed(table).values():
            kind = state.base_type(column)
            if not _holds_ids(state, column.name, kind):
                continue
            message = (
                f"no foreign key can guard the ids in this {kind}, so one can outlive "
                "its row, or never have had one; "
            )
            if is_set_before("insert", table) or _has_constraint_trigger(table):
                message += "a trigger may check what is written, not what is deleted; "
            message += "store them in a separate table, one in each row"
            yield at_column(table, column, message)


def _has_constraint_trigger(table: Table) -> bool:
    return any(
        trigger.is_constraint and trigger.is_enabled for trigger in table.triggers
    )


def _holds_ids(state: UserState, name: str, kind: str) -> bool:
    """Whether the column holds ids of rows (labels of an enumerated type are none)."""
    if kind == _UUIDS:
        return True
    enums = {
        written
        for enum_type in state.snapshot.enums
        for written in (
            f"{identifier(enum_type.name)}[]",
            f"{identifier(enum_type.schema)}.{identifier(enum_type.name)}[]",
        )
    }
    several = kind in _JSON or (kind.endswith("[]") and kind not in enums)
    return several and re.fullmatch(r"ids|.*(_ids|Ids)", name) is not None


def repeatable_pairs(state: UserState) -> cabc.Iterator[Finding]:
    """Yield join tables that can hold a pair twice."""
    for candidates in state.candidates.values():
        table = candidates[0].table
        for columns in dict.fromkeys(filter(None, map(_joined, candidates))):
            if not any(_separates(key, columns, table) for key in _keys(table)):
                names = ", ".join(map(identifier, columns))
                message = (
                    f"nothing keeps the same {listed(columns)} from being stored "
                    f"twice; make ({names}) the primary key, or unique"
                )
                yield at_table(table, message)


def _joined(candidate: Candidate) -> tuple[str, ...]:
    """Return the columns by which the model joins rows, or none.

    A join table is one of which the model needs references and nothing else.
    """
    columns = candidate.columns
    names = tuple(column.name for column in columns)
    if len(names) < 2 or candidate.model.any_of:
        return ()
    joins = all(_is_reference(candidate.table, column) for column in columns)
    return names if joins else ()


def _is_reference(table: Table, column: Column) -> bool:
    if column.name in {name for key in table.foreign_keys for name in key.columns}:
        return True
    return column.name.endswith(("_id", "Id"))


def _keys(table: Table) -> cabc.Iterator[_Key]:
    """Yield everything that keeps rows apart."""
    if flagged := tuple(
        column.name for column in table.columns if column.is_primary_key
    ):
        yield _Key(flagged)
    for key in (table.primary_key, *table.unique_constraints):
        if key:
            yield _Key(key.columns, is_temporal=key.is_temporal)
    for index in table.indexes:
        if index.is_unique and index.is_valid:
            yield _Key(index.columns, is_partial=index.predicate is not None)
    for exclusion in table.exclusion_constraints:
        equal = [name for name, sign in exclusion.operators.items() if sign == "="]
        yield _Key(tuple(equal), is_temporal=True)


def _separates(key: _Key, joined: tuple[str, ...], table: Table) -> bool:
    """Whether the key keeps a pair from standing twice.

    A key over fewer columns does so too, unless it is for some rows only. One over
    more does where these say what else is joined, of which kind it is, when it
    holds, or where it lies; a time or a separate number lets the pair come again.
    """
    if {*key.columns} < {*joined}:
        return bool(key.columns) and not key.is_partial
    if not all(any(_is_over(other, name) for other in key.columns) for name in joined):
        return False
    more = (
        column
        for name in key.columns
        if name not in joined and (column := table.column(name)) is not None
    )
    return key.is_temporal or not any(_is_new_each_time(name, table) for name in more)


def _is_new_each_time(column: Column, table: Table) -> bool:
    """Whether the column distinguishes rows that are otherwise the same."""
    if column.name in re.findall(r"\w+", table.partition_key or ""):
        return False
    is_time = column.data_type.startswith(("date", "time"))  # or a timestamp
    return is_time or column.identity is not None or "(" in (column.default or "")


def _is_over(key: str, column: str) -> bool:
    """Whether the part of a key is the column, or an expression over it."""
    return key == column or re.search(rf"\b{re.escape(column)}\b", key) is not None


_NUMBERS: typ.Final = re.compile(
    r"smallint|integer|bigint|real|double precision|numeric(\(.*\))?"
)
_DEFAULTS: typ.Final = (
    (_NUMBERS, "1"),
    (re.compile(r"xid8"), "'1'"),
    (re.compile(r"timestamp"), "now()"),
    (re.compile(r"uuid"), "gen_random_uuid()"),
    (re.compile(r"text|character varying(?!\()"), "gen_random_uuid()::text"),
    (re.compile(r"bytea"), "uuid_send(gen_random_uuid())"),
)
"""A first value for each type that revisions usually have."""
_NULL: typ.Final = re.compile(r"NULL(::.*)?", re.IGNORECASE)
_CASTS: typ.Final = r"(?:\)?::[a-z ]+(?:\([0-9,]+\))?)*"
_NUMBER: typ.Final = rf"\(*'?(?P<number>-?[0-9]+)(?:\.[0-9]+)?'?{_CASTS}"
_UNREADABLE: typ.Final = re.compile(r"[\w\"]\(|\bNOT \(|= ANY \(|\bCASE\b")


def unchecked(state: UserState) -> cabc.Iterator[Finding]:
    """Yield revisions that nothing keeps from being negative."""
    for table, column in state.revisions():
        kind = state.base_type(column)
        checks = [(column.name, check) for check in checks_on(table, column)]
        for domain in state.domains(column):
            checks += [("VALUE", c) for c in domain.check_constraints if c.is_enforced]
        guarded = any(_bounds(check.definition, name) for name, check in checks)
        if _NUMBERS.fullmatch(kind) and column.identity is None and not guarded:
            message = (
                f"no check keeps this revision ({column.data_type}) from being "
                "negative, so a wrong write goes unnoticed; add CHECK "
                f"({identifier(column.name)} >= 0)"
            )
            yield at_column(table, column, message)


def without_default(state: UserState) -> cabc.Iterator[Finding]:
    """Yield revisions that every insert has to start itself."""
    for table, column in state.revisions():
        defaults = [
            column.default,
            *(domain.default for domain in state.domains(column)),
        ]
        starts = any(default and not _NULL.fullmatch(default) for default in defaults)
        if starts or column.identity is not None or is_set_before("insert", table):
            continue
        effect = "starts as null" if column.is_nullable else "fails"
        message = (
            "this revision has no default, so an insert that does not name it "
            f"{effect}; set one{_such_as(state.base_type(column))}"
        )
        yield at_column(table, column, message)


def _such_as(data_type: str) -> str:
    """Return an example of a default of the type, as the end of a sentence."""
    example = next((d for form, d in _DEFAULTS if form.match(data_type)), None)
    return f", such as DEFAULT {example}" if example else ""


def several(state: UserState) -> cabc.Iterator[Finding]:
    """Yield state that has more than one revision."""
    reported: dict[tuple[Table, Column], None] = {}
    for storage in state.storages:
        kept: dict[Table | None, dict[tuple[Table, Column], None]] = {}
        for candidate in storage.counting:
            group = kept.setdefault(candidate.table if storage.needs_each else None, {})
            group |= {(c.table, c.column): None for c in candidate.revisions}
        for group in kept.values():
            pairs = [*group]
            if len(pairs) > 1 and pairs[0] not in reported:
                reported[pairs[0]] = None
                yield _several(storage, pairs)


def _several(storage: Storage, pairs: list[tuple[Table, Column]]) -> Finding:
    names = [f"{table.qualified_name}.{column.name}" for table, column in pairs]
    table, column = pairs[0]
    message = (
        f"{storage.entity.name} has {len(pairs)} revisions, {listed(names)}, and a "
        "writer that checks one of them can miss what was written under another; "
        "decide for one"
    )
    return at_column(table, column, message)


def _bounds(definition: str, name: str) -> bool:
    """Whether a check keeps a number from being negative, as far as can be read.

    Where it says something that is not read here, it gets the benefit of the doubt.
    """
    if _UNREADABLE.search(definition):
        return True
    column = rf'(?<![\w"])"?{re.escape(name)}"?(?![\w"]){_CASTS}'
    for pattern in (
        rf"{column} (?P<sign>>=|>|=) {_NUMBER}",
        rf"{_NUMBER} (?P<sign><=|<|=) \(*{column}",
    ):
        for bound in re.finditer(pattern, definition):
            least = int(bound["number"]) + (bound["sign"] in {"<", ">"})
            if least >= 0:
                return True
    return False


class AdvisoryRule(typ.NamedTuple):
    """A rule: its title in the documentation, and what finds what it is about."""

    title: str
    look: cabc.Callable[[UserState], cabc.Iterator[Finding]]


RULES: typ.Final[dict[str, AdvisoryRule]] = {
    "US101": AdvisoryRule("revision without a non-negative check", unchecked),
    "US102": AdvisoryRule("revision without a default", without_default),
    "US103": AdvisoryRule("several revision sources", several),
    "US201": AdvisoryRule("no primary key", without_primary_key),
    "US202": AdvisoryRule("no foreign key to users", without_users),
    "US203": AdvisoryRule("delete rules that contradict each other", at_odds),
    "US204": AdvisoryRule("ids that no foreign key guards", unguarded_ids),
    "US205": AdvisoryRule("join table without uniqueness", repeatable_pairs),
    "US301": AdvisoryRule("credential that can be null", nullable_credential),
    "US302": AdvisoryRule("credential that is too short", short_credential),
    "US401": AdvisoryRule("updated_at that nothing maintains", stale_updated_at),
}


def advise(
    snapshot: SchemaSnapshot, *, model: AuditModel = DEFAULT_MODEL
) -> tuple[Advisory, ...]:
    """Apply every rule to the tables that keep user state.

    Parameters
    ----------
    snapshot : SchemaSnapshot
        The schema.
    model : AuditModel
        Which tables keep user state; the default model if none is given.

    Examples
    --------
    >>> from pytest_userstate import Column, SchemaSnapshot, Table
    >>> users = Table("users", [Column("id", "uuid"), Column("display_name", "text")])
    >>> [(each.code, each.subject) for each in advise(SchemaSnapshot([users]))]
    [('US201', 'public.users')]
    """
    state = user_state(snapshot, model)
    return tuple(
        Advisory(code=code, subject=subject, message=message, source=source)
        for code, rule in RULES.items()
        for subject, message, source in sorted(rule.look(state), key=_subject)
    )


_subject = operator.itemgetter(0)
