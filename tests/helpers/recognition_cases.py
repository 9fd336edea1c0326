"""The schemas of `recognition_cases.txt`, and what a reader finds in each."""

from __future__ import annotations

import pathlib
import typing as typ

ENTITIES: typ.Final = ("login", "users", "profile", "interests")


class Case(typ.NamedTuple):
    """A schema in short notation, and the accepted tables of each entity."""

    schema: str
    accepted: dict[str, list[str]]


def _cases() -> typ.Iterator[tuple[str, Case]]:
    text = pathlib.Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
    for section in text.split("\n== ")[1:]:
        name, _, body = section.partition("\n")
        schema, _, answers = body.partition("\n\n")
        lines = (line.partition(": ") for line in answers.split("\n") if line)
        accepted = {entity: tables.split() for entity, _, tables in lines}
        yield name, Case(schema, accepted)


CASES: typ.Final = dict(_cases())
