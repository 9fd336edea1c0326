"""The configuration file: read into settings, or refused by its keys.

Tables are read straight into the values that they configure. Only what depends on
its surroundings has a class here: an entity changes the default one, and a port is
declared or left to its sources. What does not fit is refused with the key, the
value, and what would have fitted, all faults of a file at once.
"""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import enum
import functools
import itertools
import re
import typing as typ

import attrs
import cattrs
from cattrs.cols import homogenous_tuple_structure_factory, mapping_structure_factory
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn, override

from pytest_userstate.application.renamed import Renewal
from pytest_userstate.application.settings import (
    Home,
    MigrationsSetting,
    PortScan,
    PostgresSettings,
    ProofSettings,
    Settings,
    WiringSettings,
)
from pytest_userstate.application.structuring import (
    MisfitError,
    faults,
    is_generic,
    member,
)
from pytest_userstate.application.wording import nearest
from pytest_userstate.domain.advisories import RULES
from pytest_userstate.domain.coverage import Axis, RuntimeWiring, coverage_type
from pytest_userstate.domain.downstream import WANTED, WorkItem, in_order
from pytest_userstate.domain.errors import ConfigurationError, InvalidModelError
from pytest_userstate.domain.gate import Acceptance, GatePolicy
from pytest_userstate.domain.model import (
    DEFAULT_MODEL,
    AuditModel,
    Canonical,
    Entity,
    Need,
    Revisions,
    StorageModel,
)
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.domain.user_state import Ignore
from pytest_userstate.domain.wiring import PortWiring, Wiring

V = typ.TypeVar("V")
Hook: typ.TypeAlias = cabc.Callable[[typ.Any, typ.Any], typ.Any]

Names = typ.NewType("Names", tuple[str, ...])
"""A list of strings, or one string in place of a list of one."""

_LOCATION: typ.Final = re.compile(r"(?P<path>.+?)(?::(?P<line>[1-9][0-9]*))?")
_TOML_TYPES: typ.Final[dict[type, str]] = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dt.date: "a date such as 2027-03-31",
    dt.datetime: "a date with a time",
    dict: "a table",
    list: "a list",
}
_VARIABLE: typ.Final = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")
_NO_CONNECTION_STRING: typ.Final = (
    "is not env:NAME; expected the environment variable that has the connection "
    "string, since a file that is committed is no place for a password"
)
_ONE_FOLDER: typ.Final = (
    "is a list; expected a string, the one folder with the migrations.\nIf a tool "
    "takes several, the others are settings of its tool, such as folders = "
    '["…"] beside path'
)


@attrs.frozen(kw_only=True)
class EntityTable:
    """``[entities.NAME]``: what is changed about an entity, or a new one."""

    models: tuple[StorageModel, ...] = ()
    replace: bool = False
    allow_multiple: bool | None = None
    revisions: Revisions | None = None
    canonical: Canonical | None = None
    expected: bool = True
    reason: str = ""


@attrs.frozen(kw_only=True)
class PortTable:
    """``[wiring.ports.ENTITY]``, or one of several ``[[wiring.ports.ENTITY]]``."""

    port: str
    state: RuntimeWiring | None = None
    reason: str = ""
    evidence: Names = Names(())
    database: Names = Names(())
    fixture: Names = Names(())
    sources: Names = Names(())
    model: str | None = None


Ports: typ.TypeAlias = tuple[PortTable, ...]
"""A list of tables, or one table in place of a list of one."""


@attrs.frozen(kw_only=True)
class WiringTable:
    """``[wiring]``."""

    ports: dict[str, Ports] = attrs.field(factory=dict)
    sources: Names = Names(())


