"""What ``sqitch.conf`` says, as far as it counts here.

The grammar is that of Sqitch 1 (of Config::GitLike), and so is which section comes
before which (``App/Sqitch/Target.pm``, ``Command/deploy.pm``).
"""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re

import attrs

PLAN, SETTINGS = "sqitch.plan", "sqitch.conf"
_ENGINE = "engine.pg"
_CONTINUED = re.compile(r"\\\r?\n")
_SECTION = re.compile(r'\s*\[([^\s\[\]"]+)(?:[\t ]*"((?:[^"\\]|\\.)*)")?\]')
_SETTING = re.compile(r"\s*([^\[=#;\s][^=]*?)[\t ]*=[\t ]*(.*)")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b"}
_VALUE = re.compile(
    r"""[ \t]*(?:[#;].*)?$          # nothing more
    | "(?P<quoted>(?:[^"\\]|\\.)*)"
    | (?P<plain>(?:[^\s"\\#;]|\\.)+)
    | (?P<blanks>[ \t]+)""",
    re.VERBOSE,
)


@attrs.frozen
class Settings:
    """The sections of a file, each by its name and that of its subsection."""

    sections: cabc.Mapping[str, cabc.Mapping[str, str]] = attrs.field(factory=dict)

    @classmethod
    def read(cls, file: pathlib.Path) -> Settings:
        """Read a file; one that cannot be read says nothing."""
        try:
            text = file.read_text("utf-8", errors="replace")
        except OSError:
            return cls()
        return cls(_sections(text))

    def get(self, key: str) -> str | None:
        """Return a setting of the target, else of the engine, else of all."""
        found = (self._section(name).get(key) for name in (*self._above[::-1], "core"))
        return next(filter(None, found), None)

    def variables(self) -> dict[str, str]:
        """Return the variables of psql that a deployment sets."""
        found: dict[str, str] = {}
        for section in ("core", "deploy", *self._above):
            found |= self._section(f"{section}.variables")
        return found

    @property
    def _above(self) -> tuple[str, ...]:
        """The sections of the engine and of the target that is deployed to."""
        target = self._section("core").get("target") or self._section(_ENGINE).get(
            "target"
        )
        return (_ENGINE, f"target.{target}") if target else (_ENGINE,)

    def _section(self, name: str) -> cabc.Mapping[str, str]:
        return self.sections.get(name, {})


@attrs.frozen
class Project:
    """Where a project keeps what, as ``sqitch.conf`` says or Sqitch assumes."""

    file: pathlib.Path
    settings: Settings
    plan: pathlib.Path
    deploy: pathlib.Path
    reworked: pathlib.Path

    @classmethod
    def at(cls, folder: pathlib.Path) -> Project:
        """Return the project of a folder, by the nearest file at or above it."""
        home = next(
            (
                each
                for each in (folder, *folder.absolute().parents[:2])
                if (each / SETTINGS).is_file()
            ),
            folder,
        )
        settings = Settings.read(home / SETTINGS)

        def named(key: str, otherwise: pathlib.Path) -> pathlib.Path:
            place = settings.get(key)
            return otherwise if place is None else home / place

        deploy = named("deploy_dir", folder / "deploy")
        return cls(
            file=home / SETTINGS,
            settings=settings,
            plan=named("plan_file", folder / PLAN),
            deploy=deploy,
            reworked=named("reworked_dir", deploy.parent) / deploy.name,
        )

    @property
    def extension(self) -> str:
        """What the names of scripts end in."""
        return self.settings.get("extension") or "sql"

    @property
    def registry(self) -> str:
        """The schema of Sqitch's own tables."""
        return self.settings.get("registry") or "sqitch"


def _sections(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    has_variables = False
    for whole in _CONTINUED.sub("", text).splitlines():
        line = whole
        if (head := _SECTION.match(line)) is not None:
            below = _ESCAPE.sub(r"\1", head[2] or "")
            name = ".".join(filter(None, (head[1].lower(), below)))
            section = found.setdefault(name, {})
            has_variables = name.endswith(".variables")
            line = whole[head.end() :]
        if (setting := _SETTING.match(line)) is not None:
            key = setting[1] if has_variables else setting[1].lower()
            section[key] = _value(setting[2])
    return found


def _value(text: str) -> str:
    """Return a value: quotes and escapes undone, without what follows it."""
    found, position = "", 0
    while (part := _VALUE.match(text, position)) and part.end() > position:
        if part["quoted"] is None and part["plain"] is None:
            found += " " if part["blanks"] else ""
        else:
            found += _ESCAPE.sub(_unescaped, part["quoted"] or part["plain"] or "")
        position = part.end()
    return found


def _unescaped(escape: re.Match[str]) -> str:
    return _ESCAPES.get(escape[1], escape[1])
