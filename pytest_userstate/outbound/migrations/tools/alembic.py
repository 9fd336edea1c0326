"""Alembic: run by itself, in the repository's own Python.

Its own source settles what it reads (``alembic/config.py``,
``alembic/script/base.py``): an ``alembic.ini``, since 1.16 also a table of
``pyproject.toml``, names the folder of ``env.py`` as ``script_location``, in
whose ``versions``, or in the ``version_locations``, the revisions are. Paths are
relative to the folder in which Alembic is run. In which order revisions are applied,
and in which transactions, Alembic alone decides. Flask-Migrate's ``alembic.ini`` lies
beside ``env.py`` and names no folder; ``flask db upgrade`` runs Alembic with it.
"""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import re
import shlex
import typing as typ

import attrs

from pytest_userstate.domain.drafts import DraftFile
from pytest_userstate.domain.errors import (
    ConfigurationError,
    TargetNotFoundError,
)
from pytest_userstate.domain.ports import UntriableError
from pytest_userstate.outbound.migrations.layout import (
    ENVIRONMENT,
    NO_OPTIONS,
    Confidence,
    LayoutDefaults,
    Option,
    OptionKind,
    Options,
    ProjectFile,
    label,
    settings_text,
    text_of,
    upward,
)
from pytest_userstate.outbound.migrations.next_files import NewMigration
from pytest_userstate.outbound.migrations.programs.plan import (
    Program,
    ProgramFile,
    ProgramPlan,
    Tool,
    environment_of,
    interpreter,
    read_program_file,
)

if typ.TYPE_CHECKING:
    import configparser

_INI = "alembic.ini"
_PYPROJECT = "pyproject.toml"
_ENVIRONMENT = "env.py"
_SECTION = "alembic"
_NAMED = r"""(?m)^{}\b[^=\n]*=\s*{}"""
_REVISION = re.compile(_NAMED.format("revision", r"""["']([^"']+)["']"""))
_PARENTS = re.compile(_NAMED.format("down_revision", r"(\([^)]*\)|.*)"))
_REVISION_FILE = '''"""{title}."""

from alembic import op

revision = "{revision}"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("""
{up}    """)


def downgrade():
    op.execute("""
{down}    """)
'''
_SEPARATORS = {"os": os.pathsep, "space": " ", "newline": "\n", ":": ":", ";": ";"}


@attrs.frozen
class _Project:
    """What a project's file says about where Alembic's scripts are."""

    file: pathlib.Path
    # Where Alembic is run.
    folder: pathlib.Path
    script_location: str
    version_locations: tuple[str, ...] = ()
    is_flasks: bool = False

    @property
    def scripts(self) -> pathlib.Path:
        """The folder of ``env.py``."""
        return self._path(self.script_location)

    @property
    def versions(self) -> tuple[pathlib.Path, ...]:
        """The folders of the revisions."""
        if not self.version_locations:
            return (self.scripts / "versions",)
        return tuple(map(self._path, self.version_locations))

    def _path(self, location: str) -> pathlib.Path:
        """Read a path, or the name of a package and a path in it (``app:alembic``)."""
        return _path(location, self.folder)


def _path(location: str, folder: pathlib.Path) -> pathlib.Path:
    package, colon, inside = location.partition(":")
    if colon and not pathlib.Path(location).is_absolute():
        location = f"{package.replace('.', '/')}/{inside}"
    return pathlib.Path(os.path.normpath(folder / location))


def _folder_named_by(file: pathlib.Path, base: pathlib.Path) -> pathlib.Path | None:
    """Return the folder of ``env.py``, or that of the file, if it names one."""
    project = _read(file, base)
    if project is None:
        if _is_flasks(file.parent, base):
            return file.parent
        _refuse_named_sections(file, base)
        return None
    if not (project.scripts / _ENVIRONMENT).is_file():
        path = label(file, base)
        scripts = label(project.scripts, base)
        message = (
            f"{path}: `script_location` is {project.script_location!r}, but there is no"
            f" {scripts}/{_ENVIRONMENT}."
        )
        raise ConfigurationError(message, file=path, key="script_location")
    # From elsewhere nothing would lead back to the file.
    is_below = file.parent in (project.scripts, *project.scripts.parents)
    return project.scripts if is_below else file.parent


