"""Who the users are: the tables of persons who sign in, and what belongs to them."""

from __future__ import annotations

import functools
import typing as typ

import attrs

from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.recognition import lexicon, weights
from pytest_userstate.domain.recognition.columns import Kind, Parts, is_owner, role
from pytest_userstate.domain.recognition.result import Reason
from pytest_userstate.domain.recognition.structure import (
    Place,
    Sketch,
    Structure,
)
from pytest_userstate.domain.recognition.words import words

_PERSONS: typ.Final = lexicon.PERSON | lexicon.PERSON_PERHAPS
_MODULES: typ.Final = lexicon.MODULE | lexicon.PERSON
_PERSON_NOUNS: typ.Final = frozenset((word,) for word in lexicon.PERSON)


_ELSEWHERE: typ.Final = lexicon.PERSON_OUTSIDE | (
    (lexicon.PASSWORD_OF_OTHERS | lexicon.PROVIDER | lexicon.PROVIDER_NAMES)
    - lexicon.MODULE
)
"""First words of tables of persons who are those of another program."""


@attrs.frozen(kw_only=True, eq=False)
class People:
    """A table of persons, what it weighs, and what speaks for it."""

    sketch: Sketch
    weight: int
    reasons: tuple[Reason, ...]
    noun: Parts
    references: int
    is_aside: bool
    has_secret: bool

    @property
    def place(self) -> Place:
        """Where the table is."""
        return self.sketch.place

    @property
    def is_enough(self) -> bool:
        """Whether enough speaks for it."""
        return self.weight >= weights.ENOUGH_FOR_USERS


@attrs.frozen(kw_only=True, eq=False, slots=False)
class Population:
    """The tables of persons, best first, and the tables that extend them."""

    structure: Structure
    people: tuple[People, ...]
    outside: frozenset[Place]
    """Tables of persons that the schema refers to and does not have."""

    @property
    def users(self) -> People | None:
        """The users' table."""
        return next((each for each in self.people[:1] if each.is_enough), None)

    @functools.cached_property
    def persons(self) -> dict[Place, People]:
        """The tables of persons for which enough speaks, by place."""
        return {each.place: each for each in self.people if each.is_enough}

    @functools.cached_property
    def parents(self) -> frozenset[Place]:
        """The tables of persons of whom some are users (`users.person_id`)."""
        if self.users is None:
            return frozenset()
        known = self.structure.by_place
        return frozenset(
            place
            for place in self.users.sketch.references.values()
            if place not in self.persons
            and (parent := known.get(place)) is not None
            and len(parent.core) == 1
            and parent.head in lexicon.PERSON_BEHIND
        )

    @functools.cached_property
    def owners(self) -> frozenset[Place]:
        """The tables of which one row is one person, or a part of one."""
        owners = frozenset({*self.persons, *self.parents, *self.outside})
        parts = (
            sketch.place
            for sketch in self.structure.sketches
            if sketch.place not in owners
            and sketch.pointers
            and any(
                len(key) == 1 and self._extends(sketch, name, owners)
                for key in sketch.keys
                for name in key
            )
        )
        return owners.union(parts)

    def _extends(self, sketch: Sketch, column: str, owners: frozenset[Place]) -> bool:
        """Whether a key makes a row a part of a person, and not what one owns."""
        is_called_so = role(column).noun in self.nouns or column in sketch.keys[0]
        return is_called_so and self._leads(sketch, column, owners)

    @functools.cached_property
    def nouns(self) -> frozenset[Parts]:
        """The nouns by which columns name a person."""
        nouns = {
            noun
            for person in self.persons.values()
            if not person.is_aside
            for noun in (person.noun, person.sketch.words)
        }
        return _PERSON_NOUNS.union(nouns) if nouns or self.outside else frozenset()

    @functools.cached_property
    def _owned(self) -> dict[Place, list[Column]]:
        return {
            sketch.place: [
                column
                for column in sketch.pointers
                if self._leads(sketch, column.name, self.owners)
            ]
            for sketch in self.structure.sketches
        }

    def owner_columns(self, sketch: Sketch) -> list[Column]:
        """Return the columns by which a row belongs to one person."""
        return self._owned[sketch.place]

    def spoken_columns(self, sketch: Sketch) -> list[Column]:
        """Return the columns that name a person by a mail address or a name."""
        return [
            column
            for column in sketch.of(Kind.MAIL, Kind.LOGIN_NAME, Kind.NAME)
            if column.name not in sketch.references
            and (parts := words(column.name))
            and (
                parts in lexicon.SPOKEN_PHRASES
                or (parts[-1] in lexicon.SPOKEN_KEY and parts[:-1] in self.nouns)
            )
        ]

    def is_row_per_user(self, sketch: Sketch) -> bool:
        """Whether the keys allow one row for each person and no more."""
        owners = {column.name for column in self.owner_columns(sketch)}
        return any(key <= owners for key in sketch.keys)

    def _leads(self, sketch: Sketch, column: str, owners: frozenset[Place]) -> bool:
        said = role(column)
        if said.is_actor:
            return False
        if column in sketch.references:
            return sketch.references[column] in owners
        return said.noun in self.nouns


