"""What the targets of a configuration say, inherit, and may not say."""

from __future__ import annotations

import tomllib

import pytest

from pytest_userstate.application.settings import Settings
from pytest_userstate.application.targets import chosen, target_tables
from pytest_userstate.domain.coverage import Axis
from pytest_userstate.domain.errors import ConfigurationError, UsageError

TWO = """
[targets.accounts]
migrations = "accounts/db"

[targets.billing]
migrations = "billing/db"
"""


def settings_of(text: str, prefix: str = "") -> dict[str, Settings]:
    """Return the settings of each target."""
    tables = target_tables(tomllib.loads(text), file="userstate.toml", prefix=prefix)
    return {
        table.name: table.settings(file="userstate.toml", prefix=prefix)
        for table in tables
    }


def test_without_targets_there_is_one_without_a_name() -> None:
    """And it has the settings of the whole file."""
    settings = settings_of('schemas = ["app"]')
    assert [*settings] == [""]
    assert settings[""].model.schemas == ("app",)


def test_tables_are_merged_and_other_values_replaced() -> None:
    """What a target does not say is taken from outside."""
    settings = settings_of(
        """
        schemas = ["app", "auth"]
        migrations = { tool = "goose" }
        gate.axes = ["schema"]
        entities.login = { expected = false, reason = "single sign-on" }
        entities.users.models = [{ name = "people", table = "people" }]

        [targets.accounts]
        migrations = "accounts/db"
        gate.fail_on_deferred = true
        schemas = "people"
        entities.login.expected = true
        entities.profile = { expected = false, reason = "none" }

        [targets.billing]
        migrations = { path = "billing/db", tool = "dbmate" }
        """
    )
    accounts, billing = settings["accounts"], settings["billing"]
    assert accounts.gate.axes == billing.gate.axes == {Axis.SCHEMA}
    assert (accounts.gate.fail_on_deferred, billing.gate.fail_on_deferred) == (1, 0)
    assert accounts.model.schemas == ("people",)
    assert billing.model.schemas == ("app", "auth")
    assert (accounts.migrations.path, accounts.migrations.tool) == (
        "accounts/db",
        "goose",
    )
    assert (billing.migrations.path, billing.migrations.tool) == (
        "billing/db",
        "dbmate",
    )
    checks = {name: each.model.check_ids() for name, each in settings.items()}
    assert "login.schema" in checks["accounts"]
    assert "login.schema" not in checks["billing"]
    assert "profile.schema" not in checks["accounts"]
    users = accounts.model.entity("users")
    assert users
    assert [model.name for model in users.models] == ["users", "people"]


def test_an_acceptance_outside_is_of_the_target_that_it_names() -> None:
    """Its check is then called as in the target."""
    settings = settings_of(
        f"""
        {TWO}
        [[accept]]
        check = "billing.users.schema"
        reason = "later"
        """
    )
    assert settings["accounts"].gate.acceptances == ()
    [acceptance] = settings["billing"].gate.acceptances
    assert (acceptance.check, acceptance.reason) == ("users.schema", "later")


ACCEPT = '[[accept]]\nreason = "later"\ncheck = '


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[targets]", "`targets` is empty; expected a table for each target"),
        ("[targets.Billing]\nmigrations = 'a'", "`targets.Billing` cannot be used: a"),
        ("[targets.a]\n", '`targets.a` has no migrations; expected migrations = "F'),
        (
            "[targets.a]\nmigrations.tool = 'goose'",
            "`targets.a` has no migrations; expected migrations",
        ),
        (
            "[targets.a]\nmigrations = 'a'\ndatabase = 'env:A'",
            "`targets.a.database` is given beside `migrations`; a target is either",
        ),
        ("snapshot = 'a.json'" + TWO, "`snapshot` is the schema of one target; put it"),
        ("downstream = []" + TWO, "under [targets.accounts] or [targets.billing]"),
        ("database = 'env:A'" + TWO, "`database` is one database; put it under"),
        (
            f"{TWO}{ACCEPT}'users.schema'",
            "`accept[0].check` is 'users.schema', of no target; expected the target",
        ),
        (
            f"{TWO}{ACCEPT}'accounts.users.schema'\n{ACCEPT}'billing.user.schema'",
            "`accept[1].check` is 'user.schema'; did you mean 'users.schema'?",
        ),
        (
            f"{TWO}accept = []\n{ACCEPT}'billing.users.schema'",
            "has entries: put it under [[targets.billing.accept]]",
        ),
        (f"{TWO}gate.axis = []", "`targets.billing.gate.axis` is no known key"),
        (f"{TWO}targets.c.migrations = 'c'", "`targets.billing.targets` is no known"),
        (
            f"{TWO}entities.users.canonical = {{ model = 'x', reason = 'y' }}",
            "`targets.billing.entities.users` cannot be used",
        ),
        (
            f"entities.users.canonical = {{ model = 'x', reason = 'y' }}\n{TWO}",
            "userstate.toml: `entities.users` cannot be used",
        ),
        (
            "[targets.a]\ndatabase = 'postgresql://me:secret@host/db'",
            "`targets.a.database` is not env:NAME; expected the environment variable",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, problem: str) -> None:
    """With the key as the file has it, and no password."""
    with pytest.raises(ConfigurationError) as caught:
        settings_of(text)
    assert problem in str(caught.value)
    assert "secret" not in str(caught.value)


def test_keys_of_a_shared_file_have_its_table_in_front() -> None:
    """As `[tool.userstate]` of pyproject.toml has them."""
    with pytest.raises(
        ConfigurationError, match=r"`tool\.userstate\.targets\.a` has no"
    ):
        settings_of("[targets.a]", prefix="tool.userstate")
    text = "[targets.a]\nmigrations = 'a'\nsnapshot = 'a.yaml'"
    with pytest.raises(ConfigurationError) as caught:
        settings_of(text, prefix="tool.userstate")
    assert "`tool.userstate.targets.a.snapshot` is 'a.yaml'" in str(caught.value)


def test_old_keys_are_read_and_named_once() -> None:
    """It is about the file, and not about each target."""
    settings = settings_of(f"silence = []{TWO}silence = []")
    first, second = settings.values()
    assert [line.partition(" is now")[0] for line in first.warnings] == [
        "userstate.toml: `silence`",
        "userstate.toml: `targets.billing.silence`",
    ]
    assert second.warnings == ()


def test_targets_are_chosen_by_name() -> None:
    """In the order of the file; a name that is not there is an error."""
    tables = target_tables(tomllib.loads(TWO), file="userstate.toml")
    assert chosen(tables, ()) == tables
    assert [table.name for table in chosen(tables, ("billing",))] == ["billing"]
    assert chosen(tables, ("billing", "accounts")) == tables
    with pytest.raises(UsageError, match="there is no target 'biling'; did you mean"):
        chosen(tables, ("biling",))
    only = target_tables({}, file="userstate.toml")
    with pytest.raises(UsageError, match=r"the configuration has no \[targets\]"):
        chosen(only, ("billing",))
