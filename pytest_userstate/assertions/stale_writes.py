"""Assertions about stale writes: of a program, and of the revision tokens it has."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.asserting.failures import Failure, detail, require
from pytest_userstate.domain.proof import FactProof, FactResult, Proof
from pytest_userstate.domain.stale_writes import StaleWriteProof, StaleWriteResult

__tracebackhide__ = True  # a failing test shows its own line, not ours

T = typ.TypeVar("T")
_STATUSES: typ.Final = {409, 412}
_ERRORS: typ.Final = 400
_FORMS: typ.Final = (
    "an HTTP answer with the status 409 or 412, a cursor whose rowcount is 0, 0 rows, "
    "False, or an exception of a class in `raises`"
)


def assert_stale_write_is_refused(
    first: cabc.Callable[[], object],
    second: cabc.Callable[[], T],
    *,
    raises: type[Exception] | tuple[type[Exception], ...] = (),
    refused: cabc.Callable[[T], bool] | None = None,
    state: cabc.Callable[[], object] | None = None,
) -> T | Exception:
    """Assert that the second of two writes by the same revision is refused.

    Parameters
    ----------
    first, second : callable
        The two writes of the program, each ready with the revision that was read
        before either of them: a request with an ``ETag``, a call, a statement. What
        they raise fails the test, unless it is in `raises`.
    raises : exception class or tuple of them
        What the program raises to refuse a write.
    refused : callable, optional
        Says of a write's result whether the write was refused. Without it, these
        count: an HTTP status (an attribute ``status_code`` or ``status``) of 409 or
        412, a ``rowcount`` of 0, the number 0, and False.
    state : callable, optional
        Returns what is stored. If given, the first write has to change it, and the
        second must not: a program can answer 409 and write all the same.

    Returns
    -------
    object
        The result of the second write, or what it raised.

    Raises
    ------
    AssertionError
        When the first write is refused or fails, when the second is not refused, or
        when what is stored changes otherwise than these answers say.

    Examples
    --------
    >>> settings = {"theme": "light", "revision": 1}
    >>> def save(theme, revision):
    ...     if settings["revision"] != revision:
    ...         return False
    ...     settings.update(theme=theme, revision=revision + 1)
    ...     return True
    >>> assert_stale_write_is_refused(
    ...     lambda: save("dark", 1), lambda: save("blue", 1), state=settings.copy
    ... )
    False
    """
    before = state() if state else None
    answer, was_refused = _answer(first, raises, refused)
    if was_refused:
        _fail("the first write is refused, although nobody wrote before it", answer)
    if _status(answer) >= _ERRORS:
        _fail("the first write fails", answer)
    between = state() if state else None
    if state and between == before:
        _fail("the first write changes nothing", answer)
    result, was_refused = _answer(second, raises, refused)
    if not was_refused:
        _fail("the second write is not refused: it is a stale one", result)
    if state and state() != between:
        _fail("the second write is refused, but what is stored has changed", result)
    return typ.cast("T | Exception", result)


def _answer(
    write: cabc.Callable[[], object],
    raises: type[Exception] | tuple[type[Exception], ...],
    refused: cabc.Callable[[typ.Any], bool] | None,
) -> tuple[object, bool]:
    """Return the result of a write or what it raised, and whether it was refused."""
    try:
        answer = write()
    except raises as error:
        return error, True
    return answer, (refused or _is_refusal)(answer)


def _is_refusal(answer: object) -> bool:
    rows = getattr(answer, "rowcount", answer)
    return _status(answer) in _STATUSES or (isinstance(rows, int) and rows == 0)


def _status(answer: object) -> int:
    """Return the status of an HTTP answer; 0 if it is something else."""
    status = getattr(answer, "status_code", getattr(answer, "status", 0))
    return status if isinstance(status, int) else 0


def _fail(headline: str, answer: object) -> typ.NoReturn:
    details = (*detail("answer", repr(answer)), *detail("refusals are", _FORMS))
    raise AssertionError(str(Failure(headline=headline, details=details)))


def assert_stale_writes_are_caught(
    proof: Proof, *, token: str | None = None
) -> tuple[StaleWriteProof, ...]:
    """Assert that two writers who compare the token cannot overwrite each other.

    The writes of the program that go by the token have to be refused as well.

    Parameters
    ----------
    proof : Proof
        What the fixture `userstate_proof` gives.
    token : str, optional
        One token, such as ``public.user_preferences.revision``; all if it is left out.

    Returns
    -------
    tuple of StaleWriteProof
        What was proved of each.

    Raises
    ------
    AssertionError
        When there is no such token, or when a token or a write is `unusable` or
        `inconclusive`.
    """
    tried = (*proof.stale_writes, *proof.program_writes)
    chosen = [p for p in tried if token in {None, p.token.subject}]
    if not chosen:
        known = ", ".join(p.token.subject for p in proof.stale_writes) or "none"
        headline = f"no revision token {token or ''}".rstrip() + " was tried"
        require(Failure(headline=headline, details=detail("tried", known)))
    for stale in chosen:
        if stale.result in {StaleWriteResult.UNUSABLE, StaleWriteResult.INCONCLUSIVE}:
            headline = f"{stale.write or stale.token.subject} is {stale.result}"
            steps = [str(event) for one in stale.shown[:1] for event in one.events]
            details = [*detail("reason", stale.reason)]
            details += detail("tried", "; ".join(steps)) if steps else []
            require(Failure(headline=headline, details=tuple(details)))
    return tuple(chosen)


def assert_facts_are_proved(
    proof: Proof, *, check: str | None = None
) -> tuple[FactProof, ...]:
    """Assert that verdicts depend on every fact that they give as evidence.

    Parameters
    ----------
    proof : Proof
        What the fixture `userstate_proof` gives.
    check : str, optional
        The id of one check, such as ``users.schema``; all if it is left out.

    Returns
    -------
    tuple of FactProof
        What was proved of each fact.

    Raises
    ------
    AssertionError
        When the check rests on no fact, or a fact was not proved.
    """
    chosen = [fact for fact in proof.facts if check in {None, fact.check}]
    if not chosen:
        known = ", ".join(dict.fromkeys(fact.check for fact in proof.facts)) or "none"
        headline = f"no fact of {check or 'a closed check'} was tried"
        require(Failure(headline=headline, details=detail("tried", known)))
    wrong = [fact for fact in chosen if fact.result is not FactResult.PROVED]
    if wrong:
        headline = f"{len(wrong)} of {len(chosen)} facts were not proved"
        details = (line for fact in wrong for line in detail("fact", str(fact)))
        require(Failure(headline=headline, details=tuple(details)))
    return tuple(chosen)
