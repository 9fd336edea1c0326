"""The program's source files: found, bounded, and read as text."""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import re
import typing as typ

import attrs

from pytest_userstate.outbound.migrations.finding.repository import ignored_among
from pytest_userstate.outbound.migrations.layout import label
from pytest_userstate.outbound.wiring.syntax.language import SUFFIXES, language_of

_LARGEST: typ.Final = 1024 * 1024  # bytes; what people write is smaller
EVERYWHERE: typ.Final = (".",)
_MOST_FILES: typ.Final = 20_000
_NOT_SOURCES = frozenset(
    {
        *("__pycache__", "bower_components", "build", "dist", "env", "htmlcov"),
        *("migrations", "node_modules", "obj", "out", "site-packages", "target"),
        *("third_party", "vendor", "venv"),
    }
)
_TESTS = re.compile(
    r"(?:.*[._-])?(?:[Tt]ests?|specs?)|.*[a-z0-9]Tests?|__tests__|__mocks__|benches"
    r"|e2e|testdata|testFixtures"
)
_MARKS: typ.Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


@attrs.frozen
class SourceText:
    """A source file that was read."""

    path: pathlib.Path
    relative_path: str
    text: str


@attrs.frozen
class SourceTree:
    """Where sources are looked for, without looking yet.

    Links are not followed, files above a size are not read, and neither are
    folders of tests, dependencies, products, and migrations, nor hidden ones.
    """

    base: pathlib.Path
    folders: tuple[str, ...]
    suffixes: frozenset[str] = SUFFIXES
    without: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Return the name of the place, for people."""
        names = [
            "the repository" if folder == "." else folder for folder in self.folders
        ]
        return ", ".join(names)

    def read(self, *, only: str | None = None) -> SourceTexts:
        """Read every source file, or only those of one name."""
        reading = SourceTexts()
        files = sorted({f for f in self._files() if only in {None, f.name}})
        for path in files[:_MOST_FILES]:
            reading.add(path, label(path, self.base))
        if len(files) > _MOST_FILES:
            reading.warnings.append(
                f"{self.words} holds more than {_MOST_FILES:,} source files, and only "
                "the first of them were read for the wiring: narrow it with `sources`"
            )
        return reading

    def without_ignored(self, texts: cabc.Sequence[SourceText]) -> list[SourceText]:
        """Return the files that git does not ignore.

        Git is only asked if the configuration does not give the sources.
        """
        if self.folders != EVERYWHERE:
            return [*texts]
        ignored = ignored_among([text.path for text in texts], self.base)
        return [text for text in texts if text.path not in ignored]

    def _files(self) -> cabc.Iterator[pathlib.Path]:
        for name in self.folders:
            place = self.base / name
            if not place.is_file():
                yield from self._walk(place)
            elif place.suffix in self.suffixes:
                yield place

    def _walk(self, folder: pathlib.Path) -> cabc.Iterator[pathlib.Path]:
        left_out = {os.fspath(self.base / name) for name in self.without}
        ahead = [os.fspath(folder)]
        while ahead:
            for entry in _entries(ahead.pop()):
                if not entry.is_dir(follow_symlinks=False):
                    if self._is_source(entry):
                        yield pathlib.Path(entry.path)
                elif _may_hold_sources(entry.name) and entry.path not in left_out:
                    ahead.append(entry.path)

    def _is_source(self, entry: os.DirEntry[str]) -> bool:
        suffix = pathlib.PurePath(entry.name).suffix
        return (
            suffix in self.suffixes
            and not _is_test(entry.name, suffix)
            and entry.is_file(follow_symlinks=False)
        )


def _is_test(name: str, suffix: str) -> bool:
    if suffix not in SUFFIXES:
        return False
    return bool(language_of(suffix).test_file.fullmatch(name))


def _may_hold_sources(folder: str) -> bool:
    return folder not in _NOT_SOURCES and not _TESTS.fullmatch(folder)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError:
        return []


class SourceTexts:
    """The texts of a tree, and what could not be read as it should."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self.texts: list[SourceText] = []
        self.warnings: list[str] = []

    def add(self, path: pathlib.Path, name: str) -> None:
        """Read a file; a warning says what is not UTF-8."""
        try:
            if path.stat().st_size > _LARGEST:
                self.warnings.append(
                    f"{name} has more than 1 MiB: such a source is taken for "
                    "generated, and was not read for the wiring"
                )
                return
            data = path.read_bytes()
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            self.warnings.append(f"{name} was not read for the wiring: {reason}")
            return
        self.texts.append(SourceText(path, name, self._decoded(data, name)))

    def _decoded(self, data: bytes, name: str) -> str:
        encoding = next((e for mark, e in _MARKS if data.startswith(mark)), "utf-8")
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            self.warnings.append(
                f"{name}:{line}: not UTF-8; it was read for the wiring all the "
                "same, with a placeholder for each other character"
            )
            return data.decode("utf-8", errors="replace")
