\echo Use "ALTER EXTENSION pgcrypto UPDATE TO '1.4'" to load this file. \quit

CREATE FUNCTION fips_mode() RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'fips_mode is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END
$body$;
