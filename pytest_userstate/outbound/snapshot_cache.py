"""The schema that unchanged migrations make, kept between runs in pytest's own cache.

An entry is a file with a signature in its first line. The key of the signature is a
secret that lies in the user's own cache folder, so that nothing counts but what this
user's audits have written: no damaged or half-written file, no entry of another user,
and none that somebody has committed to the repository.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import datetime as dt
import enum
import functools
import hashlib
import hmac
import json
import os
import pathlib
import secrets
import typing as typ

import attrs

from pytest_userstate.application.settings import PostgresSettings
from pytest_userstate.domain import access, columns, relations, snapshot
from pytest_userstate.domain.errors import UsageError
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.files import write_whole
from pytest_userstate.outbound.migrations.finding.discovery import Target
from pytest_userstate.outbound.migrations.plan import Plan
from pytest_userstate.outbound.postgres.account import check_machine
from pytest_userstate.outbound.postgres.binaries import Binaries

_PACKAGE: typ.Final = pathlib.Path(__file__).parents[1]
_MOST_ENTRIES: typ.Final = 32
"""A repository can have several targets, and be on several branches in a day."""
_SECRET_SIZE: typ.Final = 32
_CLASS: typ.Final = ""
"""The key under which an object has the name of its class."""
_CLASSES: typ.Final[dict[str, type[typ.Any]]] = {
    name: kind
    for module in (columns, relations, access, snapshot)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and (attrs.has(kind) or issubclass(kind, enum.StrEnum))
}
_NOT_KEPT: typ.Final = frozenset({"deparser"})
"""Asks the server, which is gone."""


@attrs.frozen(kw_only=True)
class CachedDatabase:
    """What an audit reads of a migrated database, without the database."""

    snapshot: SchemaSnapshot
    server_version: str
    applied: int | None
    warnings: tuple[str, ...] = ()

    scratch: typ.ClassVar[None] = None

    def load(self) -> SchemaSnapshot:
        """Return the schema, each fact with the migration that made it."""
        return self.snapshot


_CLASSES[CachedDatabase.__name__] = CachedDatabase


@attrs.frozen
class SnapshotCache:
    """The entries in a folder, and the secret by which they are signed."""

    folder: pathlib.Path
    secret: bytes = attrs.field(repr=False)

    @classmethod
    def open(cls, folder: pathlib.Path) -> typ.Self | None:
        """Return the cache in a folder; None if the user has no place for a secret."""
        try:
            account = check_machine()
            from pytest_userstate.outbound.postgres.cluster import (  # noqa: PLC0415 - POSIX
                open_cache,
            )

            own = open_cache(account)
            secret = _secret(own.root / "secret") if own else None
        except (OSError, UsageError):
            return None
        return cls(folder, secret) if secret else None

    def find(self, key: str) -> CachedDatabase | None:
        """Return what was kept for a key; None if nothing was, or it is damaged."""
        file = self._file(key)
        try:
            content = file.read_bytes() if file.is_file() else b""
        except OSError:
            return None
        signature, _, body = content.partition(b"\n")
        if not hmac.compare_digest(signature, self._signature(key, body)):
            return None
        database: CachedDatabase = json.loads(body, object_hook=_value)
        return database

    def keep(self, key: str, database: CachedDatabase) -> None:
        """Keep it; a disk that is full or read-only is no reason to fail."""
        body = json.dumps(database, default=_object, ensure_ascii=False).encode()
        content = self._signature(key, body) + b"\n" + body
        with contextlib.suppress(OSError):
            write_whole(self._file(key), content)
            self._prune()

    def _file(self, key: str) -> pathlib.Path:
        return self.folder / f"{key}.json"

    def _signature(self, key: str, body: bytes) -> bytes:
        digest = hmac.new(self.secret, key.encode() + b"\n" + body, hashlib.sha256)
        return digest.hexdigest().encode()

    def _prune(self) -> None:
        """Remove all but the newest entries, and what killed runs left half-written."""
        entries = sorted(
            self.folder.iterdir(),
            key=lambda file: -file.stat(follow_symlinks=False).st_mtime,
        )
        for entry in entries[_MOST_ENTRIES:]:
            entry.unlink(missing_ok=True)


def key_of(target: Target, binaries: Binaries, *how: object) -> str:
    """Return the key of everything that the schema depends on.

    That is the plan with the text of each file, the programs of the server and the
    extensions beside them, how the migrations are run, this package, and the day: a
    migration may name a partition after the month.
    """
    from pytest_userstate.outbound.postgres.cluster import (  # noqa: PLC0415 - POSIX
        fingerprint,
    )

    today = dt.datetime.now(dt.UTC).date().isoformat()
    parts = (today, _package(), fingerprint(binaries), _extensions(binaries))
    text = json.dumps((*parts, target.plan, how), default=_plain, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def is_repeatable(plan: object, settings: PostgresSettings) -> bool:
    """Whether the migrations and the settings say all that will be done.

    The code of a program is not known, and a superuser's SQL can read any file.
    """
    is_superuser = settings.superuser or settings.setup is not None
    return isinstance(plan, Plan) and not is_superuser


def _package() -> list[tuple[str, int, int]]:
    """Return which version of this package there is, edited ones included."""
    return sorted(
        (str(file), status.st_size, status.st_mtime_ns)
        for file in _PACKAGE.rglob("*.*")
        if file.suffix in {".py", ".sql"}
        for status in (file.stat(),)
    )


def _extensions(binaries: Binaries) -> list[int]:
    """Return when extensions were added to the server, or taken away."""
    prefix = binaries.bin_dir.parent
    folders = (
        prefix / "share/extension",
        prefix / "share/postgresql/extension",
        pathlib.Path("/usr/share/postgresql", prefix.name, "extension"),
    )
    return [folder.stat().st_mtime_ns for folder in folders if folder.is_dir()]


def _plain(value: typ.Any) -> object:
    """Return a part of a plan as JSON has it."""
    if attrs.has(type(value)):
        fields = {f.name: getattr(value, f.name) for f in attrs.fields(type(value))}
        return [type(value).__name__, fields]
    match value:
        case bytes():
            return value.hex()
        case cabc.Mapping():
            return dict(value)
        case cabc.Set():
            return sorted(value)
        case enum.Enum():
            return value.name
        case _:
            return os.fspath(value)


def _object(value: typ.Any) -> dict[str, typ.Any]:
    """Return the facts of a value that are no defaults, with the name of its class."""
    kind: typ.Any = type(value)
    facts: dict[str, typ.Any] = {_CLASS: kind.__name__}
    for name, default in _fields(kind):
        fact = getattr(value, name)
        if fact is not default and fact != default:
            is_label = isinstance(fact, enum.StrEnum)
            facts[name] = (
                {_CLASS: type(fact).__name__, "value": fact} if is_label else fact
            )
    return facts


@functools.cache
def _fields(kind: type) -> tuple[tuple[str, object], ...]:
    return tuple(
        (field.name, field.default)
        for field in attrs.fields(kind)
        if field.name not in _NOT_KEPT
    )


def _value(facts: dict[str, typ.Any]) -> typ.Any:
    """Return the value that has these facts."""
    kind = _CLASSES[facts.pop(_CLASS)]
    for name, fact in facts.items():
        if type(fact) is list:
            facts[name] = tuple(fact)
    return kind(**facts)


def _secret(file: pathlib.Path) -> bytes | None:
    """Return the user's secret, which is made once."""
    with contextlib.suppress(FileNotFoundError):
        status = file.stat(follow_symlinks=False)
        secret = file.read_bytes()
        is_private = status.st_uid == os.geteuid() and not status.st_mode & 0o077
        if is_private and len(secret) == _SECRET_SIZE:
            return secret
    secret = secrets.token_bytes(_SECRET_SIZE)
    write_whole(file, secret)
    return secret
