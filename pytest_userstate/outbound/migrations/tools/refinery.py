"""The layout of refinery: ``V<version>__<name>.sql``, in any folder below.

The rules are those of refinery 0.9 (``refinery_core/src/util.rs``, ``runner.rs``,
``traits/mod.rs`` and ``drivers/postgres.rs``).
"""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import re

import attrs

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.layout import (
    Confidence,
    LayoutDefaults,
    Manifest,
    label,
    listing,
    read_sql,
    visible,
)
from pytest_userstate.outbound.migrations.options import NO_OPTIONS, Options
from pytest_userstate.outbound.migrations.plan import Batch, Migration, Plan
from pytest_userstate.outbound.migrations.tools.files import (
    left_out_programs,
    refuse_duplicates,
)

_TABLE = "refinery_schema_history"
_NAME = re.compile(r"([UV|])(\d+(?:\.\d+)?)__(\w+)\.(sql|rs)")
# Names that Flyway knows and refinery leaves out.
_FLYWAYS = re.compile(r"R__.+\.sql|[VBU]\d+(?:[._]\d+)*__.*\W.*\.sql|B\d+__.+\.sql")
_CRATE = r"""^\s*["']?refinery["']?\s*(?:=|\.)|\.refinery\]"""
_MANIFEST = "Cargo.toml"
_OF_THE_JVM = ("pom.xml", "build.gradle", "build.gradle.kts")
_RESOURCES = "/src/main/resources/"
_LONG_VERSIONS = re.compile(r"\bint8-versions\b")
_SMALL, _LARGE = 2**31 - 1, 2**63 - 1
_PREPARE = f"""\
CREATE TABLE IF NOT EXISTS {_TABLE} (
    version {{integer}} PRIMARY KEY,
    name varchar(255),
    applied_on varchar(255),
    checksum varchar(255)
)"""
_RECORD = f"""\
INSERT INTO {_TABLE} (version, name, applied_on, checksum) VALUES ($1, $2,
    to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '0')"""  # noqa: S608 - constant
_ADVICE = (
    "refinery runs each file in a transaction and has no way out of it: a statement"
    " such as CREATE INDEX CONCURRENTLY cannot be a migration of refinery's."
)


class RefineryLayout(LayoutDefaults):
    """The layout of refinery."""

    name = "refinery"
    expects = "files named V<version>__<name>.sql or U<version>__<name>.sql"
    manifests = (Manifest(_MANIFEST, _CRATE),)

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Whether files are named so, as those of Flyway may be, too."""
        names = [entry.name for entry in _here_and_below(path)]
        if not any(map(_NAME.fullmatch, names)):
            return Confidence.NONE
        is_flyways = any(map(_FLYWAYS.fullmatch, names))
        if is_flyways or _is_of_the_jvm(path):
            return Confidence.POSSIBLE
        return Confidence.CERTAIN

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read all files, sorted by version."""
        del options  # there are none
        has_long_versions = _has_long_versions(path)
        largest = _LARGE if has_long_versions else _SMALL
        entries = [*_entries(path, base)]
        programs = [entry for entry in entries if entry.name.endswith(".rs")]
        files = [
            _File.of(entry, base, largest) for entry in entries if entry not in programs
        ]
        files.sort(key=lambda file: file.version)
        migrations = tuple(file.read() for file in files)
        refuse_duplicates(
            migrations,
            "refinery",
            outcome=f"would stop at the second, since {_TABLE} holds a version once",
        )
        return Plan(
            layout=self.name,
            migrations=migrations,
            prepare=_PREPARE.format(integer="int8" if has_long_versions else "int4"),
            bookkeeping_tables=frozenset({_TABLE}),
            tolerates_commit=True,
            advice_on_transactions=_ADVICE,
            warnings=(
                *left_out_programs(
                    [label(entry.path, base) for entry in programs], "the audit"
                ),
                *_warnings(path, base),
            ),
        )


