\echo Use "CREATE EXTENSION pg_graphql" to load this file. \quit

-- A stub with the signature of the function that applications call.

CREATE FUNCTION graphql.resolve(
  query text, variables jsonb DEFAULT '{}', "operationName" text DEFAULT NULL,
  extensions jsonb DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RAISE 'graphql.resolve is a stub' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --postgresql-exec /path/to/pg_ctl';
END $$;
GRANT USAGE ON SCHEMA graphql TO PUBLIC;
