"""The layers hold, and the check that says so can turn red."""

from __future__ import annotations

import ast
import pathlib
import shutil
import subprocess
import sys
import tomllib

import pytest

import pytest_userstate
from pytest_userstate.outbound.migrations.tools.reader import SqlLayout
from pytest_userstate.outbound.migrations.tools.registry import layouts
from pytest_userstate.outbound.migrations.tools.rules import PrismaLayout

ROOT = pathlib.Path(__file__).parents[2]
PACKAGE = pathlib.Path(pytest_userstate.__file__).parent
DOMAIN = sorted((PACKAGE / "domain").rglob("*.py"))


def lint_imports(folder: pathlib.Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package in the folder."""
    program = pathlib.Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def copy(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a copy of the package that a test may spoil."""
    shutil.copytree(PACKAGE, tmp_path / "pytest_userstate")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_layers_hold(copy: pathlib.Path) -> None:
    """Every contract is kept."""
    done = lint_imports(copy)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("domain/gate.py", "import pytest_userstate.inbound.items"),
        ("domain/gate.py", "import pytest_userstate.outbound.files"),
        ("domain/gate.py", "import psycopg"),
        ("domain/gate.py", "import pathlib"),
        ("application/audit.py", "import pytest_userstate.bootstrap"),
        ("application/audit.py", "import psycopg"),
        ("inbound/items.py", "import pytest_userstate.outbound.files"),
        ("inbound/items.py", "import psycopg"),
        ("outbound/files.py", "import pytest_userstate.inbound.items"),
    ],
)
def test_a_broken_layer_is_found(copy: pathlib.Path, module: str, line: str) -> None:
    """An import that a layer forbids fails the check."""
    path = copy / "pytest_userstate" / module
    text = path.read_text().replace(
        "from __future__ import annotations\n",
        f"from __future__ import annotations\n\n{line}\n",
    )
    path.write_text(text)
    done = lint_imports(copy)
    assert done.returncode == 1, done.stdout + done.stderr


def test_a_module_without_a_place_is_found(copy: pathlib.Path) -> None:
    """The layers are exhaustive: nobody slips a module in beside them."""
    (copy / "pytest_userstate" / "helpers.py").write_text('"""Stray."""\n')
    done = lint_imports(copy)
    assert done.returncode == 1, done.stdout + done.stderr


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: path.stem)
def test_the_domain_has_no_clock_and_no_chance(path: pathlib.Path) -> None:
    """The domain asks neither for the time nor for random numbers."""
    tree = ast.parse(path.read_text())
    attributes = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    imports = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not attributes & {"today", "now", "utcnow", "monotonic", "perf_counter"}
    assert not imports & {"random", "secrets", "uuid", "time"}


def test_every_tool_is_kept_apart() -> None:
    """The contract lists the modules of tools that are more than a row of rules."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    [contract] = (
        each
        for each in settings["tool"]["importlinter"]["contracts"]
        if each["id"] == "tools-know-nothing-of-each-other"
    )
    modules = {
        type(layout).__module__
        for layout in layouts()
        if type(layout) is not SqlLayout and not isinstance(layout, PrismaLayout)
    }
    assert set(contract["modules"]) == modules
