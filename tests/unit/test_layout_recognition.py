"""Which layout a folder is of: its own signs, then the project's, then a question."""

from __future__ import annotations

import pathlib
import typing as typ

import pytest

from pytest_userstate.domain.errors import TargetNotFoundError
from pytest_userstate.outbound.migrations.finding.search import (
    FolderCandidate,
    recognized,
)
from pytest_userstate.outbound.migrations.layout import (
    Confidence,
    LayoutDefaults,
    Manifest,
    ProjectFile,
)


class Fake(LayoutDefaults):
    """A layout that finds every folder alike."""

    expects = "anything"

    def __init__(self, name: str, likeness: Confidence) -> None:
        """Name it as its project file and its package are named."""
        self.name = name
        self._likeness = likeness
        self.project_files = (ProjectFile(f"{name}.toml", lambda file, _: file.parent),)
        self.manifests = (Manifest("Cargo.toml", rf"^{name}\b"),)

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Return always the same."""
        del path
        return self._likeness

    def load(self, *args: object, **options: object) -> typ.NoReturn:
        """Fail: nobody loads anything here."""
        raise NotImplementedError


PLAIN = Fake("plain", Confidence.FALLBACK)
ONE, TWO = (Fake(name, Confidence.POSSIBLE) for name in ("one", "two"))
SURE, SAFE = (Fake(name, Confidence.CERTAIN) for name in ("sure", "safe"))
NEVER = Fake("never", Confidence.NONE)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """Make a folder of migrations in a crate in a repository."""
    made = tmp_path / "repository/crate/migrations"
    made.mkdir(parents=True)
    return made


def layouts(folder: pathlib.Path, *candidates: Fake) -> list[str]:
    """Return the names of the layouts that the folder could be of."""
    found = recognized(folder, candidates, folder.parent.parent)
    return [layout.name for layout in found]


def test_signs_in_the_folder_decide(folder: pathlib.Path) -> None:
    """Whatever else the project uses."""
    (folder.parent / "Cargo.toml").write_text("one = 1\n")
    assert layouts(folder, PLAIN, ONE, SURE, NEVER) == ["sure"]


def test_names_that_many_tools_have_are_plain_sql(folder: pathlib.Path) -> None:
    """Unless the project names one of those tools."""
    assert layouts(folder, PLAIN, ONE, TWO) == ["plain"]
    assert layouts(folder, ONE, TWO) == []
    (folder.parent / "Cargo.toml").write_text("zero = 1\ntwo.workspace = true\n")
    assert layouts(folder, PLAIN, ONE, TWO) == ["two"]


@pytest.mark.parametrize("name", ["one.toml", "Cargo.toml"])
@pytest.mark.parametrize("above", ["", "..", "../.."])
def test_the_projects_files_are_sought_up_to_the_root(
    folder: pathlib.Path, above: str, name: str
) -> None:
    """In the folder itself, and in each above it."""
    (folder / above / name).write_text("one = 1")
    assert layouts(folder, PLAIN, ONE, TWO) == ["one"]


def test_nothing_above_the_root_counts(folder: pathlib.Path) -> None:
    """Another repository's files say nothing about this one."""
    (folder / "../../../one.toml").write_text("")
    assert layouts(folder, PLAIN, ONE) == ["plain"]


def test_the_nearest_file_counts(folder: pathlib.Path) -> None:
    """One crate of a workspace may use another tool than the rest."""
    (folder / "../../Cargo.toml").write_text("one = 1")
    (folder / "../Cargo.toml").write_text("two = 1")
    assert layouts(folder, PLAIN, ONE, TWO) == ["two"]


def test_a_folder_outside_of_the_repository(folder: pathlib.Path) -> None:
    """It has its own project beside it."""
    (folder / "../Cargo.toml").write_text("two = 1")
    [found] = recognized(folder, (ONE, TWO), folder.parent / "elsewhere")
    assert found.name == "two"


@pytest.mark.parametrize("pair", [(SURE, SAFE), (ONE, TWO)])
def test_what_stays_open_is_asked(
    folder: pathlib.Path, pair: tuple[Fake, Fake]
) -> None:
    """Both are named, and how to say which."""
    base = folder.parent.parent
    (base / "Cargo.toml").write_text("one = 1\ntwo = 1\n")
    found = recognized(folder, (PLAIN, *pair), base)
    assert found == pair
    candidate = FolderCandidate(folder, found, "found by name")
    with pytest.raises(TargetNotFoundError) as caught:
        candidate.layout(base)
    first, second = (layout.name for layout in pair)
    assert str(caught.value) == (
        f"crate/migrations (found by name) could be of these layouts: {first}, "
        f"{second}.\nThe project's own files do not say which of them it is. Say so "
        f'in userstate.toml:\nmigrations = {{ path = "crate/migrations", tool = '
        f'"{first}" }}.'
    )


def test_the_project_tells_sure_ones_apart(folder: pathlib.Path) -> None:
    """Flyway's names are refinery's as well."""
    (folder / "../safe.toml").write_text("")
    assert layouts(folder, PLAIN, SURE, SAFE) == ["safe"]


def test_a_manifest_that_cannot_be_read_names_nothing(folder: pathlib.Path) -> None:
    """A folder of its name, or bytes that are no text."""
    (folder / "Cargo.toml").mkdir()
    (folder / "../Cargo.toml").write_bytes(b"\xff\ntwo = 1")
    assert layouts(folder, PLAIN, ONE, TWO) == ["two"]