@attrs.frozen(kw_only=True)
class TargetDocument:
    """``[targets.NAME]``: everything that can be said about one target."""

    migrations: MigrationsSetting = attrs.field(factory=MigrationsSetting)
    database: str | None = None
    snapshot: str | None = None
    schemas: Names = Names(("public",))
    recognize: bool = True
    entities: dict[str, EntityTable] = attrs.field(factory=dict)
    wiring: WiringTable = attrs.field(factory=WiringTable)
    postgres: PostgresSettings = attrs.field(factory=PostgresSettings)
    gate: GatePolicy = attrs.field(factory=GatePolicy)
    accept: tuple[Acceptance, ...] = ()
    ignore: tuple[Ignore, ...] = ()
    downstream: tuple[WorkItem, ...] = ()
    prove: ProofSettings = attrs.field(factory=ProofSettings)


@attrs.frozen(kw_only=True)
class Document(TargetDocument):
    """The whole file."""

    targets: dict[str, TargetDocument] = attrs.field(factory=dict)


def read_settings(
    raw: cabc.Mapping[str, object],
    *,
    file: str,
    prefix: str = "",
    place: cabc.Callable[[str], str] | None = None,
) -> Settings:
    """Read what a parsed file, or the table in it that is ours, says about a target.

    `prefix` is the table's key. `place` returns a key as the file has it, if it is
    elsewhere for a target.

    A `ConfigurationError` names the file, the keys, the values, and the nearest right
    spelling.
    """
    renewal = Renewal(raw, prefix)
    if renewal.faults:
        raise configuration_error(renewal.faults, file=file)
    warnings = [f"{file}: {warning}" for warning in renewal.warnings]
    try:
        document = read_document(renewal.table, file=file, prefix=prefix)
        start = f"{prefix}." if prefix else ""
        settings = _Resolution(document, file, place or start.__add__).settings()
    except ConfigurationError as error:
        # It names the new keys.
        message = "\n".join([str(error), *warnings])
        raise ConfigurationError(message, file=file, key=error.key) from None
    home = Home(file, prefix)
    return attrs.evolve(settings, home=home, warnings=tuple(warnings))


def read_document(
    raw: cabc.Mapping[str, object], *, file: str, prefix: str = ""
) -> Document:
    """Read the form of a file, whatever the names in it refer to.

    A `ConfigurationError` names all keys that are wrong, unknown, or missing.
    """
    try:
        return _converter().structure(raw, Document)
    except BaseValidationError as error:
        problems = sorted(set(faults(error, prefix, keys_of)))
        raise configuration_error(problems, file=file) from None


def with_axes(settings: Settings, axes: tuple[str, ...]) -> Settings:
    """Replace the gated axes by those of the command line."""
    for axis in axes:
        if axis not in list(Axis):
            fault = (
                "--userstate-gate",
                f"names {axis!r}; {nearest(axis, Axis)}",
            )
            raise configuration_error([fault], file="command line")
    gate = attrs.evolve(settings.gate, axes=map(Axis, axes))
    return attrs.evolve(settings, gate=gate)


def configuration_error(
    faults: cabc.Sequence[tuple[str, str]], *, file: str
) -> ConfigurationError:
    """Return the error that names all faults, each a key and what is wrong."""
    lines = [f"{file}: `{key}` {problem}" for key, problem in faults]
    return ConfigurationError("\n".join(lines), file=file, key=faults[0][0])


@attrs.frozen
class TableField:
    """A key of a table, the type that its value is read as, and the field it sets."""

    key: str
    kind: typ.Any
    name: str
    is_required: bool


def table_fields(kind: type) -> cabc.Iterator[TableField]:
    """Yield the keys of a class's table."""
    overrides = _OVERRIDES.get(kind, {})
    hints = typ.get_type_hints(kind)
    for field in attrs.fields(kind):
        changed = overrides.get(field.name, override())
        if not changed.omit:
            yield TableField(
                key=changed.rename or field.name,
                kind=_HOOK_KINDS.get(changed.struct_hook, hints[field.name]),
                name=field.name,
                is_required=field.default is attrs.NOTHING,
            )


def keys_of(kind: type) -> dict[str, str]:
    """Return the keys of a class's table, each with the field that it sets."""
    if not attrs.has(kind):
        return {}
    return {field.key: field.name for field in table_fields(kind)}


