"""The user-state tables as a picture: boxes with columns, and lines for references.

Tables are in columns from left to right, each behind those that it refers to. A line
leaves a referring column to the left, and runs through the gutters between the columns
and, past others, above all tables; lines to the same table share their way.
"""

from __future__ import annotations

import collections.abc as cabc
import itertools
import math
import typing as typ
import unicodedata

import attrs

from pytest_userstate.application.reporting.markup import (
    Markup,
    element,
    joined,
    text,
)
from pytest_userstate.application.wording import visible
from pytest_userstate.domain.state_diagram import (
    StateColumn,
    StateDiagram,
    StateRelation,
    StateTable,
)

Place: typ.TypeAlias = tuple[str, str]

# In pixels.
_LETTER: typ.Final = 7.3
_ROW: typ.Final = 20
_PAD: typ.Final = 10
_LANE: typ.Final = 8
_GUTTER: typ.Final = 40
_GAP: typ.Final = 22
_FOOT: typ.Final = 9
_LOWEST: typ.Final = 360
_LONGEST: typ.Final = 34
"""How many letters of a name or type are shown; its title has all."""


@attrs.frozen(kw_only=True)
class _Box:
    """A table with its place in the picture."""

    table: StateTable
    cells: tuple[tuple[str, ...], ...]
    """For each column its keys, name, type, and what else there is to say."""
    widths: tuple[float, ...]
    width: float
    height: int
    stack: int = 0
    x: float = 0
    y: float = 0

    @property
    def place(self) -> Place:
        return self.table.schema, self.table.name

    @property
    def middle(self) -> float:
        """Where lines arrive: the middle of the heading."""
        return self.y + _ROW / 2

    def row(self, column: str) -> float:
        """Where the line of a column leaves."""
        names = [column.name for column in self.table.columns]
        number = names.index(column) + 1 if column in names else 0
        return self.y + _ROW * number + _ROW / 2


def svg(
    diagram: StateDiagram, classes: cabc.Callable[[cabc.Iterable[str]], str | None]
) -> Markup:
    """Return the picture.

    Parameters
    ----------
    diagram : StateDiagram
        The tables.
    classes : callable
        Returns the class of what belongs to some entities, by which it is filtered.
    """
    picture = _Picture.of(diagram)
    entities = {(table.schema, table.name): table.entities for table in diagram.tables}
    edges = [
        element(
            "g",
            *picture.line(relation),
            class_=f"edge {classes(entities[relation.schema, relation.table]) or ''}",
        )
        for relation in diagram.relations
    ]
    boxes = [_drawn(box, classes(box.table.entities)) for box in picture.boxes.values()]
    width, height = math.ceil(picture.width), math.ceil(picture.height)
    return element(
        "svg",
        element("title", text("The tables that hold user state, and their references")),
        *edges,
        *boxes,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
    )


def ends(relation: StateRelation) -> str:
    """Say what a reference allows, in words."""
    rows = "one row at most" if relation.is_single else "any number of rows"
    optional = ", can be null" if relation.is_optional and relation.is_certain else ""
    certain = "" if relation.is_certain else ", not enforced for every row"
    return f"{rows} for each{optional}{certain}"


def notes(column: StateColumn) -> list[str]:
    """Return what there is to say about a column beside its keys and its type."""
    said = ["revision"] if column.is_revision else []
    said += ["null"] if column.is_nullable else []
    said += [f"unique with {', '.join(names)}" for names in column.unique_with]
    return said


# Where everything is.


