"""The languages that are read: the only place that lists them."""

from __future__ import annotations

import typing as typ

from pytest_userstate.outbound.wiring.syntax.csharp import CSHARP
from pytest_userstate.outbound.wiring.syntax.ecmascript import (
    JAVASCRIPT,
    TSX,
    TYPESCRIPT,
)
from pytest_userstate.outbound.wiring.syntax.go import GO
from pytest_userstate.outbound.wiring.syntax.jvm import JAVA, KOTLIN
from pytest_userstate.outbound.wiring.syntax.language import Language
from pytest_userstate.outbound.wiring.syntax.python import PYTHON
from pytest_userstate.outbound.wiring.syntax.rust import RUST

LANGUAGES: typ.Final[tuple[Language, ...]] = (
    CSHARP,
    GO,
    JAVA,
    JAVASCRIPT,
    KOTLIN,
    PYTHON,
    RUST,
    TSX,
    TYPESCRIPT,
)
"""Every language, by name."""

BY_SUFFIX: typ.Final[dict[str, Language]] = {
    suffix: language for language in LANGUAGES for suffix in language.suffixes
}
"""The language of a file, by how its name ends."""
