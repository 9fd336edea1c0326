"""The batch of queries that every reading starts with.

Plain scans of single catalogs, joined in Python: on a small schema most of the
time goes into planning, which a join doubles; on a large one into deparsing,
which is asked for only where text is needed.

Objects that users create have object identifiers from 16384 on
(``FirstNormalObjectId`` in PostgreSQL's ``access/transam.h``).
"""

from __future__ import annotations

import functools
import typing as typ

from pytest_userstate.outbound.postgres.catalog.access_queries import (
    PRIVILEGE_LISTS,
    ROLES,
    SEQUENCES,
)
from pytest_userstate.outbound.postgres.catalog.constraint_queries import (
    ACCESS_METHODS,
    CONSTRAINTS,
    INDEXES,
    POLICIES,
    RULES,
    TRIGGERS,
)
from pytest_userstate.outbound.postgres.catalog.function_queries import (
    DEFAULT_PRIVILEGES,
    FUNCTIONS,
)
from pytest_userstate.outbound.postgres.catalog.query import Query
from pytest_userstate.outbound.postgres.catalog.relation_queries import (
    ATTRIBUTES,
    COMMENTS,
    DEFAULTS,
    EXTENSIONS,
    INHERITANCE,
    MEMBERS,
    RELATIONS,
    SCHEMAS,
)
from pytest_userstate.outbound.postgres.catalog.type_queries import (
    COERCIONS,
    LABELS,
    OPERATOR_CLASSES,
    RANGES,
    USER_TYPES,
)

TOGETHER: typ.Final[tuple[Query[typ.Any], ...]] = (
    SCHEMAS,
    RELATIONS,
    ATTRIBUTES,
    DEFAULTS,
    CONSTRAINTS,
    INDEXES,
    TRIGGERS,
    POLICIES,
    RULES,
    INHERITANCE,
    USER_TYPES,
    LABELS,
    RANGES,
    COMMENTS,
    EXTENSIONS,
    MEMBERS,
    ACCESS_METHODS,
    OPERATOR_CLASSES,
    COERCIONS,
    SEQUENCES,
    PRIVILEGE_LISTS,
    ROLES,
    FUNCTIONS,
    DEFAULT_PRIVILEGES,
)
"""What is asked in one go; the rest depends on the answers."""


@functools.cache
def text_for(server_version: int) -> bytes:
    """Return all of `TOGETHER` for a server of this version, as one batch."""
    return ";".join(query.text(server_version) for query in TOGETHER).encode()
