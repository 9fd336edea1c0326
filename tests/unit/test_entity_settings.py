"""Entities of the configuration are entities, and columns are columns."""

from __future__ import annotations

import tomllib

import pytest

from pytest_userstate import ConfigurationError
from pytest_userstate.application.configuration import read_settings

MODEL = '[[entities.interests.models]]\nname = "own"\ntable = "own"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[entities.logins]\nexpected = false\nreason = "single sign-on"',
            "entities.logins has no storage model",
        ),
        ("[entities.logins]", "did you mean 'login'"),
        (
            MODEL + 'columns = ["users.id"]',
            "entities.interests.models[0].columns names 'users.id'",
        ),
        (
            MODEL + 'any_of = [["a", "own.b"]]',
            "without a dot: 'b'",
        ),
        (
            MODEL + 'revision = "own.version"',
            "entities.interests.models[0].revision names 'own.version'",
        ),
    ],
)
def test_a_mistaken_name_is_an_error(text: str, message: str) -> None:
    """An unknown entity without a model is a typo, and a dot is no part of a column."""
    with pytest.raises(ConfigurationError) as caught:
        read_settings(tomllib.loads(text), file="userstate.toml")
    assert message in " ".join(str(caught.value).replace("`", "").split())


def test_an_entity_of_ones_own_has_a_model_even_if_it_is_not_expected() -> None:
    """With a model it is known what is not expected."""
    text = (
        '[entities.consents]\nexpected = false\nreason = "elsewhere"\n'
        '[[entities.consents.models]]\nname = "log"\ntable = "consent_log"'
    )
    entity = read_settings(tomllib.loads(text), file="x").model.entity("consents")
    assert entity is not None
    assert not entity.expected
