"""Ports that the sources declare are found by their names."""

from __future__ import annotations

import pathlib
import textwrap

import pytest

from pytest_userstate import DEFAULT_MODEL, AuditModel, Entity, StorageModel
from pytest_userstate.outbound.wiring.port_search import entity_of
from pytest_userstate.outbound.wiring.program import SourceProgramRepository

pytest.importorskip("ast_grep_py")

MODEL = AuditModel(
    entities=[
        *DEFAULT_MODEL.entities,
        Entity(
            name="consents",
            models=[StorageModel(name="log", tables="legal.acceptance_log")],
        ),
    ]
)
NAMES = {
    "UserRepository": "users",
    "IUsersRepository": "users",
    "AppUserDao": "users",
    "UserProfileRepository": "profile",
    "UserStorer": "users",
    "ProfileStore": "profile",
    "CredentialStore": "login",
    "UserPasswordRepository": "login",
    "UserInterestsCommand": "interests",
    "AccountSettingsStore": "interests",
    "PreferencesPort": "interests",
    "UserFavoriteRepository": "interests",
    "ConsentRepository": "consents",
    "AcceptanceLogWriter": "consents",
    "OrderRepository": None,
    "CategoryRepository": None,
    "SettingsStore": None,
    "DeviceProfileStore": None,
    "Repository": None,
}


@pytest.mark.parametrize("name", NAMES)
def test_the_words_of_a_port_say_whose_state_it_is(name: str) -> None:
    """What may be the system's, or a catalog, is not taken for a user's."""
    assert entity_of(name, MODEL) == NAMES[name]


SOURCES = {
    "go": ("a.go", "type UserStore interface {\n\tFind()\n}"),
    "go, in a group": ("a.go", "type (\n\tUserStore interface {\n\t}\n)"),
    "rust": ("a.rs", "pub(crate) trait UserStore: Send {}"),
    "java": ("A.java", "public interface UserStore { }"),
    "kotlin": ("A.kt", "internal interface UserStore"),
    "c#": ("A.cs", "    public interface UserStore { }"),
    "typescript": ("a.ts", "export interface UserStore { }"),
    "typescript, abstract": ("a.ts", "export abstract class UserStore { }"),
    "python": ("a.py", "class UserStore(typing.Protocol):\n    pass"),
    "python, abstract": ("a.py", "class UserStore(abc.ABC):\n    pass"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_an_interface_is_found_in_each_language(
    name: str, tmp_path: pathlib.Path
) -> None:
    """With its wiring: nothing implements it here."""
    file, text = SOURCES[name]
    (tmp_path / file).write_text(textwrap.dedent(text))
    program = SourceProgramRepository(tmp_path, sources=(".",))
    (port,) = program.ports(DEFAULT_MODEL)
    assert (port.entity, port.port) == ("users", "UserStore")
    assert not port.state.reaches_database


def test_a_class_that_implements_is_no_port(tmp_path: pathlib.Path) -> None:
    """Only what is declared as an interface is one."""
    (tmp_path / "a.py").write_text("class UserStore(Base):\n    pass\n")
    (tmp_path / "a.ts").write_text("export class UserStore implements Port { }\n")
    assert SourceProgramRepository(tmp_path, sources=(".",)).ports(DEFAULT_MODEL) == ()