@attrs.frozen
class _File:
    """A migration file, and what its name says."""

    entry: os.DirEntry[str]
    path: str
    version: int
    name: str

    @classmethod
    def of(cls, entry: os.DirEntry[str], base: pathlib.Path, largest: int) -> _File:
        """Read the name as refinery does, or refuse as it does."""
        path = label(entry.path, base)
        match = _NAME.fullmatch(entry.name)
        kind, number, name, _ = match.groups() if match else ("", "", "", "")
        if kind == "|" or not (number.isascii() and number.isdigit()):
            raise _not_a_version(path, kind, number)
        if int(number) > largest:
            raise _too_large(path, number)
        return cls(entry, path, int(number), name)

    def read(self) -> Migration:
        """Read the text, and what refinery writes down about it.

        The row is written in a transaction of its own, after that of the file.
        """
        sql = read_sql(self.entry.path, self.path, strips_byte_order_mark=False)
        version = str(self.version)
        return Migration(
            version=version,
            path=self.path,
            batches=(Batch(sql=sql),),
            after=((_RECORD, (version, self.name)),),
        )


def _entries(
    folder: pathlib.Path, base: pathlib.Path
) -> cabc.Iterator[os.DirEntry[str]]:
    """Return the files that are named as migrations, also in hidden folders.

    Links to files count, links to folders do not.
    """
    for entry in listing(folder, label(folder, base)):
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(pathlib.Path(entry.path), base)
        elif not entry.is_dir() and _NAME.fullmatch(entry.name):
            yield entry


def _here_and_below(folder: pathlib.Path) -> cabc.Iterator[os.DirEntry[str]]:
    for entry in visible(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from visible(pathlib.Path(entry.path))
        else:
            yield entry


def _warnings(folder: pathlib.Path, base: pathlib.Path) -> cabc.Iterator[str]:
    """Say which SQL files are left out."""
    for entry in visible(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _warnings(pathlib.Path(entry.path), base)
        elif entry.name.endswith(".sql") and not _NAME.fullmatch(entry.name):
            yield (
                f"{label(entry.path, base)} is left out, as refinery leaves it out: it"
                " is not named V<version>__<name>.sql."
            )


def _has_long_versions(folder: pathlib.Path) -> bool:
    """Whether the nearest manifest asks for versions of 64 bits."""
    for place in folder.absolute().parents:
        try:
            text = (place / _MANIFEST).read_text("utf-8", errors="replace")
        except OSError:
            continue
        if re.search(_CRATE, text, re.MULTILINE):
            return _LONG_VERSIONS.search(text) is not None
    return False


def _is_of_the_jvm(folder: pathlib.Path) -> bool:
    """Whether a folder is one of a project of Java or the like, by its path or build.

    refinery is a library of Rust, and names its files as Flyway does.
    """
    place = folder.absolute()
    if _RESOURCES in f"{place.as_posix()}/":
        return True
    for above in (place, *place.parents):
        has_build_file = any((above / name).is_file() for name in _OF_THE_JVM)
        if has_build_file or (above / _MANIFEST).is_file():
            return has_build_file and not (above / _MANIFEST).is_file()
    return False


def _not_a_version(path: str, kind: str, number: str) -> MigrationError:
    message = (
        f"{path}: {kind}{number} is no version.\nrefinery takes integers: V1, V2, …, or"
        " U1, U2, … for a file that may be applied\nafter later ones. Rename the file."
    )
    return MigrationError(message, path=path)


def _too_large(path: str, number: str) -> MigrationError:
    message = (
        f"{path}: the version {number} does not fit into an integer of 32 bits, and"
        " refinery\nrefuses it. Its feature int8-versions allows larger ones; no"
        f" {_MANIFEST} above the\nfolder names refinery with that feature."
    )
    return MigrationError(message, path=path)


LAYOUT = RefineryLayout()
