"""Any other tool: a command of the repository's own, run without a shell."""

from __future__ import annotations

import os
import pathlib
import shlex

from pytest_userstate.domain.errors import ConfigurationError
from pytest_userstate.outbound.migrations.layout import (
    ENVIRONMENT,
    NO_OPTIONS,
    Confidence,
    LayoutDefaults,
    Option,
    OptionKind,
    Options,
    label,
)
from pytest_userstate.outbound.migrations.programs.plan import (
    Program,
    ProgramFile,
    ProgramPlan,
    environment_of,
    read_program_file,
)

_WARNING = (
    "the migrations are applied by a command of the repository's own: which of them"
    " made a table is not known, nor in which table it keeps its records"
)


class CommandLayout(LayoutDefaults):
    """A command that migrates the database of `DATABASE_URL`."""

    name = "command"
    expects = 'anything: migrations = { command = ["make", "migrate"], path = "…" }'
    options = (Option("command", OptionKind.COMMAND), ENVIRONMENT)
    takes_a_file = None
    needs_a_path = False

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """No folder says by itself which command is to be run."""
        del path
        return Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> ProgramPlan:
        """Read the files that the command is for, if they are named."""
        # Imported here, since every search for migrations imports this module.
        from pytest_userstate.outbound.migrations.programs.processes import (  # noqa: PLC0415
            redacted,
        )

        arguments = options.texts("command")
        if not arguments:
            message = (
                "the tool command needs a command: migrations = { command = "
                '["make", "migrate"] }'
            )
            raise ConfigurationError(message, file="userstate.toml", key="migrations")
        is_named = path != base
        return ProgramPlan(
            layout=self.name,
            program=Program(
                arguments=arguments,
                command=redacted(shlex.join(arguments), environment={}),
                folder=base,
                environment=environment_of(options),
            ),
            base=base,
            others=tuple(_files(path, base)) if is_named else (),
            origin=label(path, base) if is_named else "",
            warnings=(_WARNING,),
        )


def _files(path: pathlib.Path, base: pathlib.Path) -> list[ProgramFile]:
    if path.is_file():
        return [read_program_file(path, base)]
    found = []
    for step, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            read_program_file(pathlib.Path(step, name), base)
            for name in sorted(names)
            if not name.startswith(".")
        ]
    return found


LAYOUT = CommandLayout()
