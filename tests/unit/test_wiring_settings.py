"""What a repository can say about its ports, and what makes no sense."""

from __future__ import annotations

import importlib.util
import pathlib
import tomllib

import pytest

from pytest_userstate.application.configuration import read_settings
from pytest_userstate.application.settings import PortScan, Settings, WiringSettings
from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.domain.errors import ConfigurationError, UsageError
from pytest_userstate.domain.wiring import PortWiring, WiringOrigin
from pytest_userstate.inbound.hookspecs import asking
from pytest_userstate.outbound.wiring.assembly import (
    ConfigurationPlace,
    ReportedWiringRepository,
    wiring_repository,
    with_found_sources,
)
from tests.helpers.wiring import write


def configured(text: str) -> Settings:
    """Return what a configuration file means."""
    return read_settings(tomllib.loads(text), file="userstate.toml")


def test_a_port_without_a_state_is_scanned() -> None:
    """Only the port is needed; sources may be given for all ports, or for one."""
    wiring = configured(
        """
        [wiring]
        sources = "backend/src"
        [wiring.ports.users]
        port = "UsersQuery"
        [[wiring.ports.interests]]
        port = "UserInterestsCommand"
        database = ["Diesel*", "Pg*"]
        fixture = "Fixture*"
        sources = ["a", "b"]
        reason = "Later"
        model = "preferences"
        [[wiring.ports.interests]]
        port = "UserInterestsQuery"
        state = "conditional"
        reason = "DEMO"
        """
    ).wiring
    assert wiring.scanned == (
        PortScan(
            entity="users",
            port="UsersQuery",
            key="wiring.ports.users",
            sources=("backend/src",),
        ),
        PortScan(
            entity="interests",
            port="UserInterestsCommand",
            key="wiring.ports.interests[0]",
            database=("Diesel*", "Pg*"),
            fixture=("Fixture*",),
            sources=("a", "b"),
            has_own_sources=True,
            reason="Later",
            model="preferences",
        ),
    )
    assert [each.port for each in wiring.declared.ports] == ["UserInterestsQuery"]
    assert wiring.sources == ("backend/src",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "port='P'\nstate='unwired'",
            "`wiring.ports.users.reason` is missing",
        ),
        (
            "port='P'\nstate='unwired'\nreason='R'\nfixture='F*'",
            "`wiring.ports.users.fixture` is for scanning the sources, but `state`",
        ),
        (
            "port='P'\nevidence='a.rs:3'",
            "`wiring.ports.users.evidence` goes with a declared `state`",
        ),
        ("databse='D*'\nport='P'", "did you mean 'database'?"),
        (
            "port='P'\nmodel='user'",
            "`wiring.ports.users.model` is 'user'; did you mean",
        ),
        ("fixture='F*'", "`wiring.ports.users.port` is missing"),
        ("port='P'\nstate='wired'", "`wiring.ports.users.state` is 'wired'; did you"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, words: str) -> None:
    """The key is named, and what to do."""
    with pytest.raises(ConfigurationError) as caught:
        configured(f"[wiring.ports.users]\n{text}")
    assert words in str(caught.value)


def test_one_of_several_ports_is_named_by_its_place() -> None:
    """Counted from zero, as in all lists of tables."""
    port = "[[wiring.ports.users]]\nport='P'\n"
    with pytest.raises(ConfigurationError) as caught:
        configured(port + port)
    assert str(caught.value) == (
        "userstate.toml: `wiring.ports.users` has port = 'P' twice, in [0] and [1]; "
        "keep one of them"
    )
    with pytest.raises(ConfigurationError, match=r"users\[1\]\.prot` is no known key"):
        configured(port + "[[wiring.ports.users]]\nprot='P'\n")
    with pytest.raises(ConfigurationError, match=r"`wiring\.ports\.users` is 3"):
        configured("[wiring.ports]\nusers = 3")


def assemble(settings: Settings, base: pathlib.Path) -> object:
    """Return the wiring repository of the settings."""
    place = ConfigurationPlace(
        base=base, file="pyproject.toml", prefix="tool.userstate."
    )
    settings = with_found_sources(settings, place)
    return wiring_repository(settings, place, ask=None, asks_ahead=True)


@pytest.mark.parametrize(
    ("own", "key"),
    [(True, "wiring.ports.users.sources"), (False, "wiring.sources")],
)
def test_sources_have_to_exist(tmp_path: pathlib.Path, *, own: bool, key: str) -> None:
    """The key that names them is named."""
    scan = PortScan(
        entity="users",
        port="P",
        key="wiring.ports.users",
        sources=("src",),
        has_own_sources=own,
    )
    settings = Settings(wiring=WiringSettings(scanned=(scan,)))
    with pytest.raises(ConfigurationError) as caught:
        assemble(settings, tmp_path)
    message = str(caught.value)
    assert message.startswith(
        f"pyproject.toml: `tool.userstate.{key}` names 'src', which does not exist"
    ), message
    write(tmp_path, {"src/main.py": "class P: ..."})
    assemble(settings, tmp_path)