@functools.cache
def _converter() -> cattrs.Converter:
    """Return the converter that knows the file's types, and coerces nothing."""
    converter = cattrs.Converter()

    def table(kind: type) -> Hook:
        overrides = _OVERRIDES.get(kind, {})
        read: Hook = make_dict_structure_fn(
            kind, converter, _cattrs_forbid_extra_keys=True, **overrides
        )
        return lambda value, _: read(_expect(value, dict), kind)

    def migrations(value: object, kind: type) -> MigrationsSetting:
        if not isinstance(value, dict):
            return MigrationsSetting(path=_one_folder(value))
        own = {key: value[key] for key in ("path", "tool") if key in value}
        options = {key: value[key] for key in value if key not in own}
        setting: MigrationsSetting = table(kind)(own, kind)
        return attrs.evolve(setting, options=options)

    def storage_model(value: object, kind: type) -> StorageModel:
        model: StorageModel = table(kind)(_with_flat_revision(value), kind)
        return model

    def listed(kind: typ.Any) -> Hook:
        read = homogenous_tuple_structure_factory(kind, converter)
        return lambda value, _: _distinct(read(_expect(value, list), kind))

    def ports(value: object, _: object) -> Ports:
        if isinstance(value, dict):
            return (converter.structure(value, PortTable),)
        several: Ports = listed(Ports)(_expect(value, dict, list), Ports)
        return several

    def mapped(kind: typ.Any) -> Hook:
        read = mapping_structure_factory(kind, converter)
        return lambda value, _: read(_expect(value, dict), kind)

    for scalar, hook in _SCALARS.items():
        converter.register_structure_hook(scalar, hook)
    converter.register_structure_hook_factory(attrs.has, table)
    converter.register_structure_hook_func(
        lambda asked: asked is MigrationsSetting, migrations
    )
    converter.register_structure_hook_func(
        lambda asked: asked is StorageModel, storage_model
    )
    converter.register_structure_hook_func(lambda asked: asked is Names, _names)
    converter.register_structure_hook_factory(
        functools.partial(is_generic, tuple), listed
    )
    converter.register_structure_hook_func(
        lambda asked: asked == frozenset[Axis],
        lambda value, _: frozenset(converter.structure(value, tuple[Axis, ...])),
    )
    converter.register_structure_hook_func(lambda asked: asked == Ports, ports)
    converter.register_structure_hook_factory(
        functools.partial(is_generic, dict), mapped
    )
    return converter


def _expect(value: object, *kinds: type) -> typ.Any:
    """Return the value if its TOML type is one of the kinds (true is no number)."""
    if type(value) in kinds:
        return value
    message = f"is {_shown(value)}; expected {_TOML_TYPES[kinds[0]]}"
    raise MisfitError(message)


def _shown(value: object) -> str:
    """Return a value with its type, as a message shows it."""
    kind = _TOML_TYPES.get(type(value), f"a {type(value).__name__}")
    text = repr(value) if isinstance(value, str) else str(value)
    return kind if isinstance(value, dict | list) else f"{text}, {kind}"


def _text(value: object, _: object = None) -> str:
    text = str(_expect(value, str))
    if text.strip():
        return text
    message = "is empty; expected some text"
    raise MisfitError(message)


def _names(value: object, _: object = None) -> Names:
    if isinstance(value, str):
        return Names((_text(value),))
    return Names(_distinct(tuple(map(_text, _expect(value, list)))))


def _with_flat_revision(value: object) -> object:
    """Return the table of a model with a revision elsewhere as separate keys."""
    if not isinstance(value, dict) or not isinstance(value.get("revision"), dict):
        return value
    inner = {f"revision.{key}": part for key, part in value["revision"].items()}
    column = {"revision": inner.pop("revision.column", "revision")}
    return {**value, **column, **inner}


def _seconds(value: object, _: object = None) -> float:
    number = float(_expect(value, float, int))
    if 0 < number < float("inf"):
        return number
    message = f"is {value!r}; expected a number of seconds above 0"
    raise MisfitError(message)