class AlembicLayout(LayoutDefaults):
    """Revisions of Alembic, applied by ``alembic upgrade``."""

    name = "alembic"
    expects = "Alembic's env.py and its folder of revisions; alembic.ini names it"
    project_files = (
        ProjectFile(_INI, _folder_named_by),
        ProjectFile(_PYPROJECT, _folder_named_by),
    )
    options = (
        Option("python", OptionKind.TEXT),
        Option("section", OptionKind.TEXT),
        Option("target", OptionKind.TEXT),
        ENVIRONMENT,
    )

    def next_files(self, new: NewMigration) -> tuple[DraftFile, ...]:
        """Return the revision that follows the only head."""
        texts = {
            file.path: file.data.decode(errors="replace")
            for file in new.plan.migrations
            if isinstance(file, ProgramFile)
        }
        matches = {path: _REVISION.search(text) for path, text in texts.items()}
        known = {match[1] for match in matches.values() if match}
        parents = {
            name
            for text in texts.values()
            for value in _PARENTS.findall(text)
            for name in re.findall(r"""["']([^"']+)["']""", value)
        }
        heads = sorted(known - parents)
        if len(heads) != 1:
            message = f"its revisions have {len(heads)} heads: merge them first"
            raise UntriableError(message)
        [head] = heads
        revision = new.name
        if re.fullmatch(r"[0-9a-f]{12,}", head):
            revision = f"{(int(head[:12], 16) + 1) % 16**12:012x}"
        text = _REVISION_FILE.format(
            title=new.title, revision=revision, head=head, up=new.up, down=new.down
        )
        return (DraftFile(path=f"{revision}_{new.name}.py", text=text),)

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Whether there is an ``env.py`` of Alembic's, or its configuration."""
        if (path / _INI).is_file():
            return Confidence.CERTAIN
        text = text_of(path / _ENVIRONMENT)
        return Confidence.CERTAIN if "alembic" in text else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> ProgramPlan:
        """Find the revisions, for whatever order Alembic applies them in."""
        section = options.text("section", _SECTION)
        project = _project_of(path, base, section)
        revisions = tuple(_files(project.versions, base))
        if not revisions:
            listed = " and ".join(label(folder, base) for folder in project.versions)
            message = f"{label(project.file, base)}: there is no revision in {listed}."
            raise TargetNotFoundError(message)
        folder = project.folder
        python = interpreter(
            self.name, configured=options.text("python"), folder=folder, base=base
        )
        target = options.text("target", "head")
        environment = environment_of(options)
        if project.is_flasks:
            tool: Tool = "flask"
            arguments = ("db", "upgrade", "-d", label(project.scripts, folder), target)
            environment = {**_application(folder, environment), **environment}
        else:
            tool = "alembic"
            named = () if section == _SECTION else ("-n", section)
            if project.file.parent != folder:
                named = ("-c", label(project.file, folder), *named)
            arguments = (*named, "upgrade", target)
        return ProgramPlan(
            layout=self.name,
            program=Program(
                arguments=arguments,
                command=f"{python.command} -m {tool} {shlex.join(arguments)}",
                folder=folder,
                watched=tool,
                python=python,
                environment=environment,
            ),
            base=base,
            project_file=label(project.file, base),
            migrations=revisions,
            others=(read_program_file(project.scripts / _ENVIRONMENT, base),),
            origin=label(project.scripts / _ENVIRONMENT, base),
            bookkeeping_tables=frozenset({"alembic_version"}),
            target=target,
        )


def _project_of(path: pathlib.Path, base: pathlib.Path, section: str) -> _Project:
    """Return the project that a folder belongs to, from it upward to the base."""
    for folder in upward(path, base):
        for name in (_INI, _PYPROJECT):
            project = _read(folder / name, base, section)
            if project is None:
                continue
            if path in {folder, project.scripts.resolve(), project.scripts}:
                return project
    for folder in upward(path, base) if section == _SECTION else ():
        _refuse_named_sections(folder / _INI, base)
    if _is_flasks(path, base):
        return _Project(path / _INI, path.parent, str(path), is_flasks=True)
    message = (
        f"{label(path, base)} holds Alembic's scripts, but no {_INI} (nor a"
        f" [tool.alembic] in {_PYPROJECT})\nnames it as its script_location, in this"
        f" folder or above.\n{_BY_COMMAND}"
    )
    raise TargetNotFoundError(message)


def _is_flasks(folder: pathlib.Path, base: pathlib.Path) -> bool:
    """Whether the folder holds what Flask-Migrate writes."""
    return (
        folder != base
        and (folder / _INI).is_file()
        and "flask" in text_of(folder / _ENVIRONMENT).lower()
    )