def population(structure: Structure) -> Population:
    """Weigh every table that may hold persons."""
    drafts = [
        draft
        for sketch in structure.sketches
        if (draft := _draft(sketch, structure)) is not None
    ]
    hub = max(
        (draft for draft in drafts if draft.references),
        key=lambda draft: (draft.references, draft.weight, draft.place),
        default=None,
    )
    people = sorted(
        (_weighed(draft, hub) for draft in drafts),
        key=lambda each: (-each.weight, each.place),
    )
    outside = frozenset(
        place
        for place in structure.references
        if place not in structure.by_place
        and not lexicon.PERSON.isdisjoint(words(place[1])[-1:])
    )
    return Population(structure=structure, people=tuple(people), outside=outside)


def _draft(sketch: Sketch, structure: Structure) -> People | None:
    """Weigh a table by its own words and columns; None for one without persons."""
    name = _person_name(sketch, structure)
    signs = sketch.of(Kind.MAIL, Kind.LOGIN_NAME)
    is_signed_in = _is_signed_in(sketch, structure)
    if name is None:
        if not (is_signed_in and signs):
            return None
        name = 0, sketch.core, False
    weight, noun, is_aside = name
    secrets = sketch.texts(Kind.SECRET)
    is_like_a_person = weight or (signs and (secrets or is_signed_in))
    if not is_like_a_person or sketch.joins:
        return None
    is_person = weight >= weights.PERSON_BEHIND_A_WORD
    if not is_person and _is_part_of_persons(sketch, structure):
        return None
    facts = sketch.of(Kind.SIGN_IN)
    links = sketch.links()
    if not is_person and not secrets and not is_signed_in:
        lets_in = (facts and signs) or links
        if not lexicon.NEEDS_A_SECRET.isdisjoint(noun) or not lets_in:
            return None
    reasons: list[Reason] = []
    if weight:
        fact = f"{' '.join(noun)!r} is a word for a person"
        reasons.append(Reason(subject=sketch.table.qualified_name, fact=fact))
    if is_aside:
        weight += weights.ASIDE
    if is_signed_in:
        weight += weights.SIGNED_IN
        fact = "a table of credentials refers to it"
        reasons.append(Reason(subject=sketch.table.qualified_name, fact=fact))
    for columns, gain, fact in (
        (secrets, weights.SECRET_COLUMN, "a password or its hash"),
        (signs, weights.SIGNS_IN, "somebody signs in by it"),
        (facts, weights.SIGN_IN_FACTS, "it matters for who signs in"),
        (sketch.of(Kind.GIVEN, Kind.PICTURE), weights.DESCRIBES, "it is a person's"),
        (links, weights.LINKED, "an account at an identity provider"),
    ):
        weight += gain if columns else 0
        reasons += sketch.reasons(columns[:1], fact)
    return People(
        sketch=sketch,
        weight=weight,
        reasons=tuple(reasons),
        noun=noun,
        references=_references(sketch, noun, structure, is_person=is_person),
        is_aside=is_aside,
        has_secret=bool(secrets),
    )


def _is_signed_in(sketch: Sketch, structure: Structure) -> bool:
    """Whether a table of credentials belongs to it."""
    places, nouns = structure.signed_in
    return sketch.place in places or sketch.core in nouns or sketch.words in nouns


def _is_part_of_persons(sketch: Sketch, structure: Structure) -> bool:
    """Whether it refers to a table that is called after persons, as links do."""
    return any(
        (target := structure.by_place.get(place)) is not None
        and target is not sketch
        and target.head in lexicon.PERSON
        for place in sketch.references.values()
    )


