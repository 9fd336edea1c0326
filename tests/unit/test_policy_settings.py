"""What a configuration may say about ignored advisories and downstream work."""

from __future__ import annotations

import tomllib

import pytest

from pytest_userstate.application.configuration import read_settings
from pytest_userstate.application.settings import Settings
from pytest_userstate.domain.errors import ConfigurationError
from pytest_userstate.domain.user_state import Ignore


def read(text: str) -> Settings:
    """Return the settings of a configuration."""
    return read_settings(tomllib.loads(text), file="f")


def work(**items: list[str]) -> str:
    """Return downstream items with their needs; `_` stands for a dot in an id."""
    return "\n".join(
        f"[[downstream]]\nid = '{name.replace('_', '.')}'\ntitle = 't'\nneeds = {needs}"
        for name, needs in items.items()
    )


def ignore(advisory: str, subject: str | None = None) -> str:
    """Return an entry."""
    about = f"subject = '{subject}'\n" if subject else ""
    return f"[[ignore]]\nadvisory = '{advisory}'\n{about}reason = 'r'\n"


def test_ignored_advisories_are_read() -> None:
    """The subject may be left out, and one code may be ignored at two places."""
    settings = read(ignore("US101") + ignore("US101", "a.b") + ignore("US101", "a.c"))
    assert settings.ignored == (
        Ignore(advisory="US101", reason="r"),
        Ignore(advisory="US101", subject="a.b", reason="r"),
        Ignore(advisory="US101", subject="a.c", reason="r"),
    )


def test_needs_may_name_what_stands_below() -> None:
    """Items in any order, checks, and checks with what they have to find."""
    needs = ["two", "interests.schema", "interests.wiring = database_backed"]
    settings = read(work(one=needs, two=[], **{"3_5_2": ["one"]}))
    assert [each.id for each in settings.downstream] == ["one", "two", "3.5.2"]
    assert settings.downstream[0].needs == tuple(needs)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ignore("US24"), "`ignore[0].advisory` is 'US24'; did you mean 'US204'? ("),
        (ignore("us101"), "`ignore[0].advisory` is 'us101'; "),
        (ignore("US101", " "), "`ignore[0].subject` is empty"),
        ("[[ignore]]\nadvisory = 'US101'", "`ignore[0].reason` is missing"),
        (
            ignore("US101", "a") * 2,
            "`ignore` has advisory = 'US101' and subject = 'a' twice, in [0] and [1]",
        ),
        (
            work(a=["interests.shema"]),
            "downstream[0].needs[0]` is 'interests.shema'; did you mean 'interests.sch",
        ),
        (work(**{"3_5_2": [], "b": ["3.5.3"]}), "is '3.5.3'; did you mean '3.5.2'? ("),
        (
            work(a=["users.revision"]),
            "is no check here: the model expects no revisions",
        ),
        (
            work(a=["users.revision = tracked"]),
            "'users.revision', which is no check here: the model expects no revisions",
        ),
        (
            work(b=["c = ready"], c=[]),
            "`downstream[0].needs[0]` is 'c'; expected one of",
        ),
        (
            work(a=["interests.wiring = databased"]),
            "wants 'databased' of interests.wiring; did you mean 'database_backed'? (",
        ),
        (
            work(a=["interests.wiring = tracked"]),
            "wants 'tracked' of interests.wiring; ",
        ),
        (
            work(a=["interests.wiring ="]),
            "wants '' of interests.wiring; expected one of",
        ),
        (
            work(users_schema=[]),
            "is 'users.schema', which reads like a check, since it ends in 'schema'; ",
        ),
        (work(orders_wiring=[]), "since it ends in 'wiring'; choose another id"),
        (
            work(**{"a = b": []}),
            "is 'a = b', which contains a `=`, which separates a check from its cov",
        ),
        (
            work(a=["a"]),
            "cannot be ordered: work items need each other in a circle: a needs a; ",
        ),
    ],
)
def test_what_can_never_be_meant_is_refused(text: str, words: str) -> None:
    """With the key, what is there, and what was probably meant."""
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    assert words in str(caught.value)
