"""Runs a migration tool and reports on it: ``python …/inside``, with a task.

The task is in the variable `USERSTATE_TASK`, as `programs` wrote it.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys


def main() -> None:
    """Make the siblings importable without a place on the path, and run one."""
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path.pop(0)  # ours: the tool would not have it
    package = "userstate_inside"
    spec = importlib.util.spec_from_file_location(
        package,
        os.path.join(folder, "__init__.py"),
        submodule_search_locations=[folder],
    )
    if spec is None:
        sys.exit(f"userstate: {folder} cannot be imported from")
    sys.modules[package] = importlib.util.module_from_spec(spec)
    task = json.loads(os.environ.pop("USERSTATE_TASK"))
    tool = "django" if task["tool"] == "django" else "alembic"
    module = importlib.import_module(f"{package}.{tool}_tool")
    sys.exit(module.run(task))


if __name__ == "__main__":
    main()
