"""Small source trees, scanned by the real parser."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re
import textwrap

from pytest_userstate.application.settings import PortScan
from pytest_userstate.domain.evidence import EvidenceKind
from pytest_userstate.domain.wiring import PortWiring, Wiring
from pytest_userstate.outbound.wiring.assembly import ConfigurationPlace
from pytest_userstate.outbound.wiring.scanned import ScannedWiringRepository

PORT = "UserInterestsCommand"


def write(folder: pathlib.Path, files: cabc.Mapping[str, str | bytes]) -> None:
    """Write files, their texts dedented."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(textwrap.dedent(content).lstrip("\n"), encoding="utf-8")


def scan(
    folder: pathlib.Path,
    files: cabc.Mapping[str, str | bytes],
    **fields: object,
) -> Wiring:
    """Write the files and look for the port of interests in them.

    If none names the port, one more file does, since every port is named somewhere.
    """
    write(folder, files)
    if "port" not in fields:
        texts = [text for text in files.values() if isinstance(text, str)]
        if not any(re.search(rf"\b{PORT}\b", text) for text in texts):
            write(folder, {"names_the_port.py": f"# {PORT}\n"})
    port = PortScan(**({"entity": "interests", "port": PORT} | fields))
    return ScannedWiringRepository([port], place=place(folder)).load()


def place(folder: pathlib.Path) -> ConfigurationPlace:
    """Return the place of a configuration in the folder."""
    return ConfigurationPlace(base=folder, file="userstate.toml")


def uses(port: PortWiring) -> list[str]:
    """Return what is used where, as `NAME FILE:LINE`."""
    return [
        f"{fact.subject} {fact.source}"
        for fact in port.facts
        if fact.kind is EvidenceKind.PRESENT
    ]


def near(port: PortWiring) -> dict[str, str]:
    """Return what does not count, and why."""
    return {
        fact.subject: fact.detail
        for fact in port.facts
        if fact.kind is EvidenceKind.NEAR_MISS
    }


def lines_of_uses(
    folder: pathlib.Path,
    name: str,
    text: str,
    others: cabc.Mapping[str, str],
    **fields: object,
) -> list[str]:
    """Scan a file beside others; return the uses in it as `NAME:LINE`."""
    (port,) = scan(folder, {**others, name: text}, **fields).ports
    return [each.replace(f" {name}", "") for each in uses(port)]
