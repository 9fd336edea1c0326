"""Holding a committed JSON report against what the audit says now."""

from __future__ import annotations

import collections.abc as cabc
import json
import typing as typ

from pytest_userstate.application.reporting.json_report import document
from pytest_userstate.application.reporting.line_difference import Line, difference
from pytest_userstate.application.run_record import RunRecord

_IGNORED: typ.Final = (("target", "server"), ("stubs",), ("documents",))


def compare(committed: str, record: RunRecord) -> tuple[str, ...]:
    """Return where the report differs, in more than what does not count.

    Raises
    ------
    ValueError
        When the committed text is not JSON.
    """
    return difference(_lines(json.loads(committed)), _lines(document(record)))


def _lines(value: object) -> list[Line]:
    return [Line(line, line) for line in _flat(value, ())]


def _flat(value: object, path: tuple[str, ...]) -> cabc.Iterator[str]:
    """Yield one line for each value that holds no others."""
    if path in _IGNORED or path[-2:] == ("source", "line"):
        return
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from _flat(value[key], (*path, key))
    elif isinstance(value, list) and value:
        for number, each in enumerate(value):
            name = each.get("id", number) if isinstance(each, dict) else number
            yield from _flat(each, (*path, f"[{name}]"))
    else:
        yield f"{'.'.join(path).replace('.[', '[')}: {json.dumps(value)}"
