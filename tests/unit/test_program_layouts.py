"""What the layouts of programs find, and what they run; nothing is run here."""

from __future__ import annotations

import pathlib
import re
import sys

import pytest

from pytest_userstate.domain.errors import (
    ConfigurationError,
    MigrationError,
    TargetNotFoundError,
    UsageError,
)
from pytest_userstate.outbound.migrations.finding.discovery import (
    LayoutChoice,
    Target,
    locate,
)
from pytest_userstate.outbound.migrations.programs.plan import ProgramPlan
from tests.helpers.programs import AlembicProject, DjangoProject, Project


@pytest.fixture
def alembic(tmp_path: pathlib.Path) -> AlembicProject:
    """Make a project of two revisions."""
    return AlembicProject(tmp_path).revise("pass", "pass")


@pytest.fixture
def django(tmp_path: pathlib.Path) -> DjangoProject:
    """Make a project of one migration."""
    return DjangoProject(tmp_path).migrate("")


def found(project: Project, path: str | None = None, **options: object) -> Target:
    """Find the migrations as an audit does."""
    layout = options.pop("layout", None)
    return locate(
        root=project.path,
        base=project.path,
        path=None if path is None else str(project.path / path),
        path_given_by="`migrations` in userstate.toml",
        choice=LayoutChoice(
            layout=None if layout is None else str(layout), options=options
        ),
    )


def refusal(project: Project, path: str | None = None, **options: object) -> str:
    """Return why nothing is found."""
    with pytest.raises((UsageError, MigrationError)) as caught:
        found(project, path, **options)
    return str(caught.value)


def test_alembic_is_found_by_its_ini(alembic: AlembicProject) -> None:
    """The folder is that of env.py, the command that of the ini's folder."""
    target = found(alembic)
    plan = target.plan
    assert isinstance(plan, ProgramPlan)
    assert (target.relative_path, target.found) == ("db", "found by alembic.ini")
    assert [each.path for each in plan.migrations] == [
        *("db/versions/r1.py", "db/versions/r2.py"),
    ]
    assert plan.program.folder == alembic.path
    assert plan.program.command == "python -m alembic upgrade head"
    assert plan.program.python is not None
    assert plan.program.python.path == pathlib.Path(sys.executable)
    assert target.first_file == "alembic.ini"


def test_alembic_is_found_by_pyproject(alembic: AlembicProject) -> None:
    """Since 1.16 its table is an alternative; other tables are no sign."""
    (alembic.path / "alembic.ini").unlink()
    alembic.write("pyproject.toml", "[tool.ruff]\n")
    alembic.write(
        "backend/pyproject.toml",
        '[tool.alembic]\nscript_location = "%(here)s/../db"\n'
        'version_locations = ["../db/versions", "more"]\n',
    )
    alembic.write("backend/more/r3.py", "")
    target = found(alembic)
    assert target.found == "found by backend/pyproject.toml"
    assert [each.path for each in target.plan.migrations] == [
        *("db/versions/r1.py", "db/versions/r2.py", "backend/more/r3.py"),
    ]


@pytest.mark.parametrize(
    ("location", "separator", "locations"),
    [
        ("db", "", "a b"),
        ("./db", "path_separator = os", "a:%(here)s/b"),
        ("db", "version_path_separator = space", "a b"),
        ("app:alembic", "path_separator = newline", "a\n    b"),
    ],
)
def test_locations_are_read_as_alembic_reads_them(
    alembic: AlembicProject, location: str, separator: str, locations: str
) -> None:
    """Several folders, in whichever way they are separated; packages, too."""
    alembic.write("app/alembic/env.py", "from alembic import context")
    for name in ("a", "b"):
        alembic.write(f"{name}/{name}1.py", "")
    (alembic.path / "alembic.ini").write_text(
        f"[alembic]\nscript_location = {location}\n{separator}\n"
        f"version_locations = {locations}\n"
    )
    target = found(alembic)
    assert target.relative_path == ("app/alembic" if ":" in location else "db")
    assert [each.path for each in target.plan.migrations] == ["a/a1.py", "b/b1.py"]


@pytest.mark.parametrize("path", ["db", "."])
def test_alembic_can_be_named(alembic: AlembicProject, path: str) -> None:
    """By the folder of env.py, or by that of alembic.ini."""
    target = found(alembic, path)
    assert target.plan.layout == "alembic"
    assert len(target.plan.migrations) == 2


def test_alembic_without_its_ini(alembic: AlembicProject) -> None:
    """What is missing is said, and the way out."""
    (alembic.path / "alembic.ini").unlink()
    message = refusal(alembic, "db")
    assert "db holds Alembic's scripts, but no alembic.ini" in message
    assert "command = [" in message


