"""The page of steps lists what there is, and its examples run."""

from __future__ import annotations

import importlib
import pathlib
import re
import shutil

import pytest

from pytest_userstate.steps.phrases import Phrase
from tests.helpers.backends import Backend
from tests.helpers.markdown import ROOT, blocks, table_after

PAGE = ROOT / "docs/steps.md"
FEATURES = [block.text for block in blocks(PAGE) if block.language == "gherkin"]
MODULES = {"given": "given", "when": "given", "then": "then"}
"""The kinds of steps, and the modules that have them."""


def phrases(kind: str) -> list[Phrase]:
    """Return the phrases of one kind."""
    module = importlib.import_module(f"pytest_userstate.steps.{MODULES[kind]}")
    return list(getattr(module, kind))


@pytest.mark.parametrize("kind", MODULES)
def test_every_step_is_listed(kind: str) -> None:
    """The tables have each phrase in its order, with what its function says."""
    expected = [
        [
            f"`{phrase.text}`",
            (phrase.function.__doc__ or "").splitlines()[0].rstrip("."),
        ]
        for phrase in phrases(kind)
    ]
    marks = re.findall(rf"<!-- steps: {kind}.* -->", PAGE.read_text())
    listed = [row for mark in marks for row in table_after(PAGE.read_text(), mark)]
    assert listed == expected


@pytest.mark.parametrize(
    "phrase",
    [phrase for kind in MODULES for phrase in phrases(kind)],
    ids=lambda phrase: phrase.text,
)
def test_every_step_has_an_example(phrase: Phrase) -> None:
    """Some scenario of the page says it."""
    lines = "\n".join(FEATURES).splitlines()
    steps = [re.sub(r"^ +(Given|When|Then|And) ", "", line) for line in lines]
    assert any(phrase.values_in(step) is not None for step in steps)


@pytest.mark.parametrize(
    "phrase",
    [phrase for kind in MODULES for phrase in phrases(kind)],
    ids=lambda phrase: phrase.text,
)
def test_no_step_can_be_taken_for_another(phrase: Phrase) -> None:
    """A text is one phrase only, and can only be ours: it says `user-state`."""
    text = re.sub(r"{\w+}", "x", phrase.text)
    matching = [
        other.text
        for kind in MODULES
        for other in phrases(kind)
        if other.values_in(text) is not None
    ]
    given = [other.text for other in phrases("given")]
    assert matching == [phrase.text]
    assert "user-state" in phrase.text
    assert len(given) == len(set(given))


def test_the_examples_run(tmp_path: pathlib.Path) -> None:
    """Each example holds on the baseline that the page describes."""
    path = tmp_path / "repo"
    shutil.copytree(
        ROOT / "tests/features/migrations", path / "tests/features/migrations"
    )
    shutil.copy(ROOT / "tests/features/accepted.json", path)
    (path / ".git").mkdir()
    backend = Backend(path)
    backend.configure('migrations = "tests/features/migrations"')
    backend.write("pytest.ini", "[pytest]\n")
    for number, feature in enumerate(FEATURES):
        backend.write(f"features/{number}.feature", feature)
    backend.write(
        "test_features.py",
        "from pytest_bdd import scenarios\n\nscenarios('features')\n",
    )
    run = backend.run(audit=False)
    assert run.status == 0, run.output
    scenarios = sum(feature.count("Scenario") for feature in FEATURES)
    assert f"{scenarios + 1} passed" in run.output
