"""Steps for pytest-bdd: ready without any import where pytest-bdd is active.

pytest-bdd sees three steps, which cost nearly nothing; what they can say stands in
the modules beside this one, loaded when a scenario first says `user-state`. A step
of a repository's own with the same text takes the place of ours.
"""

from __future__ import annotations

import typing as typ

import pytest
from pytest_bdd import given, then, when

from pytest_userstate.steps.phrasebook import Phrasebook, Said, perform

if typ.TYPE_CHECKING:
    from pytest_userstate.application.audit import Prepared
    from pytest_userstate.domain.wiring import Wiring
    from pytest_userstate.steps.scenario import UserStateScenario
    from pytest_userstate.steps.tables import DataTable


@given(Phrasebook("given", modules=["given"]))
@when(Phrasebook("when", modules=["when"]))
@then(Phrasebook("then", modules=["then_audit", "then_schema"]))
def user_state_step(
    request: pytest.FixtureRequest,
    said: Said,
    datatable: DataTable = (),
    docstring: str = "",
) -> None:
    """Do what a step says."""
    __tracebackhide__ = True
    perform(said, request, datatable=datatable, docstring=docstring)


@pytest.fixture
def userstate_scenario(
    userstate_prepared: Prepared, userstate_wiring: Wiring
) -> UserStateScenario:
    """Keep what the user-state steps of a scenario share: its report, above all."""
    from pytest_userstate.steps.scenario import (  # noqa: PLC0415 - costs time
        UserStateScenario,
    )

    return UserStateScenario(userstate_prepared.settings.model, userstate_wiring)
