"""Assertions about stale writes: of a program, and of the revision tokens it has."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.asserting.failures import Failure, detail, require
from pytest_userstate.domain.proof import Proof
from pytest_userstate.domain.stale_writes import StaleWriteProof, StaleWriteResult

__tracebackhide__ = True  # a failing test shows its own line, not ours

T = typ.TypeVar("T")
_STATUSES: typ.Final = {409, 412}
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
        When the first write is refused, when the second is not, or when what is
        stored changes otherwise than these answers say.

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
    status = getattr(answer, "status_code", getattr(answer, "status", None))
    rows = getattr(answer, "rowcount", answer)
    return status in _STATUSES or (isinstance(rows, int) and rows == 0)


def _fail(headline: str, answer: object) -> typ.NoReturn:
    details = (*detail("answer", repr(answer)), *detail("refusals are", _FORMS))
    raise AssertionError(str(Failure(headline=headline, details=details)))


def assert_stale_writes_are_caught(
    proof: Proof, *, token: str | None = None
) -> tuple[StaleWriteProof, ...]:
    """Assert that two writers cannot overwrite each other if they compare the token.

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
        When there is no such token, or a token is `unusable` or `inconclusive`.
    """
    chosen = [p for p in proof.stale_writes if token in {None, p.token.subject}]
    if not chosen:
        known = ", ".join(p.token.subject for p in proof.stale_writes) or "none"
        headline = f"no revision token {token or ''}".rstrip() + " was tried"
        require(Failure(headline=headline, details=detail("tried", known)))
    for stale in chosen:
        if stale.result in {StaleWriteResult.UNUSABLE, StaleWriteResult.INCONCLUSIVE}:
            headline = f"{stale.token.subject} is {stale.result}"
            require(Failure(headline=headline, details=detail("reason", stale.reason)))
    return tuple(chosen)
