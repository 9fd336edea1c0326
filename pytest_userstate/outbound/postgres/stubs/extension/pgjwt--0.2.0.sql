\echo Use "CREATE EXTENSION pgjwt" to load this file. \quit

-- A stub with the signatures of the real extension.

CREATE FUNCTION fail_as_pgjwt(name text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  RAISE '% is a stub', name USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --postgresql-exec /path/to/pg_ctl';
END $$;
CREATE FUNCTION url_encode(data bytea) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN translate(encode(data, 'base64'), E'+/=\n', '-_');
CREATE FUNCTION url_decode(data text) RETURNS bytea
LANGUAGE sql IMMUTABLE
RETURN decode(rpad(translate(data, '-_', '+/'), (length(data) + 3) / 4 * 4, '='), 'base64');
CREATE FUNCTION algorithm_sign(signables text, secret text, algorithm text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN fail_as_pgjwt('algorithm_sign')::text;
CREATE FUNCTION sign(payload json, secret text, algorithm text DEFAULT 'HS256') RETURNS text
LANGUAGE sql IMMUTABLE
RETURN fail_as_pgjwt('sign')::text;
CREATE FUNCTION verify(token text, secret text, algorithm text DEFAULT 'HS256')
RETURNS TABLE(header json, payload json, valid boolean)
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
  SELECT NULL::json, NULL::json, fail_as_pgjwt('verify') IS NULL;
END;
