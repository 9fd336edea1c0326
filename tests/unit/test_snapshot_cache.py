"""The schema that is kept between runs: what it holds, and when it is not believed."""

from __future__ import annotations

import os
import pathlib
import tempfile

import attrs
import hypothesis
import pytest

from pytest_userstate import Column, SchemaSnapshot, Table
from pytest_userstate.application.settings import PostgresSettings
from pytest_userstate.domain.access import (
    Access,
    Grant,
    ObjectAccess,
    Role,
    Securable,
)
from pytest_userstate.domain.snapshot import DroppedObject, Source
from pytest_userstate.outbound import snapshot_cache
from pytest_userstate.outbound.migrations.finding.discovery import Target, locate
from pytest_userstate.outbound.postgres import cluster
from pytest_userstate.outbound.postgres.binaries import Binaries
from pytest_userstate.outbound.snapshot_cache import (
    CachedDatabase,
    SnapshotCache,
    is_repeatable,
    key_of,
)
from tests.helpers.full_snapshots import full_snapshots

SECRET = b"s" * 32
SOURCE = Source("migrations/1.sql", 3)
SNAPSHOT = SchemaSnapshot(
    [
        Table(
            "users",
            [Column("id", "uuid", source=SOURCE, changed_by=Source("2.sql"))],
            source=SOURCE,
        )
    ],
    dropped=[DroppedObject(schema="public", table="old", source=SOURCE)],
    access=Access(
        objects=[
            ObjectAccess(
                kind=Securable.TABLE,
                schema="public",
                name="users",
                owner="app",
                grants=[Grant("public", "select", is_grantable=True)],
            )
        ],
        roles=[Role("app", is_superuser=True)],
    ),
    search_path=["app", "public"],
)
DATABASE = CachedDatabase(
    snapshot=SNAPSHOT, server_version="18.6", applied=2, warnings=("careful",)
)


@pytest.fixture
def cache(tmp_path: pathlib.Path) -> SnapshotCache:
    """Return a cache in an empty folder."""
    folder = tmp_path / "userstate"
    folder.mkdir()
    return SnapshotCache(folder, SECRET)


def test_everything_is_kept(cache: SnapshotCache) -> None:
    """What takes no part in equality, too: sources, what was dropped, owners."""
    cache.keep("key", DATABASE)
    found = cache.find("key")
    assert found == DATABASE
    assert attrs.asdict(found) == attrs.asdict(DATABASE)
    [kept] = found.snapshot.access.objects if found.snapshot.access else ()
    assert kept.kind is Securable.TABLE
    assert found.scratch is None


@hypothesis.settings(max_examples=20)
@hypothesis.given(full_snapshots)
def test_any_snapshot_is_kept_as_it_is(snapshot: SchemaSnapshot) -> None:
    """Every fact that a snapshot can have comes back with its own type."""
    database = attrs.evolve(DATABASE, snapshot=snapshot)
    with tempfile.TemporaryDirectory() as folder:
        cache = SnapshotCache(pathlib.Path(folder), SECRET)
        cache.keep("key", database)
        found = cache.find("key")
    assert found is not None
    assert repr(attrs.asdict(found)) == repr(attrs.asdict(database))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content.replace(b"users", b"admin"),
        lambda _: b"",
        lambda _: b"\n",
        lambda content: content.partition(b"\n")[2],
    ],
    ids=["cut", "half", "changed", "empty", "blank", "unsigned"],
)
def test_a_damaged_entry_is_no_entry(cache: SnapshotCache, damage) -> None:  # noqa: ANN001
    """What does not have the signature of its content is ignored."""
    cache.keep("key", DATABASE)
    [file] = cache.folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert cache.find("key") is None
    cache.keep("key", DATABASE)
    assert cache.find("key") == DATABASE


def test_what_is_no_file_is_no_entry(cache: SnapshotCache) -> None:
    """A pipe is not waited for, and a device is not read to its end."""
    os.mkfifo(cache.folder / "pipe.json")
    (cache.folder / "device.json").symlink_to("/dev/zero")
    (cache.folder / "dangling.json").symlink_to("nothing")
    (cache.folder / "folder.json").mkdir()
    for key in ("pipe", "device", "dangling", "folder"):
        assert cache.find(key) is None
        cache.keep(key, DATABASE)
        assert cache.find(key) == (None if key == "folder" else DATABASE)


