"""An advisory, and how a repository silences it."""

from __future__ import annotations

import collections.abc as cabc
import fnmatch

import attrs

from pytest_userstate.domain.converters import strings
from pytest_userstate.domain.snapshot import Source


@attrs.frozen(kw_only=True)
class Advisory:
    """Something in the schema that is worth a second look.

    Parameters
    ----------
    code : str
        Which rule it comes from: ``US204``.
    subject : str
        The table (``public.users``) or column (``public.users.updated_at``).
    message : str
        What was found, why it matters, and what mends it.
    source : Source or None
        The migration that made the subject, where known.
    silenced : str or None
        The reason for which the repository has silenced it.
    """

    code: str
    subject: str
    message: str
    source: Source | None = None
    silenced: str | None = None


@attrs.frozen(kw_only=True)
class Silence:
    """Which advisories a repository does not want to hear, and why.

    Parameters
    ----------
    advisory : str
        The code.
    subject : str
        The subject, or a pattern of it, such as ``public.user_*``.
    reason : str
        Why they do not matter here.
    """

    advisory: str
    subject: str = "*"
    reason: str

    def covers(self, advisory: Advisory) -> bool:
        """Whether it is about the advisory."""
        return self.advisory == advisory.code and (
            self.subject == advisory.subject
            or fnmatch.fnmatchcase(advisory.subject, self.subject)
        )


@attrs.frozen(kw_only=True)
class Silenced:
    """The advisories, with the reasons of those that are silenced.

    Parameters
    ----------
    advisories : tuple of Advisory
        All of them, silenced or not.
    complaints : tuple of str
        About silences that silence nothing.
    """

    advisories: tuple[Advisory, ...]
    complaints: tuple[str, ...] = attrs.field(converter=strings)


def silence(
    advisories: cabc.Iterable[Advisory], silences: cabc.Iterable[Silence]
) -> Silenced:
    """Mark what is silenced; where several silences cover it, the first counts."""
    found, wanted = [*advisories], [*silences]
    return Silenced(
        advisories=tuple(_marked(each, wanted) for each in found),
        complaints=(
            _complaint(each, found)
            for each in wanted
            if not any(map(each.covers, found))
        ),
    )


def _marked(advisory: Advisory, silences: list[Silence]) -> Advisory:
    for each in silences:
        if each.covers(advisory):
            return attrs.evolve(advisory, silenced=each.reason)
    return advisory


def _complaint(unused: Silence, advisories: list[Advisory]) -> str:
    subjects = [each.subject for each in advisories if each.code == unused.advisory]
    about = f" at {unused.subject}" if unused.subject != "*" else ""
    found = f"it was found only at {', '.join(subjects)}"
    return (
        f"the [[silence]] entry of {unused.advisory}{about} silences nothing: "
        f"{found if subjects else 'it was not found anywhere'}; correct the entry, "
        f"or remove it ({unused.reason!r})"
    )
