\echo Use "CREATE EXTENSION hypopg" to load this file. \quit

-- A stub: hypothetical indexes are no part of a schema.