def test_an_entry_counts_for_its_key_and_its_user_only(cache: SnapshotCache) -> None:
    """A renamed entry, and one that somebody else has signed, are ignored."""
    cache.keep("key", DATABASE)
    (cache.folder / "other.json").write_bytes((cache.folder / "key.json").read_bytes())
    assert cache.find("other") is None
    assert attrs.evolve(cache, secret=b"t" * 32).find("key") is None


def test_what_cannot_be_written_is_not_kept(
    cache: SnapshotCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is no reason to fail, and leaves nothing behind."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(snapshot_cache.os, "fdopen", full)
    cache.keep("key", DATABASE)
    assert not [*cache.folder.iterdir()]
    attrs.evolve(cache, folder=cache.folder / "gone").keep("key", DATABASE)


def test_old_entries_go(cache: SnapshotCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest ones stay, and what a killed run left half-written goes with them."""
    monkeypatch.setattr(snapshot_cache, "_MOST_ENTRIES", 8)
    for number in range(12):
        name = f"{number}.json" if number else "new-abc"
        (cache.folder / name).touch()
        os.utime(cache.folder / name, (number, number))
    cache.keep("key", DATABASE)
    kept = sorted(file.name for file in cache.folder.iterdir())
    assert kept == sorted(["key.json", *(f"{number}.json" for number in range(5, 12))])


def test_the_secret_is_made_once_and_is_private(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that others can read or that is cut short is made anew."""
    file = tmp_path / "secret"
    first = snapshot_cache._secret(file)
    assert first is not None
    assert snapshot_cache._secret(file) == first
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    second = snapshot_cache._secret(file)
    assert second != first
    file.write_bytes(b"short")
    assert snapshot_cache._secret(file) not in {first, second}
    monkeypatch.setattr(cluster, "open_cache", lambda _: None)
    assert SnapshotCache.open(tmp_path) is None


@pytest.fixture
def binaries(tmp_path: pathlib.Path) -> Binaries:
    """Return an installation that is nothing but an empty program."""
    programs = tmp_path / "pg/bin"
    programs.mkdir(parents=True)
    (programs / "postgres").touch()
    (tmp_path / "pg/share/extension").mkdir(parents=True)
    return Binaries(bin_dir=programs, origin="a test")


def test_what_a_superuser_runs_may_depend_on_anything(tmp_path: pathlib.Path) -> None:
    """A superuser's SQL can read files, and a program can do whatever it likes."""
    (tmp_path / "1.sql").write_text("SELECT 1;")
    plan = locate(root=tmp_path, base=tmp_path, path=str(tmp_path)).plan
    assert is_repeatable(plan, PostgresSettings())
    assert not is_repeatable(plan, PostgresSettings(superuser=True))
    assert not is_repeatable(plan, PostgresSettings(setup="setup.sql"))
    assert not is_repeatable(object(), PostgresSettings())


def test_the_key_changes_with_whatever_the_schema_depends_on(
    tmp_path: pathlib.Path, binaries: Binaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts, names, order, settings, server, extensions, this package, and the day."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "1.sql").write_text("CREATE TABLE a ();")
    (folder / "2.sql").write_text("CREATE TABLE b ();")

    def target() -> Target:
        return locate(root=tmp_path, base=tmp_path, path=str(folder))

    def key(*how: object) -> str:
        return key_of(target(), binaries, *how)

    keys = [key(), key("setup"), key(60.0)]
    assert key() == keys[0]
    (folder / "2.sql").write_text("CREATE TABLE c ();")
    keys.append(key())
    (folder / "2.sql").rename(folder / "0.sql")
    keys.append(key())
    os.utime(binaries.postgres, (1, 1))
    keys.append(key())
    os.utime(binaries.bin_dir.parent / "share/extension", (1, 1))
    keys.append(key())
    monkeypatch.setattr(snapshot_cache, "_package", list)
    keys.append(key())

    class Tomorrow(snapshot_cache.dt.datetime):
        """The day after today."""

        @classmethod
        def now(cls, zone: object = None) -> Tomorrow:
            """Return a moment of it."""
            return cls(9999, 12, 31, tzinfo=zone)

    monkeypatch.setattr(snapshot_cache.dt, "datetime", Tomorrow)
    keys.append(key())
    assert len(set(keys)) == len(keys)
