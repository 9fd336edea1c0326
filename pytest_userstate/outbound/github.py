"""The job that runs us on GitHub: its workspace, and its summary."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re
import typing as typ

from pytest_userstate.domain.errors import ToolError
from pytest_userstate.outbound.configuration_file import repository_root

_LIMIT: typ.Final = 1024 * 1024
_REPOSITORY: typ.Final = re.compile(r"[\w.-]+/[\w.-]+")
_COMMIT: typ.Final = re.compile(r"[0-9a-f]{40,64}")
_SERVER: typ.Final = re.compile(r"https://[\w.-]+(:\d+)?")


def github_job(
    environment: cabc.Mapping[str, str], audited: pathlib.Path
) -> GitHubJob | None:
    """Return the job that the environment describes, or None where there is none."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return None
    return GitHubJob(environment, audited)


class GitHubJob:
    """A job on GitHub, as its environment variables describe it."""

    def __init__(
        self, environment: cabc.Mapping[str, str], audited: pathlib.Path
    ) -> None:
        """Keep the environment, and the folder that sources are relative to."""
        self._environment = environment
        self._audited = audited.resolve()
        self._root = repository_root(self._audited, self._audited)

    @property
    def audited(self) -> str:
        """The audited folder, relative to the repository's root."""
        return self._audited.relative_to(self._root).as_posix()

    @property
    def files_url(self) -> str | None:
        """Where the repository's files are shown, as they were for this job.

        None where the workspace holds the repository somewhere else than at its
        top, since it may then be another one than the job's.
        """
        get = self._environment.get
        server = get("GITHUB_SERVER_URL", "https://github.com")
        repository, commit = get("GITHUB_REPOSITORY", ""), get("GITHUB_SHA", "")
        workspace = self._workspace
        known = (
            _SERVER.fullmatch(server)
            and _REPOSITORY.fullmatch(repository)
            and _COMMIT.fullmatch(commit)
        )
        if not known or workspace != self._root:
            return None
        return f"{server}/{repository}/blob/{commit}/"

    def place(self, path: str) -> str | None:
        """Return a file of the audited folder, relative to the job's workspace."""
        workspace = self._workspace
        file = (self._audited / path).resolve()
        if workspace is None or not file.is_relative_to(workspace):
            return None
        return file.relative_to(workspace).as_posix()

    @property
    def room(self) -> int:
        """How many bytes the step's summary still takes."""
        path = self._summary
        try:
            return _LIMIT - (path.stat().st_size if path else _LIMIT)
        except OSError:
            return _LIMIT

    def append(self, text: str) -> None:
        """Append to the step's summary; nothing where the job has none."""
        path = self._summary
        if path is None:
            return
        try:
            with path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            message = f"the job summary cannot be written: {error.strerror or error}"
            raise ToolError(message) from error

    @property
    def _workspace(self) -> pathlib.Path | None:
        folder = self._environment.get("GITHUB_WORKSPACE")
        return pathlib.Path(folder).resolve() if folder else None

    @property
    def _summary(self) -> pathlib.Path | None:
        file = self._environment.get("GITHUB_STEP_SUMMARY")
        return pathlib.Path(file) if file else None
