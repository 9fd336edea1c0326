"""Steps for pytest-bdd: ready without any import if pytest-bdd is active.

pytest-bdd sees three steps, which cost nearly nothing; what they can say is in the
modules beside this one, loaded when a scenario first says `user-state`. A step of a
repository's own with the same text takes precedence.
"""

from __future__ import annotations

import os
import typing as typ

import pytest
from pytest_bdd import given, then, when

from pytest_userstate.steps.phrases import (
    PLACE,
    Match,
    PhraseParser,
    UserStateScenario,
    perform,
)

if typ.TYPE_CHECKING:
    from pytest_bdd.parser import Feature, Step

    from pytest_userstate.domain.model import AuditModel
    from pytest_userstate.domain.wiring import Wiring
    from pytest_userstate.steps.phrases import DataTable

__tracebackhide__ = True  # a failing scenario shows its own step, not ours


def pytest_bdd_before_step(
    request: pytest.FixtureRequest, feature: Feature, step: Step
) -> None:
    """Remember where a step is, for the message of its failure."""
    file = os.path.relpath(feature.filename, request.config.invocation_params.dir)
    request.node.stash[PLACE] = f"{file}:{step.line_number}"


@given(PhraseParser("given", module="given"))
@when(PhraseParser("when", module="given"))
@then(PhraseParser("then", module="then"))
def user_state_step(
    request: pytest.FixtureRequest,
    userstate_phrase: Match,
    datatable: DataTable = (),
    docstring: str = "",
) -> None:
    """Do what a step says."""
    perform(userstate_phrase, request, datatable=datatable, docstring=docstring)


@pytest.fixture
def userstate_scenario(
    userstate_model: AuditModel, userstate_wiring: Wiring
) -> UserStateScenario:
    """Keep what the user-state steps of a scenario share: its report, above all."""
    return UserStateScenario(userstate_model, userstate_wiring)