def _revisions(value: object, _: object = None) -> Revisions:
    if isinstance(value, bool):
        return Revisions.EXPECTED if value else Revisions.NOT_EXPECTED
    if isinstance(value, str) and value in [*Revisions]:
        return Revisions(value)
    message = (
        f"is {_shown(value)}; expected true or false, or the word 'expected' or "
        "'not_expected'"
    )
    raise MisfitError(message)


def _member(value: object, kind: type[enum.StrEnum]) -> enum.StrEnum:
    return member(_expect(value, str), kind)


def _one_folder(value: object, _: object = None) -> str:
    if not isinstance(value, list):
        return _text(value)
    raise MisfitError(_ONE_FOLDER)


_SCALARS: typ.Final[dict[type, Hook]] = {
    str: _text,
    enum.StrEnum: _member,
    Revisions: _revisions,
    bool: lambda value, _: _expect(value, bool),
    float: _seconds,
    dt.date: lambda value, _: _expect(value, dt.date),
}
_OVERRIDES: typ.Final[dict[type, dict[str, typ.Any]]] = {
    GatePolicy: {"acceptances": override(omit=True)},
    MigrationsSetting: {
        "path": override(struct_hook=_one_folder),
        "options": override(omit=True),
    },
    StorageModel: {
        "tables": override(rename="table", struct_hook=_names),
        "columns": override(struct_hook=_names),
        "revision": override(struct_hook=_names),
        "revision_table": override(rename="revision.table", struct_hook=_text),
    },
}
_HOOK_KINDS: typ.Final[dict[object, typ.Any]] = {
    _names: Names,
    _one_folder: str,
    _text: str,
}
_IDENTITIES: typ.Final[dict[type, tuple[str, ...]]] = {
    Acceptance: ("check",),
    PortTable: ("port",),
    Ignore: ("advisory", "subject"),
    StorageModel: ("name",),
    WorkItem: ("id",),
}
"""The keys that identify a table in a list; other entries are their value."""


def _distinct(entries: tuple[V, ...]) -> tuple[V, ...]:
    """Refuse two entries of a list that are the same thing."""
    seen: dict[str, int] = {}
    for index, entry in enumerate(entries):
        identity = _identity(entry)
        first = seen.setdefault(identity, index)
        if first != index:
            places = f"[{first}] and [{index}]"
            message = f"has {identity} twice, in {places}; keep one of them"
            raise MisfitError(message)
    return entries


def _identity(entry: object) -> str:
    names = _IDENTITIES.get(type(entry))
    if names is None:
        return repr(list(entry) if isinstance(entry, tuple) else str(entry))
    return " and ".join(f"{name} = {getattr(entry, name)!r}" for name in names)


