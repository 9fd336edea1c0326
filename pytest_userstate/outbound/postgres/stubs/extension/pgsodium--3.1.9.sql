\echo Use "CREATE EXTENSION pgsodium" to load this file. \quit

-- A stub: its schema is what dumps refer to.