@attrs.frozen(kw_only=True)
class _Picture:
    """The places of all boxes, and the ways between them."""

    boxes: cabc.Mapping[Place, _Box]
    # For each gutter and target the place of its vertical way.
    lanes: cabc.Mapping[tuple[int, Place], float]
    # For each target the height of its way above all tables.
    tops: cabc.Mapping[Place, float]
    width: float
    height: float

    @classmethod
    def of(cls, diagram: StateDiagram) -> _Picture:
        stacks = _stacks(diagram)
        number = {
            box.place: index for index, stack in enumerate(stacks) for box in stack
        }
        ways: dict[int, dict[Place, None]] = {}
        over: dict[Place, None] = {}
        for relation in diagram.relations:
            target = (relation.target_schema, relation.target_table)
            leaving, arriving = _gutters(
                number[relation.schema, relation.table], number[target]
            )
            for gutter in (leaving, arriving):
                ways.setdefault(gutter, {})[target] = None
            if leaving != arriving:
                over[target] = None
        top = float(len(over) * _LANE + _PAD)
        boxes: dict[Place, _Box] = {}
        lanes: dict[tuple[int, Place], float] = {}
        x, bottom = float(_PAD), top
        for index in range(-1, len(stacks)):
            stack = stacks[index] if index >= 0 else []
            width = max((box.width for box in stack), default=0.0)
            y = top
            for box in stack:
                boxes[box.place] = attrs.evolve(box, stack=index, x=x, y=y, width=width)
                y += box.height + _GAP
                bottom = max(bottom, y - _GAP)
            x += width
            targets = [*ways.get(index, ())]
            if targets or (stack and index + 1 < len(stacks)):
                lanes |= {
                    (index, target): x + _GUTTER / 2 + lane * _LANE
                    for lane, target in enumerate(targets)
                }
                x += _GUTTER + max(0, len(targets) - 1) * _LANE
        tops = {target: _PAD / 2 + lane * _LANE for lane, target in enumerate(over)}
        return cls(
            boxes=boxes, lanes=lanes, tops=tops, width=x + _PAD, height=bottom + _PAD
        )

    def line(self, relation: StateRelation) -> cabc.Iterator[Markup]:
        """Yield the line of a reference, and its two ends."""
        source = self.boxes[relation.schema, relation.table]
        target = self.boxes[relation.target_schema, relation.target_table]
        leaving, arriving = _gutters(source.stack, target.stack)
        start, out = _edge(source, leaving)
        end, into = _edge(target, arriving)
        y = source.row(relation.columns[0] if relation.columns else "")
        way = [f"M{start:g} {y:g}", f"H{self.lanes[leaving, target.place]:g}"]
        if leaving != arriving:
            way += [f"V{self.tops[target.place]:g}"]
            way += [f"H{self.lanes[arriving, target.place]:g}"]
        way += [f"V{target.middle:g}", f"H{end:g}"]
        yield element("title", text(_said(relation)))
        certain = None if relation.is_certain else "uncertain"
        yield element("path", d=" ".join(way), class_=certain)
        foot = start + out * _FOOT
        if relation.is_single:
            shape = f"M{foot:g} {y - 5:g} V{y + 5:g}"
        else:
            shape = f"M{start:g} {y - 5:g} L{foot:g} {y:g} L{start:g} {y + 5:g}"
        yield element("path", d=shape)
        tip = end + into * _FOOT
        arrow = f"M{tip:g} {target.middle - 4:g} L{end:g} {target.middle:g}"
        yield element(
            "path", d=f"{arrow} L{tip:g} {target.middle + 4:g} Z", class_="tip"
        )


def _gutters(source: int, target: int) -> tuple[int, int]:
    """Return the gutters through which a line leaves and arrives.

    A gutter has the number of the column of tables to its left.
    """
    if source > target:
        return source - 1, target
    return source, target if source == target else target - 1


def _edge(box: _Box, gutter: int) -> tuple[float, int]:
    """Return the side of a box at a gutter, and the direction away from it."""
    return (box.x + box.width, 1) if gutter == box.stack else (box.x, -1)


def _stacks(diagram: StateDiagram) -> list[list[_Box]]:
    """Return the columns of tables, none much higher than the picture is wide."""
    boxes = {(table.schema, table.name): _box(table) for table in diagram.tables}
    area = sum((box.width + _GUTTER) * (box.height + _GAP) for box in boxes.values())
    limit = max([_LOWEST, math.sqrt(area), *(box.height for box in boxes.values())])
    stacks: list[list[_Box]] = []
    for layer in _layers(diagram):
        stacks.append([])
        height = 0
        for place in layer:
            box = boxes[place]
            if stacks[-1] and height + box.height > limit:
                stacks.append([])
                height = 0
            stacks[-1].append(box)
            height += box.height + _GAP
    return stacks


