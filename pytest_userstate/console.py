"""The command ``pytest-userstate``: pytest with the audit, and a few answers.

``pytest-userstate`` is ``pytest --userstate-audit`` without the plugins, the settings,
and the ``conftest.py`` of the repository's tests, and takes every option of pytest. A
word in front asks for something else: ``init`` writes a configuration, ``explain``
prints a section of the documentation, and ``schema`` prints the JSON Schema of the
configuration.
"""

from __future__ import annotations

import collections.abc as cabc
import difflib
import json
import pathlib
import re
import sys
import typing as typ

import pytest

from pytest_userstate.inbound.options import joined

_USAGE: typ.Final = """\
usage: pytest-userstate [PYTEST OPTIONS]               audit this repository
       pytest-userstate init [PYTEST OPTIONS]          write a first userstate.toml
       pytest-userstate explain [TOPIC]                explain a check or an advisory
       pytest-userstate schema                         print the configuration's schema

Every option of pytest and of the plugin works; `pytest --help` lists them, those of the
audit under "userstate". A topic is a check (interests.conflict), a coverage
(dual_model), the code of an advisory (US204), or a term (revision).
"""
_PLUGINS: typ.Final = {
    "userstate": ("",),
    "pytest_postgresql": ("--postgresql-",),
    "xdist": ("-n", "--numprocesses", "--dist", "--maxprocesses"),
}
"""The plugins that an audit needs, each with the beginnings of options that ask for it.
"""
_UNUSED_SETTINGS: typ.Final = ("addopts", "filterwarnings", "required_plugins")
_PAGES: typ.Final = ("checks.md", "advisories.md", "proving.md", "glossary.md")
_CHECK: typ.Final = re.compile(r"\w+\.(?P<axis>\w+)")
_COMMENT: typ.Final = re.compile(r"<!--.*?-->\n\n?", re.DOTALL)
_LINK: typ.Final = re.compile(r"\[([^\]]+)\]\([^)]+\)")


def main(arguments: cabc.Sequence[str] | None = None) -> int:
    """Run a command; return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line without the name of the program; `sys.argv` by default.

    Returns
    -------
    int
        pytest's exit status; 4 for an unknown topic.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    match words:
        case ["explain", *topics]:
            return _explain(topics)
        case ["-h" | "--help"]:
            sys.stdout.write(_USAGE)
            return 0
        case ["schema"]:
            return _print_schema()
        case ["init", *options]:
            return _audit(["--userstate-init", *options])
        case options:
            return _audit(options)


def _audit(options: cabc.Sequence[str]) -> int:
    """Run pytest with the audit, in this process.

    The settings and the `conftest.py` of the repository's tests do not apply: they may
    need packages that are not installed here.
    """
    plugins = ["--disable-plugin-autoload"]
    for name, starts in _PLUGINS.items():
        if any(word.startswith(starts) for word in ["", *options]):
            plugins += ["-p", name]
    settings = [word for name in _UNUSED_SETTINGS for word in ("-o", f"{name}=")]
    audit = ["--noconftest", "--userstate-audit"]
    return int(pytest.main([*plugins, *settings, *audit, *joined(options)]))


def _print_schema() -> int:
    """Print the JSON Schema of the configuration."""
    from pytest_userstate.application.configuration_schema import (  # noqa: PLC0415
        configuration_schema,
    )

    sys.stdout.write(f"{json.dumps(configuration_schema(), indent=2)}\n")
    return 0


def _explain(topics: cabc.Sequence[str]) -> int:
    """Print the section about each topic, or the list of topics."""
    sections = dict(_sections())
    if not topics:
        sys.stdout.write("\n".join(["Topics:", *sections, ""]))
        return 0
    for topic in topics:
        text = _section(topic, sections)
        if text is None:
            sys.stderr.write(_unknown(topic, sections))
            return int(pytest.ExitCode.USAGE_ERROR)
        sys.stdout.write(f"{text}\n")
    return 0


def _section(topic: str, sections: cabc.Mapping[str, str]) -> str | None:
    """Return the section about a heading, the axis of a check, or a coverage."""
    check = _CHECK.fullmatch(topic)
    name = check.group("axis") if check else topic.replace("-", "_")
    for heading, text in sections.items():
        if name.casefold() == heading.casefold():
            return text
    coverage = f"`{name.replace(' ', '_')}`"  # as the matrix spells it: dual model
    return next((text for text in sections.values() if coverage in text), None)


def _unknown(topic: str, sections: cabc.Mapping[str, str]) -> str:
    """Return the message about a topic that no section is about."""
    near = difflib.get_close_matches(topic, sections, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return (
        f"ERROR: nothing is documented about {topic!r}.{hint}\n"
        "`pytest-userstate explain` lists the topics; a check (interests.conflict) "
        "and a coverage (dual_model) work, too.\n"
    )


def _sections() -> cabc.Iterator[tuple[str, str]]:
    """Yield the sections of the pages, each with the first word of its heading."""
    for page in _PAGES:
        text = (_documentation() / page).read_text(encoding="utf-8")
        text = _COMMENT.sub("", text)
        for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
            heading, _, body = part.partition("\n")
            name, _, _ = heading.partition(":")
            yield name, _LINK.sub(r"\1", f"{heading}\n{body.rstrip()}")


def _documentation() -> pathlib.Path:
    """Return the folder of the pages: in the package, or beside it in a checkout."""
    package = pathlib.Path(__file__).parent
    installed = package / "docs"
    return installed if installed.is_dir() else package.parent / "docs"
