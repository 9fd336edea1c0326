"""What a Spring Boot application says about Flyway: ``spring.flyway.…``.

Names are bound loosely, as Spring binds them (``sql-migration-prefix`` is
``sqlMigrationPrefix``; ``FlywayProperties.java``). Of YAML only the plain part is
known: maps and lists in lines, and what stands in them between brackets or quotes.
"""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

FILES = ("application.yaml", "application.yml", "application.properties")
"""By rising precedence."""

_HEEDED = {
    name.lower(): name
    for name in (
        *("locations", "table", "defaultSchema", "schemas", "target", "installedBy"),
        *("placeholderReplacement", "placeholderPrefix", "placeholderSuffix"),
        *("placeholderSeparator", "sqlMigrationPrefix", "sqlMigrationSeparator"),
        *("sqlMigrationSuffixes", "repeatableSqlMigrationPrefix", "mixed"),
        *("baselineMigrationPrefix", "undoSqlMigrationPrefix", "initSqls"),
        *("validateMigrationNaming", "executeInTransaction", "enabled"),
    )
}
_KEY = re.compile(
    r"spring\.flyway\.(?P<name>[\w-]+)"
    r"(?:\[(?P<index>\d+)\]|\.?\[(?P<exact>.+)\]|\.(?P<below>.+))?"
)
_OF_A_PROFILE = re.compile(
    r"spring\.(?:config\.activate\.on-|profiles$)", re.IGNORECASE
)
_VARIABLE = re.compile(r"\$\{([^${}:]+)(?::([^${}]*))?\}")
_NEXT_DOCUMENT = re.compile(r"^(?:---|[#!]---)[ \t]*(?:#.*)?$", re.MULTILINE)
_PROPERTY = re.compile(r"\s*((?:[^\\:=\s]|\\.)+)[ \t\f]*[:=]?[ \t\f]*(.*)")
_CONTINUED = re.compile(r"(?<!\\)((?:\\\\)*)\\\r?\n[ \t\f]*")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}
_LINE = re.compile(
    r"""(?P<indent>[ ]*)(?P<item>-(?:[ ]+|$))?
    (?:(?P<key>"[^"]*"|'[^']*'|[^\s"'\[\]{},&*#?|>%@`-][^\s#]*?):(?:[ ]+|$))?
    (?P<value>.*)""",
    re.VERBOSE,
)
_SCALAR = re.compile(
    r"""(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^']|'')*)'
    |(?P<plain>[^\s"'\[\]{},&*#!|>%@`](?:[^\s#]|[ \t]+(?!\#)[^\s]|(?<=\S)\#)*))?
    [ \t]*(?:\#.*)?""",
    re.VERBOSE,
)
_LIST = re.compile(r"\[(.*)\][ \t]*(?:#.*)?")
_FLYWAY = "spring.flyway"

Values = dict[str, typ.Any]


class SpringError(ValueError):
    """A file holds what is not known here; the message says what, without a place."""


def values_of(name: str, text: str) -> Values:
    """Return all values of a file, but for those of single profiles.

    Parameters
    ----------
    name : str
        The file's name, which says how it is written.
    text : str
        Its text.

    Raises
    ------
    SpringError
        Where YAML about Flyway is written in a way that is not known.
    """
    read = _properties if name.endswith(".properties") else _yaml
    found: Values = {}
    line = 1
    for document in _NEXT_DOCUMENT.split(text):
        values = read(document, line)
        line += document.count("\n")
        if not any(map(_OF_A_PROFILE.match, values)):
            found |= values
    return found