def _layers(diagram: StateDiagram) -> list[list[Place]]:
    """Return the tables in layers, each behind those that its tables refer to."""
    targets: dict[Place, dict[Place, None]] = {
        (table.schema, table.name): {} for table in diagram.tables
    }
    for relation in diagram.relations:
        source = (relation.schema, relation.table)
        target = (relation.target_schema, relation.target_table)
        if source != target:
            targets[source][target] = None
    referrers = {
        place: sum(place in others for others in targets.values()) for place in targets
    }
    left = dict(targets)
    layers: list[list[Place]] = []
    position: dict[Place, int] = {}
    while left:
        layer = [place for place in left if left.keys().isdisjoint(left[place])]
        # Tables that refer to each other in a circle: the most wanted one comes first.
        layer = layer or [max(left, key=referrers.__getitem__)]
        layer.sort(
            key=lambda place: (
                [position.get(target, -1) for target in targets[place]][:1],
                referrers[place],
            )
        )
        for place in layer:
            position[place] = len(position)
            del left[place]
        layers.append(layer)
    return layers


# Boxes.


def _box(table: StateTable) -> _Box:
    cells = tuple(
        (
            " ".join(role.value for role in column.roles),
            _short(column.name),
            _short(column.data_type),
            ", ".join(notes(column)[:2]),
        )
        for column in table.columns
    )
    rows = itertools.zip_longest(*cells, fillvalue="")
    widths = tuple(
        max(map(_length, column)) * _LETTER if any(column) else 0.0 for column in rows
    )
    used = [width for width in widths if width]
    inner = sum(used) + _PAD * max(0, len(used) - 1)
    heading = _length(_short(table.qualified_name)) * _LETTER * 1.06
    return _Box(
        table=table,
        cells=cells,
        widths=widths,
        width=math.ceil(max(inner, heading) + 2 * _PAD),
        height=_ROW * (len(cells) + 1),
    )


def _drawn(box: _Box, belongs: str | None) -> Markup:
    kind = "table" if box.table.holds_state else "table referred"
    rows = [
        joined(_row(box, number, column))
        for number, column in enumerate(box.table.columns, 1)
    ]
    name = box.table.qualified_name
    outline = {"x": box.x, "y": box.y, "width": box.width}
    return element(
        "g",
        element("title", text(name)),
        element("rect", **outline, height=box.height, class_="box", rx=3),
        element("rect", **outline, height=_ROW, class_="head", rx=3),
        element(
            "text", text(_short(name)), x=box.x + _PAD, y=box.y + 14, class_="name"
        ),
        *rows,
        class_=f"{kind} {belongs or ''}",
    )


def _row(box: _Box, number: int, column: StateColumn) -> cabc.Iterator[Markup]:
    """Yield the cells of a column; a revision is marked by its ground and a word."""
    y = box.y + _ROW * number
    if column.is_revision:
        yield element(
            "rect",
            x=box.x + 1,
            y=y + 1,
            width=box.width - 2,
            height=_ROW - 2,
            class_="revision",
        )
    x = box.x + _PAD
    styles = ("key", "column", "type", "note")
    cells = box.cells[number - 1]
    whole = (None, column.name, column.data_type, "; ".join(notes(column)))
    for style, shown, width, full in zip(styles, cells, box.widths, whole, strict=True):
        if shown:
            title = [element("title", text(full))] if full and full != shown else []
            yield element(
                "text", *title, text(shown), x=f"{x:g}", y=y + 14, class_=style
            )
        x += width + _PAD if width else 0


def _said(relation: StateRelation) -> str:
    source = f"{relation.schema}.{relation.table} ({', '.join(relation.columns)})"
    target = f"{relation.target_schema}.{relation.target_table}"
    return f"{source} refers to {target}: {ends(relation)}"


def _short(name: str) -> str:
    shown = visible(name)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _length(shown: str) -> int:
    """Return how many letters wide a text is; those of East Asia take two."""
    return sum(
        2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in shown
    )
