"""Flyway's placeholders (``PlaceholderReplacingReader.java``)."""

from __future__ import annotations

import collections.abc as cabc

import attrs

from pytest_userstate.domain.errors import MigrationError


@attrs.frozen
class Placeholders:
    """The values there are, and how they are written.

    Parameters
    ----------
    values : mapping
        By name; the case of names does not count.
    prefix, suffix, separator : str
        What stands around a name, and in the names of Flyway's own.
    """

    values: cabc.Mapping[str, str] = attrs.field(factory=dict)
    prefix: str = "${"
    suffix: str = "}"
    separator: str = ":"

    def replaced(self, sql: str, path: str, own: cabc.Mapping[str, str]) -> str:
        """Return the text with each placeholder's value, in comments, too.

        Parameters
        ----------
        sql : str
            The text of a file.
        path : str
            How messages name it.
        own : mapping
            Flyway's own values for this file, without ``flyway:``.

        Raises
        ------
        MigrationError
            For a placeholder that has no value, or no end.
        """
        if self.prefix not in sql:
            return sql
        values = {name.lower(): value for name, value in self.values.items()}
        values |= {f"flyway{self.separator}{key}".lower(): own[key] for key in own}
        done: list[str] = []
        position = 0
        while (start := sql.find(self.prefix, position)) >= 0:
            end = sql.find(self.suffix, start + len(self.prefix))
            name = sql[start + len(self.prefix) : end if end >= 0 else None]
            if end < 0 or name.lower() not in values:
                raise self._unknown(sql, path, start, name if end >= 0 else None)
            done += [sql[position:start], values[name.lower()]]
            position = end + len(self.suffix)
        return "".join((*done, sql[position:]))

    def _unknown(
        self, sql: str, path: str, start: int, name: str | None
    ) -> MigrationError:
        line = sql.count("\n", 0, start) + 1
        column = start - sql.rfind("\n", 0, start)
        if name is None:
            problem = f"{self.prefix!r} begins a placeholder that never ends."
        else:
            problem = f"no value is given for {self.prefix}{name}{self.suffix}."
        known = ", ".join(sorted(self.values)) or "none"
        message = (
            f"{path}:{line}:{column}: {problem}\n"
            "Flyway replaces placeholders everywhere, in comments and literals, too,"
            f" and\nrefuses one without a value. Values are given for: {known}.\n"
            "Give it where Flyway is configured (placeholders in flyway.toml,"
            " flyway.conf, or\nunder spring.flyway, where a variable of the environment"
            " needs a default),\nor in userstate.toml: migrations = { path = …, layout"
            f' = "flyway",\nplaceholders = {{ {name or "name"} = "…" }} }}.'
        )
        return MigrationError(message, path=path, line=line, column=column)
