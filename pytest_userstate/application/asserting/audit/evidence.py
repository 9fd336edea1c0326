"""Finding the fact that a check rests on."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import UNSPECIFIED, Unspecified
from pytest_userstate.application.asserting.audit.failures import background
from pytest_userstate.application.asserting.failure import Failure, detail
from pytest_userstate.application.explaining.nearest import nearest
from pytest_userstate.domain.check import Check
from pytest_userstate.domain.columns import Source
from pytest_userstate.domain.evidence import Evidence, EvidenceKind

Kind: typ.TypeAlias = (
    EvidenceKind
    | typ.Literal[
        "present", "absent", "contradiction", "declared", "dropped", "near_miss"
    ]
)
_PLACE: typ.Final = re.compile(r"(?P<path>.+?)(?::(?P<line>\d+))?")


def expected_evidence(
    check: Check,
    subject: str,
    *,
    kind: Kind,
    source: str | Unspecified = UNSPECIFIED,
    model: str | Unspecified = UNSPECIFIED,
) -> Evidence | Failure:
    """Return the fact of the check that is like this, or what facts there are."""
    wanted = arguments.sql(subject, "subject")
    word = EvidenceKind(arguments.choice(kind, "kind", map(str, EvidenceKind)))
    place = source if isinstance(source, Unspecified) else _place(source)
    if not isinstance(model, Unspecified):
        arguments.sql(model, "model")
    about = [
        fact
        for fact in check.evidence
        if fact.subject in {wanted, f"public.{wanted}"} and fact.kind is word
    ]
    fitting = [
        fact
        for fact in about
        if (isinstance(model, Unspecified) or fact.model == model)
        and (isinstance(place, Unspecified) or _is_from(fact.source, place))
    ]
    if fitting:
        return fitting[0]
    expected = f"{wanted}: {word}"
    if not isinstance(source, Unspecified):
        expected += f", by {source}"
    if not isinstance(model, Unspecified):
        expected += f", for model {model}"
    return Failure(
        headline=f"{check.id} has no such evidence",
        details=(
            *detail("expected", expected),
            *detail("found", _found(check, wanted)),
            *detail("nearest", _nearest(wanted, check.evidence)),
            *background(check),
        ),
    )


def _found(check: Check, subject: str) -> list[str]:
    names = {subject, f"public.{subject}"}
    found = [_in_words(fact) for fact in check.evidence if fact.subject in names]
    return found or [f"nothing about {subject}"]


def _in_words(fact: Evidence) -> str:
    by = f", by {fact.source}" if fact.source else ", by no file that is known"
    model = f", for model {fact.model}" if fact.model else ""
    return f"{fact.subject}: {fact.kind}{by}{model}"


def _nearest(subject: str, evidence: cabc.Iterable[Evidence]) -> tuple[str, ...]:
    subjects = {fact.subject for fact in evidence}
    if {subject, f"public.{subject}"} & subjects:
        return ()
    qualified = subject if "." in subject else f"public.{subject}"
    return nearest(qualified, sorted(subjects))


def _place(source: object) -> Source:
    match = _PLACE.fullmatch(arguments.sql(source, "source"))
    if match is None:
        message = f"source: {source!r} is neither a path nor path:line"
        raise ValueError(message)
    line = match["line"]
    return Source(match["path"], int(line) if line else None)


def _is_from(found: Source | None, wanted: Source) -> bool:
    if found is None or wanted.line not in {None, found.line}:
        return False
    parts = pathlib.PurePosixPath(wanted.path).parts
    return pathlib.PurePosixPath(found.path).parts[-len(parts) :] == parts
