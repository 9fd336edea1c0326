"""Committed reports, and whether they still say what the audit says."""

from __future__ import annotations

import collections.abc as cabc
import difflib
import json
import pathlib
import posixpath
import re
import typing as typ

import attrs

from pytest_userstate.application.reporting.json_report import document
from pytest_userstate.application.reporting.markdown import (
    Links,
    counting,
    links_at,
    marked,
    plain,
    shape,
)
from pytest_userstate.application.run_record import (
    DocumentCheck,
    DocumentStatus,
    RunRecord,
)
from pytest_userstate.application.wording import written_out
from pytest_userstate.domain.errors import ToolError
from pytest_userstate.domain.ports import ReportStore
from pytest_userstate.domain.snapshot import Source

_Answer: typ.TypeAlias = tuple[DocumentStatus, str, tuple[str, ...]]
_PARTIAL: typ.Final = (
    "was not compared, since the audit is partial: let every check run (no -k, -m, "
    "--deselect, --lf, -x, and no node ids)"
)
_IGNORED: typ.Final = (
    ("version",),
    ("target", "server"),
    ("stubs",),
    ("documents",),
)
"""What does not count in a JSON report, nor do the lines of sources."""
_MOST: typ.Final = 30
_WIDEST: typ.Final = 200


def check_document(
    record: RunRecord, path: str, store: ReportStore, *, command: str = ""
) -> DocumentCheck:
    """Compare the committed report at the path with the audit; write nothing.

    `command` is what writes it anew.
    """
    place = store.place(path)
    name = place.file if place else pathlib.PurePath(path).name
    status, message, difference = _compare(record, path, store)
    remedy = ""
    if command and status not in {DocumentStatus.CURRENT, DocumentStatus.NOT_COMPARED}:
        verb = "write" if status is DocumentStatus.MISSING else "renew"
        remedy = f"{verb} it with: {command}"
    return DocumentCheck(
        path=name,
        status=status,
        message=f"{name} {message}",
        difference=difference,
        remedy=remedy,
        source=Source(posixpath.relpath(place.file, place.audited)) if place else None,
    )


def _compare(record: RunRecord, path: str, store: ReportStore) -> _Answer:
    if not record.audits:
        message = "was not compared, since there is no audit to compare it with"
        return DocumentStatus.NOT_COMPARED, message, ()
    if not record.is_complete:
        return DocumentStatus.NOT_COMPARED, _PARTIAL, ()
    try:
        committed = store.read(path)
    except ToolError as error:
        return DocumentStatus.UNREADABLE, f"was not compared: {error}", ()
    if committed is None:
        message = "does not exist, so it cannot say what the audit says"
        return DocumentStatus.MISSING, message, ()
    return _compared(record, path, committed, store)


def _compared(
    record: RunRecord, path: str, committed: str, store: ReportStore
) -> _Answer:
    try:
        if pathlib.PurePath(path).suffix == ".md":
            difference = _pages_differ(committed, record, links_at(store.place(path)))
        else:
            difference = _values_differ(committed, record)
    except (ValueError, RecursionError) as error:
        return DocumentStatus.UNREADABLE, f"is not JSON: {error}", ()
    if difference:
        message = "no longer says what the audit says"
        return DocumentStatus.OUTDATED, message, difference
    return DocumentStatus.CURRENT, "says what the audit says", ()


@attrs.frozen
class _Line:
    """A line of a text: what it is compared by, and how it is shown."""

    key: str
    text: str
    section: str = ""


def _values_differ(committed: str, record: RunRecord) -> tuple[str, ...]:
    """Return where a JSON report differs, in more than what does not count."""

    def lines(value: object) -> list[_Line]:
        return [_Line(line, line) for line in _flat(value, ())]

    return _difference(lines(json.loads(committed)), lines(document(record)))


def _flat(value: object, path: tuple[str, ...]) -> cabc.Iterator[str]:
    """Yield one line for each value that holds no others."""
    own = path
    while own[:1] == ("targets",):
        own = own[2:]
    if own in _IGNORED or path[-2:] == ("source", "line"):
        return
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from _flat(value[key], (*path, key))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            key = "name" if path[-1:] == ("targets",) else "id"
            name = item.get(key, number) if isinstance(item, dict) else number
            yield from _flat(item, (*path, f"[{name}]"))
    else:
        yield f"{'.'.join(path).replace('.[', '[')}: {json.dumps(value)}"


def _pages_differ(committed: str, record: RunRecord, links: Links) -> tuple[str, ...]:
    """Return where a page differs, in more than what does not count."""
    current = marked(record, links).rstrip("\n").split("\n")
    old = committed.replace("\r\n", "\n").rstrip("\n").split("\n")
    keys = {plain(line): counting(line) for line in current}
    shapes = {counting(line): shape(line) for line in current if plain(line) != line}
    return _difference(
        _with_sections(old, lambda line: keys.get(line) or _key(line, shapes)),
        _with_sections(map(plain, current), keys.__getitem__),
    )


def _key(line: str, shapes: cabc.Mapping[str, re.Pattern[str]]) -> str:
    """Return the key of the line that this one is, but for what does not count."""
    keys = (key for key, pattern in shapes.items() if pattern.fullmatch(line))
    return next(keys, line)


def _with_sections(
    lines: cabc.Iterable[str], key: cabc.Callable[[str], str]
) -> list[_Line]:
    """Return the lines, each with the heading above it."""
    sectioned, section = [], ""
    for line in lines:
        if re.match(r"#{1,4} ", line):
            section = line
        sectioned.append(_Line(key(line), line, section))
    return sectioned


def _difference(
    committed: cabc.Sequence[_Line], current: cabc.Sequence[_Line]
) -> tuple[str, ...]:
    """Return the lines that only one side has, under their sections.

    Nothing if all keys agree; at most a few dozen lines, and how many more there are.
    """
    old, new = ([line.key for line in side] for side in (committed, current))
    if old == new:
        return ()
    changed = [
        (sign, line)
        for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new).get_opcodes()
        if tag != "equal"
        for sign, lines in (("-", committed[a:b]), ("+", current[c:d]))
        for line in lines
        if line.text
    ]
    if not changed:
        return ("only empty lines differ",)
    lines: list[str] = []
    section = None
    for sign, line in changed[:_MOST]:
        if line.section != section:
            section = line.section
            lines += [section] if section else []
        lines.append(f"{sign} {_short(line.text)}")
    left = len(changed) - _MOST
    return (*lines, f"… and {left} more lines") if left > 0 else tuple(lines)


def _short(text: str) -> str:
    """Return text that a terminal can show: not endless, and nothing invisible."""
    return written_out(text if len(text) <= _WIDEST else f"{text[:_WIDEST]}…")
