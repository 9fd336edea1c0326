\echo Use "CREATE EXTENSION supabase_vault" to load this file. \quit

-- A stub: the platform's own schema has the tables and functions already.