def _refuse_named_sections(file: pathlib.Path, base: pathlib.Path) -> None:
    """Say how to choose a section, if only named ones say where scripts are."""
    if file.name != _INI:
        return
    sections = re.findall(r"^\[([^]\n]+)\]", text_of(file), re.MULTILINE)
    named = [name for name in sections if _read(file, base, name) is not None]
    if not named:
        return
    path, folder = label(file, base), label(file.parent, base)
    listed = ", ".join(f"[{name}]" for name in named)
    lines = "\n".join(
        f'  migrations = {{ path = "{folder}", tool = "alembic", section = "{name}" }}'
        for name in named
    )
    message = (
        f"{path} has no `script_location` under [alembic], but under {listed}.\n"
        "Say in userstate.toml which section Alembic is run with (alembic -n NAME):\n"
        f"{lines}"
    )
    raise ConfigurationError(message, file=path, key="script_location")


def _read(
    file: pathlib.Path, base: pathlib.Path, section: str = _SECTION
) -> _Project | None:
    """Read a project's file; None if it says nothing about scripts."""
    if not file.is_file():
        return None
    text = settings_text(file, base)
    # Imported here, since every search for migrations imports this module.
    import configparser  # noqa: PLC0415
    import tomllib  # noqa: PLC0415

    try:
        if file.name == _PYPROJECT:
            values = _table_of_toml(tomllib.loads(text), file.parent)
        else:
            parser = configparser.ConfigParser({"here": str(file.parent)})
            parser.read_string(text)
            values = _table_of_ini(parser, section)
    except (configparser.Error, tomllib.TOMLDecodeError) as error:
        path = label(file, base)
        message = f"{path} cannot be read: {error}"
        raise ConfigurationError(message, file=path) from error
    if not (location := values.get("script_location")):
        return None
    folder = _working_folder(file, location, base)
    return _Project(file, folder, location, _split(values))


def _working_folder(
    file: pathlib.Path, location: str, base: pathlib.Path
) -> pathlib.Path:
    """Return the folder that the location is relative to: the file's, or one above."""
    fitting = (
        folder
        for folder in upward(file.parent, base)
        if (_path(location, folder) / _ENVIRONMENT).is_file()
    )
    return next(fitting, file.parent)


def _application(
    folder: pathlib.Path, configured: cabc.Mapping[str, typ.Any]
) -> dict[str, str]:
    """Return `FLASK_APP` if neither somebody says it, nor Flask finds it by itself."""
    is_known = (
        "FLASK_APP" in {*configured, *os.environ}
        or any("FLASK_APP" in text_of(folder / name) for name in (".flaskenv", ".env"))
        or any((folder / name).is_file() for name in ("wsgi.py", "app.py"))
    )
    if is_known:
        return {}
    scripts = [
        script
        for pattern in ("*.py", "*/__init__.py", "*/app.py")
        for script in sorted(folder.glob(pattern))
        if not label(script, folder).startswith(("test", "conftest", "setup.py"))
    ]
    for script in scripts:
        if re.search(r"\bcreate_app\(|=\s*Flask\(", text_of(script)):
            module = script.relative_to(folder).with_suffix("")
            parts = [part for part in module.parts if part != "__init__"]
            return {"FLASK_APP": ".".join(parts)}
    return {}


def _table_of_ini(parser: configparser.ConfigParser, section: str) -> dict[str, str]:
    names = (
        *("script_location", "version_locations"),
        *("path_separator", "version_path_separator"),
    )
    if not parser.has_section(section):
        return {}
    return {
        name: parser.get(section, name)
        for name in names
        if parser.has_option(section, name)
    }


def _table_of_toml(
    document: cabc.Mapping[str, typ.Any], folder: pathlib.Path
) -> dict[str, str]:
    table = document.get("tool", {}).get("alembic", {})
    values = {}
    for name in ("script_location", "version_locations"):
        value = table.get(name, "")
        listed = value if isinstance(value, list) else [value]
        values[name] = "\n".join(map(str, listed)).replace("%(here)s", str(folder))
    return {**values, "path_separator": "newline"}


def _split(values: cabc.Mapping[str, str]) -> tuple[str, ...]:
    text = values.get("version_locations", "")
    name = values.get("path_separator", values.get("version_path_separator", ""))
    separator = _SEPARATORS.get(name)
    parts = text.split(separator) if separator else re.split(r"[,\s]+", text)
    return tuple(filter(None, map(str.strip, parts)))


def _files(
    folders: cabc.Iterable[pathlib.Path], base: pathlib.Path
) -> cabc.Iterator[ProgramFile]:
    """Yield the revisions; their order is that of their paths."""
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            inside = file.relative_to(folder).parts
            if file.name != "__init__.py" and not any(
                part.startswith((".", "__pycache__")) for part in inside
            ):
                yield read_program_file(file, base)


_BY_COMMAND = """\
Name the folder that holds alembic.ini; or, if the project runs Alembic in a way of
its own, the command: migrations = { command = ["…", "…"], path = "…" }."""

LAYOUT = AlembicLayout()
