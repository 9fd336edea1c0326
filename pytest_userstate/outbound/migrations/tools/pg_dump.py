"""A file that pg_dump wrote as SQL, or any other that psql would load."""

from __future__ import annotations

import pathlib

from pytest_userstate.outbound.migrations.layout import Confidence, LayoutDefaults
from pytest_userstate.outbound.migrations.options import NO_OPTIONS, Options
from pytest_userstate.outbound.migrations.plan import Plan
from pytest_userstate.outbound.migrations.tools.dump_file import ADVICE, dump_in


class PgDumpLayout(LayoutDefaults):
    """The layout of a file that holds a whole schema."""

    name = "pg_dump"
    expects = "no folder, but one SQL file, such as pg_dump writes"
    takes_a_file = True

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Tell whether it is a file, with which nothing else could be done."""
        return Confidence.FALLBACK if path.is_file() else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read the file."""
        del options  # there are none
        dump = dump_in(path, base)
        return Plan(
            layout=self.name,
            migrations=(dump.migration,),
            roles=dump.roles,
            advice_on_transactions=ADVICE,
            warnings=dump.warnings,
        )


LAYOUT = PgDumpLayout()
