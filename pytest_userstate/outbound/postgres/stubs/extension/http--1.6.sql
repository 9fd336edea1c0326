\echo Use "CREATE EXTENSION http" to load this file. \quit

-- A stub with the types and the signatures of the real extension.
--
-- PostgreSQL runs this as superuser, with a search path that a migration chooses:
-- see pgcrypto--1.3.sql.

CREATE DOMAIN http_method AS pg_catalog.text;
CREATE DOMAIN content_type AS pg_catalog.text
  CHECK (VALUE OPERATOR(pg_catalog.~) E'^\\S+/\\S+');
CREATE TYPE http_header AS (field varchar, value varchar);
CREATE TYPE http_response AS (
  status integer, content_type varchar, headers http_header[], content varchar
);
CREATE TYPE http_request AS (
  method http_method, uri varchar, headers http_header[], content_type varchar,
  content varchar
);
CREATE FUNCTION http_header(field varchar, value varchar) RETURNS http_header
LANGUAGE sql IMMUTABLE
RETURN ROW($1, $2)::http_header;

CREATE FUNCTION http(request http_request) RETURNS http_response
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE 'http is a stub: nothing is requested' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $$;
CREATE FUNCTION http_get(uri varchar) RETURNS http_response
LANGUAGE sql VOLATILE
RETURN http(ROW('GET', uri, NULL, NULL, NULL)::http_request);
CREATE FUNCTION http_get(uri varchar, data pg_catalog.jsonb) RETURNS http_response
LANGUAGE sql VOLATILE
RETURN http(ROW('GET', uri, NULL, NULL, NULL)::http_request);
CREATE FUNCTION http_post(uri varchar, content varchar, content_type varchar)
RETURNS http_response
LANGUAGE sql VOLATILE
RETURN http(ROW('POST', uri, NULL, content_type, content)::http_request);
CREATE FUNCTION http_post(uri varchar, data pg_catalog.jsonb) RETURNS http_response
LANGUAGE sql VOLATILE
RETURN http(ROW('POST', uri, NULL, NULL, data::pg_catalog.text)::http_request);
CREATE FUNCTION http_put(uri varchar, content varchar, content_type varchar)
RETURNS http_response
LANGUAGE sql VOLATILE
RETURN http(ROW('PUT', uri, NULL, content_type, content)::http_request);
CREATE FUNCTION http_patch(uri varchar, content varchar, content_type varchar)
RETURNS http_response
LANGUAGE sql VOLATILE
RETURN http(ROW('PATCH', uri, NULL, content_type, content)::http_request);
CREATE FUNCTION http_delete(uri varchar) RETURNS http_response
LANGUAGE sql VOLATILE
RETURN http(ROW('DELETE', uri, NULL, NULL, NULL)::http_request);
CREATE FUNCTION http_delete(uri varchar, content varchar, content_type varchar)
RETURNS http_response
LANGUAGE sql VOLATILE
RETURN http(ROW('DELETE', uri, NULL, content_type, content)::http_request);
CREATE FUNCTION http_head(uri varchar) RETURNS http_response
LANGUAGE sql VOLATILE
RETURN http(ROW('HEAD', uri, NULL, NULL, NULL)::http_request);
CREATE FUNCTION http_set_curlopt(curlopt varchar, value varchar) RETURNS boolean
LANGUAGE sql VOLATILE
RETURN true;
CREATE FUNCTION http_reset_curlopt() RETURNS boolean
LANGUAGE sql VOLATILE
RETURN true;
