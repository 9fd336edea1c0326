\echo Use "CREATE EXTENSION pgaudit" to load this file. \quit

-- A stub: the real one logs statements, and has nothing that a schema could use.