def settings_in(values: cabc.Mapping[str, typ.Any]) -> Values:
    """Return Flyway's settings by the names that Flyway itself has for them.

    Raises
    ------
    SpringError
        For a setting whose value comes from the environment.
    """
    found: Values = {}
    placeholders: dict[str, str] = {}
    for key, value in values.items():
        match = _KEY.fullmatch(key)
        if match is None:
            continue
        name = re.sub("[-_]", "", match["name"]).lower()
        below = match["below"] or match["exact"] or match["index"]
        if name == "placeholders" and below:
            resolved = _resolved(str(value), values)
            if resolved is not None:  # else whoever uses it is told that it has none
                placeholders[below] = resolved
        elif name in _HEEDED:
            several = [value] if isinstance(value, str) else value
            texts = [_expected(name, key, str(each), values) for each in several]
            given = texts[0] if isinstance(value, str) and not match["index"] else texts
            known = found.get(_HEEDED[name], [])
            found[_HEEDED[name]] = [*known, *texts] if match["index"] else given
    if not found and not placeholders:
        return {}
    if str(found.pop("enabled", "true")).lower() == "false":
        return {}
    if "initSqls" in found:
        sqls = found.pop("initSqls")
        found["initSql"] = sqls if isinstance(sqls, str) else "\n".join(sqls)
    return {**found, "placeholders": placeholders}


def _expected(
    name: str, key: str, text: str, values: cabc.Mapping[str, typ.Any]
) -> str:
    resolved = _resolved(text, values)
    if resolved is None and name == "locations":
        return text  # where there is no folder
    if resolved is None:
        message = (
            f": `{key}` is {text}, whose value is not in the file.\nThe environment is"
            " not asked, since what the audit finds is to follow from the\nrepository"
            " alone. Give it a default there (${NAME:default}), or say all of it in\n"
            "flyway.toml beside the folder src, which is then read instead."
        )
        raise SpringError(message)
    return resolved


def _resolved(text: str, values: cabc.Mapping[str, typ.Any]) -> str | None:
    """Return the text with other values of the file, or defaults, for variables."""
    for _ in range(len(values) + 1):
        match = _VARIABLE.search(text)
        if match is None:
            return text
        value = values.get(match[1], match[2])
        if value is None:
            return None
        text = f"{text[: match.start()]}{value}{text[match.end() :]}"
    return None


def _properties(text: str, line: int) -> Values:
    del line  # nothing is refused
    found: Values = {}
    for each in _CONTINUED.sub(r"\1", text).splitlines():
        match = _PROPERTY.match(each)
        if match is not None and match[1][0] not in "#!":
            found[_ESCAPE.sub(_unescaped, match[1])] = _ESCAPE.sub(
                _unescaped, match[2]
            ).rstrip()
    return found


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return _ESCAPES.get(escape[2], escape[2])


def _yaml(text: str, first: int) -> Values:
    """Return the values by the names of all maps above them, with dots between."""
    found: Values = {}
    above: list[tuple[int, str]] = []  # how far they are indented, and their names
    for number, line in enumerate(text.splitlines(), first):
        match = _LINE.fullmatch(line)
        if match is None or line.strip()[:1] in {"", "#"}:
            continue
        indent, key = len(match["indent"]), (match["key"] or "").strip("\"'")
        # An item may stand as far to the left as the name of its list.
        while above and above[-1][0] >= indent + bool(match["item"]):
            above.pop()
        path = ".".join(filter(None, (*(name for _, name in above), key)))
        value = _yaml_value(match["value"])
        is_known = value is not None and bool(key) is not bool(match["item"])
        if f"{path}.".startswith(f"{_FLYWAY}.") and not is_known:
            message = (
                f":{number}: {line.strip()!r} is YAML that is not read here.\n"
                "Write it in lines of `key: value` and `- value`, or say what is under"
                f" {_FLYWAY}\nin application.properties or in flyway.toml."
            )
            raise SpringError(message)
        if is_known and match["item"]:
            items = found.get(path, [])
            found[path] = [*(items if isinstance(items, list) else []), value]
        elif is_known and match["value"].split("#")[0].strip():
            found[path] = value
        elif key:
            above.append((indent, key))
    return found


def _yaml_value(text: str) -> str | list[str] | None:
    """Return a value, or None where it is of a form that is not known."""
    if text.strip() == "{}":
        return ""
    if (listed := _LIST.fullmatch(text)) is not None:
        parts = [_yaml_value(each.strip()) for each in listed[1].split(",")]
        texts = [each for each in parts if isinstance(each, str)]
        return texts if len(texts) == len(parts) else None
    match = _SCALAR.fullmatch(text)
    if match is None:
        return None
    if match["double"] is not None:
        return _ESCAPE.sub(_unescaped, match["double"])
    if match["single"] is not None:
        return match["single"].replace("''", "'")
    return match["plain"] or ""