def _references(
    sketch: Sketch, noun: Parts, structure: Structure, *, is_person: bool
) -> int:
    """Count the tables that refer to this one, by their keys or else their words."""
    count = structure.references.get(sketch.place, 0)
    if count:
        return count
    nouns = {noun, sketch.core}
    if is_person and not any(
        other != sketch.core and other in structure.by_noun for other in _PERSON_NOUNS
    ):
        nouns |= _PERSON_NOUNS
    return sum(structure.mentions[noun] for noun in nouns)


def _person_name(
    sketch: Sketch, structure: Structure
) -> tuple[int, Parts, bool] | None:
    """Return what the name weighs, its noun, and if it means operators.

    None is for a name that says that the table holds no users.
    """
    base = sketch.core
    while len(base) > 1 and base[-1] in lexicon.PERSON_SUFFIX and base[-2] in _PERSONS:
        base = base[:-1]
    # Beside `users`, a table `user_data` is a part of them.
    is_part = base != sketch.core and base in structure.by_noun
    if is_part or not base or _is_bystander(base):
        return None
    first, noun = base[0], base[-1]
    is_aside = first in lexicon.PERSON_ASIDE
    if len(base) == 1:
        return _weight_of_noun(noun), base, is_aside
    if noun in lexicon.PERSON:
        return _persons_behind(base, sketch, structure)
    if noun in lexicon.PERSON_PERHAPS and _MODULES.issuperset(base[:-1]):
        return weights.PERSON_PERHAPS_TABLE, (noun,), is_aside
    opens_other = not lexicon.PASSWORD_OF_OTHERS.isdisjoint(base)
    is_elsewhere = first in lexicon.PERSON_OUTSIDE or (first,) in structure.by_noun
    if opens_other or is_elsewhere:
        return None
    is_described = noun in lexicon.PERSON_PERHAPS and sketch.of(Kind.GIVEN)
    return weights.PERSON_PERHAPS_TABLE if is_described else 0, base, is_aside


def _persons_behind(
    base: Parts, sketch: Sketch, structure: Structure
) -> tuple[int, Parts, bool] | None:
    """Return what a word for persons weighs behind other words.

    `team_users` are the members of teams if they refer to a user, and the users of
    the teams if they do not.
    """
    first = base[0]
    is_named = (first,) in structure.by_noun or not sketch.of(
        Kind.MAIL, Kind.LOGIN_NAME, Kind.SECRET
    )
    is_member = is_named and any(
        is_owner(column.name) and {column.name} not in sketch.keys[:1]
        for column in sketch.pointers
    )
    is_list = first in _ELSEWHERE or not lexicon.BYSTANDER.isdisjoint(base)
    if is_list or is_member:
        return None
    is_aside = first in lexicon.PERSON_ASIDE
    if len(base) > 2:
        return weights.PERSON_BEHIND_WORDS, base[-1:], is_aside
    return weights.PERSON_BEHIND_A_WORD, base[-1:], is_aside


def _is_bystander(base: Parts) -> bool:
    """Whether a name says something about persons, and not the persons.

    The last word decides in some languages, and the first one in others.
    """
    if len(base) == 1 and base[0] in _PERSONS:
        return False
    return base[-1] in lexicon.BYSTANDER or base[0] in lexicon.PREFERENCE | lexicon.MARK


def _weight_of_noun(noun: str) -> int:
    if noun in lexicon.PERSON:
        return weights.PERSON_TABLE
    return weights.PERSON_PERHAPS_TABLE if noun in lexicon.PERSON_PERHAPS else 0


def _weighed(draft: People, hub: People | None) -> People:
    """Add what the keys of the schema say."""
    weight, reasons = draft.weight, [*draft.reasons]
    if draft.references:
        weight += weights.REFERRED_TO
        some = "1 table refers" if draft.references == 1 else (
            f"{draft.references} tables refer"
        )  # fmt: skip
        subject = draft.sketch.table.qualified_name
        reasons.append(Reason(subject=subject, fact=f"{some} to it"))
    if draft is hub:
        weight += weights.HUB
    elif _is_part_of(draft, hub):
        weight += weights.PART_OF_ANOTHER
    return attrs.evolve(draft, weight=weight, reasons=tuple(reasons))


def _is_part_of(draft: People, hub: People | None) -> bool:
    """Whether a table adds to the persons of another; one with the secret does not."""
    if hub is None or (draft.has_secret and not hub.has_secret):
        return False
    return hub.place in draft.sketch.references.values()
