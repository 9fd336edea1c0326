"""Folders of migrations, made for a test and read by a layout."""

from __future__ import annotations

import pathlib

import attrs
import pytest

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.layout import NO_OPTIONS, Layout, Options
from pytest_userstate.outbound.migrations.plan import Plan


@attrs.frozen
class Folder:
    """A folder in a repository, and the layout that reads it.

    Parameters
    ----------
    layout : Layout
        Which tool's it is.
    root : Path
        The repository.
    name : str
        The folder, relative to the repository.
    """

    layout: Layout
    root: pathlib.Path
    name: str = "backend/migrations"

    @property
    def path(self) -> pathlib.Path:
        """The folder itself."""
        return self.root / self.name

    def write(self, name: str, content: str | bytes = "SELECT 1;") -> None:
        """Write one file into the folder."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def load(self, **options: object) -> Plan:
        """Read the folder as seen from the repository's root."""
        self.path.mkdir(parents=True, exist_ok=True)
        given = Options(options) if options else NO_OPTIONS
        return self.layout.load(self.path, self.root, given)

    def refusal(self, **options: object) -> MigrationError:
        """Return the error that reading the folder ends in."""
        with pytest.raises(MigrationError) as caught:
            self.load(**options)
        return caught.value

    @property
    def versions(self) -> list[str]:
        """The versions in the order in which they would run."""
        return [each.version for each in self.load().migrations]