def test_flask_migrate(alembic: AlembicProject) -> None:
    """Its alembic.ini lies beside env.py, and says nothing; Flask needs a module."""
    (alembic.path / "alembic.ini").rename(alembic.path / "db/alembic.ini")
    (alembic.path / "db/alembic.ini").write_text("[alembic]\n")
    assert "no alembic.ini (nor" in refusal(alembic, "db")
    alembic.write("db/env.py", "from flask import current_app\nimport alembic\n")
    alembic.write("shop.py", "from factory import create_app\napp = create_app()\n")
    for file, application in (
        ("", {"FLASK_APP": "shop"}),
        (".flaskenv", {}),
        ("wsgi.py", {}),
    ):
        if file:
            alembic.write(file, "FLASK_APP=x")
        assert alembic.plan().program.environment == application
        (alembic.path / (file or "none")).unlink(missing_ok=True)


def test_an_ini_that_names_nothing_that_is_there(alembic: AlembicProject) -> None:
    """File, key, value, and what was looked for."""
    alembic.write("alembic.ini", "[alembic]\nscript_location = dbb\n")
    with pytest.raises(ConfigurationError) as caught:
        found(alembic)
    assert (caught.value.file, caught.value.key) == ("alembic.ini", "script_location")
    assert "is 'dbb', but there is no dbb/env.py" in str(caught.value)


def test_an_ini_that_cannot_be_read(alembic: AlembicProject) -> None:
    """The file, and what is wrong with it."""
    alembic.write("alembic.ini", "[alembic\n")
    assert refusal(alembic).startswith("alembic.ini cannot be read: ")


def test_alembic_without_revisions(alembic: AlembicProject) -> None:
    """Where they were looked for."""
    for file in (alembic.path / "db/versions").iterdir():
        file.unlink()
    assert "alembic.ini: there is no revision in db/versions" in refusal(alembic)


@pytest.mark.parametrize("name", ["db/versions/r1.py", "db/env.py"])
def test_the_digest_is_of_revisions_and_env(alembic: AlembicProject, name: str) -> None:
    """A comment in a model changes nothing, another revision does."""
    before = found(alembic).digest
    alembic.write("app/models.py", "# changed\n")
    alembic.write("db/versions/__init__.py", "# changed\n")
    assert found(alembic).digest == before
    (alembic.path / name).write_text("# alembic, changed\n")
    assert found(alembic).digest != before
    assert found(alembic, layout="alembic", target="heads").digest != before


def test_django_is_found_by_manage_py(django: DjangoProject) -> None:
    """One that is not Django's is no sign."""
    django.write("tools/manage.py", "import flask_script")
    target = found(django)
    plan = target.plan
    assert isinstance(plan, ProgramPlan)
    assert (target.relative_path, target.found) == (".", "found by manage.py")
    assert plan.program.command == "python manage.py migrate --noinput"
    assert [each.path for each in plan.others] == ["people/migrations/0001_m.py"]
    django.write("venv/lib/django/contrib/auth/migrations/__init__.py", "")
    django.write("venv/lib/django/contrib/auth/migrations/0001_initial.py", "")
    assert found(django).digest == target.digest
    django.write("people/migrations/0002_more.py", "")
    assert found(django).digest != target.digest


def test_django_can_be_named_by_an_app(django: DjangoProject) -> None:
    """All apps are migrated, since that is what manage.py does."""
    target = found(django, "people/migrations")
    assert target.plan.layout == "django"
    (django.path / "manage.py").unlink()
    message = refusal(django, "people/migrations")
    assert "people/migrations is of Django, but there is no manage.py" in message


def test_two_tools_of_one_repository(django: DjangoProject) -> None:
    """Which of them is meant cannot be guessed if both speak of users."""
    AlembicProject(django.path).revise("accounts = 1")
    message = refusal(django)
    assert ". (django, found by manage.py)" in message
    assert "db (alembic, found by alembic.ini)" in message


def test_a_command_needs_nothing_to_be_found(tmp_path: pathlib.Path) -> None:
    """Not even a path; with one, the digest is of what lies there."""
    project = Project(tmp_path)
    target = found(project, command=["make", "migrate"])
    plan = target.plan
    assert isinstance(plan, ProgramPlan)
    assert (plan.layout, plan.program.arguments) == ("command", ("make", "migrate"))
    assert plan.program.folder == tmp_path
    assert target.found == "`migrations` in userstate.toml"
    project.write("db/1.sql", "SELECT 1;")
    named = found(project, "db", command=["make", "migrate"])
    assert named.digest != target.digest
    assert (
        found(project, "db/1.sql", command=["make", "migrate"]).relative_path
        == "db/1.sql"
    )
    project.write("db/1.sql", "SELECT 2;")
    assert found(project, "db", command=["make", "migrate"]).digest != named.digest


def test_a_command_is_no_place_for_a_password(tmp_path: pathlib.Path) -> None:
    """Headers and messages show it without."""
    plan = found(Project(tmp_path), command=["up", "postgres://a:hunter2@h/"]).plan
    assert isinstance(plan, ProgramPlan)
    assert plan.program.command == "up postgres://a:********@h/"
    assert plan.program.arguments[1] == "postgres://a:hunter2@h/"


