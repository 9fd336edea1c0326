"""The picture of the user-state tables: nothing overlaps, and lines arrive."""

from __future__ import annotations

import collections.abc as cabc
import itertools
import re
import typing as typ
import xml.etree.ElementTree as ET

import pytest

from pytest_userstate.application.reporting.svg import svg
from pytest_userstate.domain.state_diagram import (
    StateColumn,
    StateDiagram,
    StateRelation,
    StateTable,
)

Box: typ.TypeAlias = tuple[float, float, float, float]


def table(name: str, columns: int = 3) -> StateTable:
    """Return a table with a number of columns, and a key to refer with."""
    names = ["id", "other_id", *(f"c{number}" for number in range(columns))]
    return StateTable(
        schema="public",
        name=name,
        holds_state=True,
        columns=[
            StateColumn(name=column, data_type="uuid", is_nullable=False)
            for column in names
        ],
    )


def reference(source: str, target: str, **facts: bool) -> StateRelation:
    """Return a foreign key from a table to another one."""
    usual = {"is_optional": False, "is_single": False, "is_identifying": False}
    return StateRelation(
        name="fk",
        schema="public",
        table=source,
        target_schema="public",
        target_table=target,
        columns=["other_id"],
        **{**usual, "is_certain": True, **facts},
    )


def drawn(names: cabc.Iterable[str], *pairs: tuple[str, str]) -> ET.Element:
    """Return the picture of some tables and references, of which it has to be true."""
    diagram = StateDiagram(
        tables=[table(name, len(name) % 7) for name in names],
        relations=[reference(*pair) for pair in pairs],
    )
    picture = ET.fromstring(svg(diagram, lambda _: None))  # noqa: S314 - our own
    check(picture, len(diagram.relations))
    return picture


def boxes(picture: ET.Element) -> list[Box]:
    """Return where the tables are: left, top, right, bottom."""
    places = []
    for rect in picture.iter("rect"):
        if rect.get("class") == "box":
            x, y, width, height = (
                float(rect.get(name) or "") for name in ("x", "y", "width", "height")
            )
            places.append((x, y, x + width, y + height))
    return places


def points(path: str) -> list[tuple[float, float]]:
    """Return the corners of a line that goes straight across, up, or down."""
    x = y = 0.0
    corners = []
    for letter, numbers in re.findall(r"([MHV])([-\d. ]+)", path):
        values = [float(number) for number in numbers.split()]
        x = values[0] if letter in "MH" else x
        y = values[-1] if letter in "MV" else y
        corners.append((x, y))
    return corners


def check(picture: ET.Element, relations: int) -> None:
    """Expect tables apart from each other, and lines from table to table."""
    places = boxes(picture)
    for one, other in itertools.combinations(places, 2):
        assert (
            one[2] < other[0]
            or other[2] < one[0]
            or one[3] < other[1]
            or other[3] < one[1]
        )
    width, height = float(picture.get("width", "")), float(picture.get("height", ""))
    assert all(x > 0 and y > 0 for x, y, *_ in places)
    assert all(right < width and bottom < height for *_, right, bottom in places)
    lines = [
        points(edge.findall("path")[0].get("d", ""))
        for edge in picture.findall("g")
        if (edge.get("class") or "").startswith("edge")
    ]
    assert len(lines) == relations
    for line in lines:
        for x, y in (line[0], line[-1]):
            assert any(x in {b[0], b[2]} and b[1] < y < b[3] for b in places)
        for (x1, y1), (x2, y2) in itertools.pairwise(line):
            assert min(x1, x2) >= 0
            assert max(x1, x2) <= width
            for left, top, right, bottom in places:
                crosses = max(x1, x2) > left and min(x1, x2) < right
                assert not (crosses and max(y1, y2) > top and min(y1, y2) < bottom)


NAMES = [f"t{'x' * (number % 9)}{number}" for number in range(40)]


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (["a"], []),
        (["a", "b"], [("b", "a")]),
        (["a"], [("a", "a")]),
        (["a", "b"], [("a", "b"), ("b", "a")]),
        (["a", "b", "c"], [("a", "b"), ("b", "c"), ("c", "a"), ("c", "c")]),
        (["a", "b", "c"], [("b", "a"), ("c", "b"), ("c", "a")]),
        (NAMES, []),
        (NAMES, [(name, NAMES[7]) for name in NAMES]),
        (NAMES, [*itertools.pairwise(NAMES)]),
        (NAMES, [*itertools.pairwise([*NAMES, NAMES[0]])]),
        (NAMES, [*itertools.permutations(NAMES[:6], 2)]),
    ],
    ids=[
        "one", "two", "itself", "each other", "circle", "over another",
        "forty", "star", "chain", "large circle", "all to all",
    ],
)  # fmt: skip
def test_nothing_overlaps(names: list[str], pairs: list[tuple[str, str]]) -> None:
    """No table covers another one, and no line crosses a table."""
    drawn(names, *pairs)


def test_a_table_is_behind_those_that_it_refers_to() -> None:
    """From left to right."""
    picture = drawn(["a", "b", "c"], ("a", "b"), ("b", "c"))
    left = {
        group.findtext("title"): float(group.find("rect").get("x"))  # type: ignore[union-attr,arg-type]
        for group in picture.findall("g")
        if (group.get("class") or "").startswith("table")
    }
    assert left["public.c"] < left["public.b"] < left["public.a"]


def test_what_a_line_means_can_be_seen_and_read() -> None:
    """A bar in place of a fork, dashes, and a title."""
    relations = [reference("b", "a"), reference("b", "a", is_single=True)]
    relations += [reference("b", "a", is_certain=False, is_optional=True)]
    diagram = StateDiagram(tables=[table("a"), table("b")], relations=relations)
    picture = ET.fromstring(svg(diagram, lambda _: None))  # noqa: S314 - our own
    many, single, uncertain = picture.findall("g")[:3]
    shapes = [edge.findall("path")[1].get("d", "") for edge in (many, single)]
    assert "L" in shapes[0]
    assert "L" not in shapes[1]
    classes = [edge.findall("path")[0].get("class") for edge in (many, uncertain)]
    assert classes == [None, "uncertain"]
    titles = [edge.findtext("title") for edge in (many, single, uncertain)]
    start = "public.b (other_id) refers to public.a: "
    assert titles == [
        f"{start}any number of rows for each",
        f"{start}one row at most for each",
        f"{start}any number of rows for each, not enforced for every row",
    ]
