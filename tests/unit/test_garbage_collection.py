"""What the garbage collector is spared while an audited run begins."""

from __future__ import annotations

import gc
import typing as typ

import pytest

from pytest_userstate.plugin import _garbage_collection_paused as paused

if typ.TYPE_CHECKING:
    import collections.abc as cabc


@pytest.fixture
def thawed() -> cabc.Iterator[None]:
    """Start without frozen objects, and leave none."""
    gc.unfreeze()
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.usefixtures("thawed")
class TestGarbageCollection:
    """The garbage collector during imports, and afterwards."""

    def test_it_rests_meanwhile(self) -> None:
        """It comes back afterwards, also after an error."""
        seen = []

        def fail() -> None:
            seen.append(gc.isenabled())
            raise RuntimeError

        with pytest.raises(RuntimeError), paused():
            fail()
        assert seen == [False]
        assert gc.isenabled()

    def test_one_that_is_off_stays_off(self) -> None:
        """Who switched it off may have a reason."""
        gc.disable()
        with paused():
            pass
        assert not gc.isenabled()

    def test_what_is_there_is_left_out_from_then_on(self) -> None:
        """What comes later is not."""
        with paused():
            early: list[object] = []
        late: list[object] = []
        looked_at = {id(each) for each in gc.get_objects()}
        assert id(early) not in looked_at
        assert id(late) in looked_at

    def test_a_second_run_in_one_process_leaves_out_no_more(self) -> None:
        """Or else what the first one made would never go."""
        with paused():
            pass
        between: list[object] = []
        with paused():
            pass
        assert id(between) in {id(each) for each in gc.get_objects()}