class _Resolution:
    """What only makes sense together: names, each of something that exists."""

    def __init__(
        self, document: Document, file: str, place: cabc.Callable[[str], str]
    ) -> None:
        self._document = document
        self._file = file
        self._place = place
        self._model = self._audit_model()

    def settings(self) -> Settings:
        document = self._document
        if document.snapshot is not None and not document.snapshot.endswith(".json"):
            problem = f"is {document.snapshot!r}; expected a file that ends in .json"
            self._refuse("snapshot", problem)
        if document.database and not _VARIABLE.fullmatch(document.database):
            self._refuse("database", _NO_CONNECTION_STRING)
        for index, accepted in enumerate(document.accept):
            self._check(accepted.check, f"accept[{index}].check")
        for index, ignored in enumerate(document.ignore):
            if ignored.advisory not in RULES:
                problem = f"is {ignored.advisory!r}; {nearest(ignored.advisory, RULES)}"
                self._refuse(f"ignore[{index}].advisory", problem)
        self._check_downstream()
        return Settings(
            migrations=document.migrations,
            database=document.database,
            snapshot=document.snapshot,
            recognize=document.recognize,
            model=self._model,
            wiring=self._wiring(),
            postgres=document.postgres,
            gate=attrs.evolve(document.gate, acceptances=document.accept),
            ignored=document.ignore,
            prove=document.prove,
            downstream=document.downstream,
        )

    def _refuse(self, key: str, problem: str) -> typ.NoReturn:
        raise configuration_error([(self._place(key), problem)], file=self._file)

    def _audit_model(self) -> AuditModel:
        tables = self._document.entities
        defaults = (entity.name for entity in DEFAULT_MODEL.entities)
        entities = [
            self._entity(name, tables.get(name, EntityTable()))
            for name in dict.fromkeys((*defaults, *tables))
        ]
        try:
            return AuditModel(entities=entities, schemas=self._document.schemas)
        except InvalidModelError as error:
            self._refuse("schemas", f"cannot be used: {error}")

    def _entity(self, name: str, table: EntityTable) -> Entity:
        default = DEFAULT_MODEL.entity(name)
        if default is None and not table.models:
            known = [entity.name for entity in DEFAULT_MODEL.entities]
            problem = "has no storage model (an entity of your own needs one)"
            self._refuse(f"entities.{name}", f"{problem}; {nearest(name, known)}")
        self._check_columns(name, table)
        kept = default.models if default and not table.replace else ()
        models = {model.name: model for model in (*kept, *table.models)}
        changes: dict[str, typ.Any] = {
            "models": models.values(),
            "canonical": table.canonical,
            "expected": table.expected,
            "reason": table.reason,
        }
        if table.allow_multiple is not None:
            changes["allow_multiple"] = table.allow_multiple
        changes |= {"revisions": table.revisions} if table.revisions else {}
        try:
            if default:
                return attrs.evolve(default, **changes)
            return Entity(name=name, **changes)
        except InvalidModelError as error:
            self._refuse(f"entities.{name}", f"cannot be used: {error}")

    def _check_columns(self, name: str, table: EntityTable) -> None:
        """Refuse a name with a dot, or more than a name, where a column is meant."""
        for number, model in enumerate(table.models):
            place = f"entities.{name}.models[{number}]"
            needs = {"columns": [model.columns], "any_of": model.any_of}
            for key, groups in needs.items():
                for text in itertools.chain(*groups):
                    self._check_column(f"{place}.{key}", text, Need.of(text).column)
            for text in model.revision:
                self._check_column(f"{place}.revision", text, text)
                if Need.of(text).column != text:
                    problem = f"names {text!r}; a revision is a column, and all of it"
                    self._refuse(f"{place}.revision", problem)

    def _check_column(self, key: str, text: str, column: str) -> None:
        if "." in column:
            plain = text.replace(column, column.rpartition(".")[2], 1)
            self._refuse(
                key,
                f"names {text!r}; expected a column of the model's table, without a "
                f"dot: {plain!r}",
            )

    def _check(
        self, check: str, key: str, *, or_one_of: cabc.Iterable[str] = ()
    ) -> None:
        """Refuse the id of a check that does not exist."""
        if check in self._model.check_ids():
            return
        name, _, axis = check.partition(".")
        entity = self._model.entity(name)
        if entity and axis in list(Axis) and (why := entity.not_applicable(Axis(axis))):
            self._refuse(key, f"is {check!r}, which is no check here: {why}")
        known = [*self._model.check_ids(), *or_one_of]
        self._refuse(key, f"is {check!r}; {nearest(check, known)}")

    def _check_downstream(self) -> None:
        """Refuse ids that read otherwise, and needs that can never be met."""
        items = self._document.downstream
        ids = [item.id for item in items]
        for index, name in enumerate(ids):
            if why := _reads_otherwise(name):
                problem = f"is {name!r}, which {why}; choose another id"
                self._refuse(f"downstream[{index}].id", problem)
        for index, item in enumerate(items):
            for place, need in enumerate(item.needs):
                self._check_need(need, ids, f"downstream[{index}].needs[{place}]")
        try:
            in_order(items)
        except InvalidModelError as error:
            problem = f"cannot be ordered: {error}; take one need away"
            self._refuse("downstream", problem)

    def _check_need(self, need: str, ids: list[str], key: str) -> None:
        if need in ids:
            return
        check, wants, value = (part.strip() for part in need.partition(WANTED))
        if check not in self._model.check_ids() or not wants:
            self._check(check, key, or_one_of=() if wants else ids)
            return
        name, _, axis = check.partition(".")
        coverages = list(map(str, coverage_type(name, Axis(axis))))
        if value not in coverages:
            problem = f"wants {value!r} of {check}; {nearest(value, coverages)}"
            self._refuse(key, problem)

    def _wiring(self) -> WiringSettings:
        """Return which ports are declared (with a `state`) and which are scanned."""
        table = self._document.wiring
        sources = table.sources or Names((".",))
        declared, scanned = [], []
        for entity, ports in table.ports.items():
            for index, port in enumerate(ports):
                place = f"[{index}]" if len(ports) > 1 else ""
                key = f"wiring.ports.{entity}{place}"
                self._check_port(entity, key, port)
                if port.state is not None:
                    declared.append(_declared(entity, port, port.state))
                else:
                    scanned.append(_scanned(entity, key, port, sources))
        return WiringSettings(
            declared=Wiring(declared),
            scanned=tuple(scanned),
            sources=sources,
            has_sources=bool(table.sources),
        )

    def _check_port(self, name: str, key: str, port: PortTable) -> None:
        """Refuse what does not exist, and what does not go together."""
        entity = self._model.entity(name)
        if entity is None:
            entities = [entity.name for entity in self._model.entities]
            self._refuse(key, f"is for an unknown entity; {nearest(name, entities)}")
        models = [model.name for model in entity.models]
        if port.model is not None and port.model not in models:
            problem = f"is {port.model!r}; {nearest(port.model, models)}"
            self._refuse(f"{key}.model", problem)
        if port.state is None:
            if port.evidence:
                self._refuse(f"{key}.evidence", _EVIDENCE_OF_A_SCAN)
            for implementation in port.fixture:
                if implementation in port.database:
                    problem = (
                        f"names {implementation!r}, as `database` does; keep one of "
                        "the two"
                    )
                    self._refuse(f"{key}.fixture", problem)
            return
        if not port.reason:
            self._refuse(f"{key}.reason", "is missing")
        for setting in ("database", "fixture", "sources"):
            if getattr(port, setting):
                self._refuse(f"{key}.{setting}", _SCAN_OF_A_STATE)