@pytest.mark.parametrize("command", ["make migrate", [], ["make", 1]])
def test_a_command_is_a_list(tmp_path: pathlib.Path, command: object) -> None:
    """There is no shell that would take a string apart."""
    message = refusal(Project(tmp_path), command=command)
    assert f"`migrations.command` is {command!r}; expected a list of the program" in (
        message
    )
    assert "it is run without a shell" in message


def test_a_command_beside_another_layout(tmp_path: pathlib.Path) -> None:
    """It would not be run."""
    message = refusal(Project(tmp_path), layout="plain", command=["make"])
    assert "`migrations.command` is no option of the tool plain" in message


def test_the_layout_command_without_a_command(tmp_path: pathlib.Path) -> None:
    """What it needs is shown."""
    assert "needs a command" in refusal(Project(tmp_path), layout="command")


def test_a_python_that_is_configured(alembic: AlembicProject) -> None:
    """Relative to the configuration; a name is looked up."""
    python = alembic.write(".venv/bin/python", "#!/bin/sh\n")
    message = refusal(alembic, python=".venv/bin/python")
    assert "`migrations.python` is '.venv/bin/python', but there is no such" in message
    python.chmod(0o755)
    plan = found(alembic, python=".venv/bin/python").plan
    assert isinstance(plan, ProgramPlan)
    assert plan.program.python is not None
    assert plan.program.python.path == python
    assert plan.program.command == ".venv/bin/python -m alembic upgrade head"
    plan = found(alembic, python="sh").plan
    assert isinstance(plan, ProgramPlan)
    assert plan.program.command.startswith("sh -m alembic")


def test_a_virtual_environment_of_the_repository(
    alembic: AlembicProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken if it has Alembic, unless pytest's own is active; a folder is none."""
    monkeypatch.setattr("sys.path", [str(alembic.path)])
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    alembic.write("alembic/env.py", "")
    alembic.write("venv/bin/python", "#!/bin/sh\n")
    alembic.write(".venv/bin/python", "#!/bin/sh\n")
    plan = found(alembic, "db").plan
    assert isinstance(plan, ProgramPlan)
    assert plan.program.command.startswith("python -m")  # which says what is missing
    alembic.write("venv/lib/python3.9/site-packages/alembic/__init__.py", "")
    plan = found(alembic, "db").plan
    assert isinstance(plan, ProgramPlan)
    assert plan.program.command.startswith("venv/bin/python -m")
    monkeypatch.undo()
    plan = found(alembic, "db").plan
    assert isinstance(plan, ProgramPlan)
    assert plan.program.command.startswith("venv/bin/python -m")
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    plan = found(alembic, "db").plan
    assert isinstance(plan, ProgramPlan)
    assert plan.program.python is not None
    assert plan.program.python.command == "python"
    assert plan.program.python.alternative == "venv/bin/python"


def test_nothing_is_found_by_a_project_file_alone(tmp_path: pathlib.Path) -> None:
    """A pyproject.toml without the table, and an unrelated manage.py."""
    project = Project(tmp_path)
    project.write("pyproject.toml", "[project]\nname = 'x'\n")
    project.write("manage.py", "print('hello')")
    with pytest.raises(TargetNotFoundError, match="No migrations were found"):
        found(project)


@pytest.mark.parametrize("section", ["core", "alembic:core", "core-db"])
def test_a_named_section_of_alembics_file(
    alembic: AlembicProject, section: str
) -> None:
    """The file and the lines to choose from; then the tool is run with the section."""
    ini = alembic.path / "alembic.ini"
    ini.write_text(ini.read_text().replace("[alembic]", f"[{section}]"))
    for path in (None, "db"):
        message = refusal(alembic, path)
        assert "alembic.ini has no `script_location` under [alembic]" in message
        line = 'migrations = { path = ".", tool = "alembic",'
        assert f'{line} section = "{section}" }}' in message
    plan = found(alembic, ".", layout="alembic", section=section).plan
    assert isinstance(plan, ProgramPlan)
    assert plan.program.arguments == ("-n", section, "upgrade", "head")
    assert f"alembic -n {section} upgrade head" in plan.program.command
    message = refusal(alembic, ".", layout="alembic", section="other")
    assert "no alembic.ini" in message


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("KEY", {"from": "NO_SUCH"}, "takes its value from NO_SUCH, which is not set"),
        ("PGHOST", "db.example.invalid", "would replace what the audit sets"),
        ("JDBC_DATABASE_URL", "jdbc:…", "would replace what the audit sets"),
        ("DEBUG", True, 'expected a table of variables: each a string, or { from = "'),
        ("KEY", {"form": "PGHOST"}, "expected a table of variables"),
    ],
)
def test_variables_that_cannot_be_given(
    tmp_path: pathlib.Path, name: str, value: object, told: str
) -> None:
    """They are refused before anything runs."""
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        Project(tmp_path).plan(command=["true"], environment={name: value})
