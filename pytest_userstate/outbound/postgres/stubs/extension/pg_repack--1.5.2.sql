\echo Use "CREATE EXTENSION pg_repack" to load this file. \quit

-- A stub: tables are rewritten as they are.
