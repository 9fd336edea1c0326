"""The hooks that a repository can implement."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

if typ.TYPE_CHECKING:
    import pluggy
    import pytest

    from pytest_userstate.domain.stale_writes import ProgramWrite
    from pytest_userstate.domain.wiring import PortWiring


def pytest_userstate_wiring(
    config: pytest.Config,
) -> cabc.Iterable[PortWiring] | None:
    """Return what the program's own container holds, one value for each port.

    Implement it in the `conftest.py` at the root, or in a plugin. It is called
    once in an audited run, before anything is audited; under pytest-xdist on the
    controller.

    Parameters
    ----------
    config : pytest.Config
        The run's.
    """


def pytest_userstate_writes(
    config: pytest.Config,
) -> cabc.Iterable[ProgramWrite] | None:
    """Return the writes that the program executes, for `--userstate-prove` to try.

    Implement it in the `conftest.py` at the root, or in a plugin. It is called once,
    in the process that audits, or that first needs the fixture `userstate_proof`.

    Parameters
    ----------
    config : pytest.Config
        The run's.
    """


def asking(
    config: pytest.Config, hook: pluggy.HookCaller
) -> cabc.Callable[[], list[object]] | None:
    """Return how to ask every plugin and conftest; None if nobody answers."""
    if not hook.get_hookimpls():
        return None

    def ask() -> list[object]:
        # One value in place of several is meant as it is; its type is checked later.
        return [
            value
            for answer in hook(config=config)
            for value in (answer if isinstance(answer, cabc.Iterable) else [answer])
        ]

    return ask
