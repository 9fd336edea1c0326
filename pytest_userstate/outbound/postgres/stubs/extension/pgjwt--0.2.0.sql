\echo Use "CREATE EXTENSION pgjwt" to load this file. \quit

-- A stub with the signatures of the real extension.
--
-- PostgreSQL runs this as superuser, with a search path that a migration chooses:
-- see pgcrypto--1.3.sql.

CREATE FUNCTION url_encode(data pg_catalog.bytea) RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT translate(encode(data, 'base64'), E'+/=\n', '-_')
$$;
CREATE FUNCTION url_decode(data pg_catalog.text) RETURNS pg_catalog.bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT decode(
    rpad(translate(data, '-_', '+/'), (length(data) + 3) / 4 * 4, '='), 'base64')
$$;
CREATE FUNCTION algorithm_sign(
  signables pg_catalog.text, secret pg_catalog.text, algorithm pg_catalog.text
) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE 'algorithm_sign is a stub' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $$;
CREATE FUNCTION sign(
  payload pg_catalog.json, secret pg_catalog.text,
  algorithm pg_catalog.text DEFAULT 'HS256'
) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE 'sign is a stub' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $$;
CREATE FUNCTION verify(
  token pg_catalog.text, secret pg_catalog.text,
  algorithm pg_catalog.text DEFAULT 'HS256'
) RETURNS TABLE (header pg_catalog.json, payload pg_catalog.json, valid boolean)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE 'verify is a stub' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $$;
