"""The hooks that a repository can implement."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

if typ.TYPE_CHECKING:
    import pytest

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


def asking_for_wiring(
    config: pytest.Config,
) -> cabc.Callable[[], list[object]] | None:
    """Return how to ask every plugin and conftest; None where nobody answers."""
    hook = config.hook.pytest_userstate_wiring
    if not hook.get_hookimpls():
        return None

    def ask() -> list[object]:
        # One value in place of several is taken as meant; what it is, is checked later.
        return [
            value
            for answer in hook(config=config)
            for value in (answer if isinstance(answer, cabc.Iterable) else [answer])
        ]

    return ask
