\echo Use "CREATE EXTENSION pg_graphql" to load this file. \quit

-- A stub with the signature of the function that applications call.
--
-- PostgreSQL runs this as superuser, with a search path that a migration chooses:
-- see pgcrypto--1.3.sql.

CREATE FUNCTION graphql.resolve(
  query pg_catalog.text, variables pg_catalog.jsonb DEFAULT '{}',
  "operationName" pg_catalog.text DEFAULT NULL,
  extensions pg_catalog.jsonb DEFAULT NULL
) RETURNS pg_catalog.jsonb
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE 'graphql.resolve is a stub' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $$;
GRANT USAGE ON SCHEMA graphql TO PUBLIC;