_EVIDENCE_OF_A_SCAN: typ.Final = (
    "goes with a declared `state`; without one the sources are scanned, and the scan "
    "finds its own evidence"
)
_SCAN_OF_A_STATE: typ.Final = (
    "is for scanning the sources, but `state` declares what a scan would find: keep "
    "one of the two"
)


def _reads_otherwise(name: str) -> str | None:
    """Say why the id of an item would not be understood as one among needs."""
    if WANTED in name:
        return f"contains a `{WANTED}`, which separates a check from its coverage"
    axis = name.rpartition(".")[2]
    return f"reads like a check, since it ends in {axis!r}" if axis in [*Axis] else None


def _declared(entity: str, port: PortTable, state: RuntimeWiring) -> PortWiring:
    return PortWiring(
        entity=entity,
        port=port.port,
        state=state,
        reason=port.reason,
        sources=map(_source, port.evidence),
        model=port.model,
    )


def _scanned(entity: str, key: str, port: PortTable, sources: Names) -> PortScan:
    return PortScan(
        entity=entity,
        port=port.port,
        key=key,
        database=port.database,
        fixture=port.fixture,
        sources=port.sources or sources,
        has_own_sources=bool(port.sources),
        reason=port.reason,
        model=port.model,
    )


def _source(location: str) -> Source:
    match = _LOCATION.fullmatch(location)
    line = match and match["line"]
    return Source(match["path"] if match else location, int(line) if line else None)
