"""Which runs start a server before anything else, and what is spared meanwhile."""

from __future__ import annotations

import argparse
import gc
import typing as typ

import pytest

from pytest_userstate.inbound.garbage import undisturbed
from pytest_userstate.inbound.options import is_certain_to_need_server

if typ.TYPE_CHECKING:
    import collections.abc as cabc


def options(**changes: object) -> argparse.Namespace:
    """Return the options of an audited run with these changed."""
    plain = {"userstate_audit": True, "userstate_dsn": None, "collectonly": False}
    return argparse.Namespace(**plain | changes)


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test not be one of a worker's, where it runs in one."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)


@pytest.mark.parametrize(
    "changes",
    [{}, {"dist": "no"}, {"numprocesses": 0}, {"numprocesses": None, "tx": []}],
)
def test_a_plain_audit_needs_a_server(changes: dict[str, object]) -> None:
    """Whether or not pytest-xdist is installed."""
    assert is_certain_to_need_server(options(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"userstate_audit": False},
        {"userstate_dsn": "env:URL"},
        {"collectonly": True},
        {"help": True},
        {"version": 1},
        {"markers": True},
        {"showfixtures": True},
        {"numprocesses": 2},
        {"dist": "load"},
        {"tx": ["popen"]},
    ],
    ids=str,
)
def test_others_do_not(changes: dict[str, object]) -> None:
    """Nothing runs, nothing is migrated, or somebody else does it."""
    assert not is_certain_to_need_server(options(**changes))


def test_workers_wait_until_they_need_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first of them does."""
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    assert not is_certain_to_need_server(options())


@pytest.fixture
def thawed() -> cabc.Iterator[None]:
    """Start without frozen objects, and leave none."""
    gc.unfreeze()
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.usefixtures("thawed")
class TestUndisturbed:
    """The garbage collector during imports, and afterwards."""

    def test_it_rests_meanwhile(self) -> None:
        """It comes back afterwards, also after an error."""
        seen = []

        def fail() -> None:
            seen.append(gc.isenabled())
            raise RuntimeError

        with pytest.raises(RuntimeError), undisturbed():
            fail()
        assert seen == [False]
        assert gc.isenabled()

    def test_one_that_is_off_stays_off(self) -> None:
        """Who switched it off may have a reason."""
        gc.disable()
        with undisturbed():
            pass
        assert not gc.isenabled()

    def test_what_is_there_is_left_out_from_then_on(self) -> None:
        """What comes later is not."""
        with undisturbed():
            early: list[object] = []
        late: list[object] = []
        looked_at = {id(each) for each in gc.get_objects()}
        assert id(early) not in looked_at
        assert id(late) in looked_at

    def test_a_second_run_in_one_process_leaves_out_no_more(self) -> None:
        """Or else what the first one made would never go."""
        with undisturbed():
            pass
        between: list[object] = []
        with undisturbed():
            pass
        assert id(between) in {id(each) for each in gc.get_objects()}
