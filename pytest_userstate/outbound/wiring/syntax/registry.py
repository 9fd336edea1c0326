"""The languages that are read: the only place that lists them.

A language is imported when the first file of its own is met.
"""

from __future__ import annotations

import functools
import importlib
import typing as typ

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.wiring.syntax.language import Language

_HOMES: typ.Final[dict[str, tuple[str, str]]] = {
    ".cs": ("csharp", "CSHARP"),
    ".go": ("go", "GO"),
    ".java": ("jvm", "JAVA"),
    **dict.fromkeys((".kt", ".kts"), ("jvm", "KOTLIN")),
    **dict.fromkeys((".cjs", ".js", ".jsx", ".mjs"), ("ecmascript", "JAVASCRIPT")),
    ".py": ("python", "PYTHON"),
    ".rs": ("rust", "RUST"),
    **dict.fromkeys((".cts", ".mts", ".ts"), ("ecmascript", "TYPESCRIPT")),
    ".tsx": ("ecmascript", "TSX"),
}

SUFFIXES: typ.Final = frozenset(_HOMES)
"""What the files of these languages end in."""


@functools.cache
def language_of(suffix: str) -> Language:
    """Return the language of files that end in the suffix, one of `SUFFIXES`."""
    module, name = _HOMES[suffix]
    package = __name__.rpartition(".")[0]
    language: Language = getattr(importlib.import_module(f"{package}.{module}"), name)
    return language