def test_sources_may_be_patterns(tmp_path: pathlib.Path) -> None:
    """A path of the very name comes first; what matches is sorted, and there once."""
    write(
        tmp_path,
        {f"services/{name}/src/a.py": "" for name in ("b", "a")} | {"x[1]/a.py": ""},
    )
    names = ("services/*/src", "**/b/src", "x[1]", "services/a/**/*.py")
    settings = Settings(wiring=WiringSettings(sources=names))
    place = ConfigurationPlace(base=tmp_path, file="userstate.toml")
    found = with_found_sources(settings, place)
    assert found.wiring.sources == (
        *("services/a/src", "services/b/src"),
        *("x[1]", "services/a/src/a.py"),
    )
    settings = Settings(wiring=WiringSettings(sources=("*/sources",)))
    with pytest.raises(ConfigurationError, match="a pattern such as"):
        with_found_sources(settings, place)


def test_without_the_extra_the_command_is_told(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scan needs ast-grep; ports that are declared do not."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    scan = PortScan(entity="users", port="P", key="wiring.ports.users")
    settings = Settings(wiring=WiringSettings(scanned=(scan,)))
    with pytest.raises(UsageError) as caught:
        assemble(settings, tmp_path)
    message = str(caught.value)
    assert "`tool.userstate.wiring.ports.users` has no `state`" in message
    assert "\n  pip install 'pytest-userstate[wiring]'\n" in message
    assemble(Settings(), tmp_path)


def port(**changes: object) -> PortWiring:
    """Return what a hook may report."""
    fields = {"entity": "users", "port": "P", "state": RuntimeWiring.DATABASE_BACKED}
    return PortWiring(**(fields | changes))


def reported(*values: object) -> ReportedWiringRepository:
    """Return the repository of a hook that gives these values."""
    settings = configured(
        "[wiring.ports.users]\nport='Scanned'\n"
        "[wiring.ports.login]\nport='Declared'\nstate='unwired'\nreason='R'"
    )
    return ReportedWiringRepository(
        lambda: values, settings=settings, file="userstate.toml"
    )


def test_what_is_reported_says_so() -> None:
    """Whatever the hook claims about where it comes from; it is asked once."""
    asked = []
    repository = ReportedWiringRepository(
        lambda: asked.append(1) or [port()], settings=Settings(), file=""
    )
    (found,) = repository.load().ports
    assert repository.load().ports == (found,)
    assert (found.origin, found.state, asked) == (
        WiringOrigin.REPORTED,
        RuntimeWiring.DATABASE_BACKED,
        [1],
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            ("users", "P"),
            "a tuple; expected an iterable of pytest_userstate.PortWiring",
        ),
        (port(entity="user"), "names the unknown entity 'user'; did you mean 'users'?"),
        (port(model="user"), "unknown storage model 'user' of users; did you mean"),
        (
            port(port="Scanned"),
            (
                "reports Scanned of users as database-backed, but [wiring.ports.users] "
                "in userstate.toml says what is behind that port as well: keep one"
            ),
        ),
        (
            port(entity="login", port="Declared"),
            "reports Declared of login as database-backed, but [wiring.ports.login]",
        ),
    ],
)
def test_a_report_that_contradicts_is_refused(value: object, words: str) -> None:
    """The hook is named, and what it said."""
    with pytest.raises(UsageError) as caught:
        reported(value).load()
    assert str(caught.value).startswith("the hook pytest_userstate_wiring ")
    assert words in str(caught.value)


def test_a_port_is_reported_once() -> None:
    """Two plugins may report; not the same port."""
    with pytest.raises(UsageError, match="gives port 'P' of entity 'users' twice"):
        reported(port(), port()).load()


def test_a_hook_may_give_one_value(pytestconfig: pytest.Config) -> None:
    """In place of several; and nobody is asked where nobody answers."""
    assert asking(pytestconfig, pytestconfig.hook.pytest_userstate_wiring) is None

    class Plugin:
        def pytest_userstate_wiring(self) -> PortWiring:
            return port()

    plugin = Plugin()
    pytestconfig.pluginmanager.register(plugin)
    try:
        ask = asking(pytestconfig, pytestconfig.hook.pytest_userstate_wiring)
        assert ask is not None
        assert ask() == [port()]
    finally:
        pytestconfig.pluginmanager.unregister(plugin)
