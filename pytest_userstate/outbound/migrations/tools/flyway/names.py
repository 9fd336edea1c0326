"""What Flyway reads from the name of a file (``ResourceNameParser.java``)."""

from __future__ import annotations

import collections.abc as cabc
import enum
import re

import attrs

# Of these, `migrate` runs the first set; the others belong to other commands, or
# come with each connection or statement.
CALLBACKS_OF_MIGRATE = (
    "beforeMigrate",
    "beforeEachMigrate",
    "afterEachMigrate",
    "afterVersioned",
    "beforeRepeatables",
    "afterMigrateApplied",
    "afterMigrate",
)
OTHER_CALLBACKS = (
    *("beforeClean", "afterClean", "afterCleanError", "createSchema"),
    *("beforeCreateSchema", "beforeConnect", "afterConnect", "beforeUndo"),
    *("beforeEachUndo", "afterEachUndo", "afterUndo", "beforeValidate"),
    *("afterValidate", "beforeBaseline", "afterBaseline", "beforeRepair"),
    *("afterRepair", "beforeInfo", "afterInfo", "afterMigrateError"),
    *("beforeEachMigrateStatement", "afterEachMigrateStatement"),
)
_PART = re.compile(r"[+-]?[0-9]+")
_DOT = re.compile(r"\.(?=[0-9])")

Version = tuple[int, ...]


class Kind(enum.Enum):
    """What a file is for Flyway."""

    VERSIONED = "versioned"
    REPEATABLE = "repeatable"
    BASELINE = "baseline"
    UNDO = "undo"
    CALLBACK = "callback"


@attrs.frozen
class Prefixes:
    """How names of each kind start, and what stands in them."""

    versioned: str = "V"
    repeatable: str = "R"
    baseline: str = "B"
    undo: str = "U"
    separator: str = "__"
    suffixes: tuple[str, ...] = (".sql",)


@attrs.frozen
class Name:
    """What a name says.

    Parameters
    ----------
    kind : Kind
        What the file is.
    prefix : str
        What tells so; for a callback its event.
    version : str
        As Flyway writes it, with dots; empty where the kind has none.
    description : str
        With blanks for underscores.
    fault : str
        Why Flyway ignores the file, if it does.
    """

    kind: Kind
    prefix: str
    version: str = ""
    description: str = ""
    fault: str = ""

    @property
    def order(self) -> Version:
        """The parts of the version as numbers, without zeros at the end."""
        return parts(self.version) or (0,)

    @classmethod
    def of(cls, name: str, prefixes: Prefixes) -> Name | None:
        """Read a name; None where it is none of Flyway's at all."""
        stem = _without_suffix(name, prefixes.suffixes)
        kinds = list(_kinds(prefixes))
        match = next(
            (each for each in kinds if stem and stem.startswith(each[0])), None
        )
        if stem is None or match is None:
            return None
        prefix, kind = match
        version, _, description = stem.removeprefix(prefix).partition(
            prefixes.separator
        )
        return cls(
            kind,
            prefix,
            version.replace("_", "."),
            description.replace("_", " "),
            _fault(kind, version),
        )


def parts(version: str) -> Version | None:
    """Return a version's numbers, trailing zeros left out; None if it has others."""
    texts = _DOT.split(version.replace("_", "."))
    if not all(map(_PART.fullmatch, texts)):
        return None
    numbers = [int(text) for text in texts]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _kinds(prefixes: Prefixes) -> cabc.Iterable[tuple[str, Kind]]:
    """Return the beginnings of names, the longest first, since it counts."""
    events = (*CALLBACKS_OF_MIGRATE, *OTHER_CALLBACKS)
    kinds = [
        *((event, Kind.CALLBACK) for event in events),
        (prefixes.versioned, Kind.VERSIONED),
        (prefixes.repeatable, Kind.REPEATABLE),
        (prefixes.baseline, Kind.BASELINE),
        (prefixes.undo, Kind.UNDO),
    ]
    return sorted(kinds, key=lambda each: -len(each[0]))


def _without_suffix(name: str, suffixes: cabc.Iterable[str]) -> str | None:
    for suffix in suffixes:
        if name.upper().endswith(suffix.upper()):
            return name[: len(name) - len(suffix)]
    return None


def _fault(kind: Kind, version: str) -> str:
    match kind:
        case Kind.REPEATABLE | Kind.CALLBACK:
            return "it has a version where none is allowed" if version else ""
        case Kind.VERSIONED | Kind.BASELINE | Kind.UNDO:
            if not version:
                return "it has no version"
            return "" if parts(version) else f"{version!r} is no version"
