\echo Use "CREATE EXTENSION ""uuid-ossp""" to load this file. \quit

-- A stub with the signatures of the real extension, on PostgreSQL's own functions.
-- PostgreSQL runs this as superuser, with a search path that a migration chooses:
-- see pgcrypto--1.3.sql.

CREATE FUNCTION uuid_nil() RETURNS pg_catalog.uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '00000000-0000-0000-0000-000000000000'::pg_catalog.uuid;

CREATE FUNCTION uuid_ns_dns() RETURNS pg_catalog.uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::pg_catalog.uuid;

CREATE FUNCTION uuid_ns_url() RETURNS pg_catalog.uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '6ba7b811-9dad-11d1-80b4-00c04fd430c8'::pg_catalog.uuid;

CREATE FUNCTION uuid_ns_oid() RETURNS pg_catalog.uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '6ba7b812-9dad-11d1-80b4-00c04fd430c8'::pg_catalog.uuid;

CREATE FUNCTION uuid_ns_x500() RETURNS pg_catalog.uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '6ba7b814-9dad-11d1-80b4-00c04fd430c8'::pg_catalog.uuid;

-- The time in units of 100 ns since 15 October 1582, and random bits for the clock
-- sequence and the node; a random node has its lowest bit set (RFC 9562, 5.1).
CREATE FUNCTION uuid_generate_v1mc() RETURNS pg_catalog.uuid
LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  ticks CONSTANT bytea := int8send(
    (extract(epoch FROM clock_timestamp()) * 10000000)::bigint + 122192928000000000);
  noise CONSTANT bytea := substring(uuid_send(gen_random_uuid()) FROM 9);
BEGIN
  RETURN encode(
    substring(ticks FROM 5 FOR 4) || substring(ticks FROM 3 FOR 2)
    || set_byte(substring(ticks FROM 1 FOR 2), 0, get_byte(ticks, 0) | 16)
    || set_byte(noise, 2, get_byte(noise, 2) | 1), 'hex')::uuid;
END
$body$;

-- The real one has the address of a network card for its node.
CREATE FUNCTION uuid_generate_v1() RETURNS pg_catalog.uuid
LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
RETURN uuid_generate_v1mc();

CREATE FUNCTION uuid_generate_v3(namespace pg_catalog.uuid, name pg_catalog.text)
RETURNS pg_catalog.uuid
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  hash CONSTANT bytea := decode(
    md5(uuid_send(namespace) || convert_to(name, getdatabaseencoding())), 'hex');
BEGIN
  RETURN encode(
    set_byte(
      set_byte(hash, 6, get_byte(hash, 6) & 15 | 48), 8, get_byte(hash, 8) & 63 | 128),
    'hex')::uuid;
END
$body$;

CREATE FUNCTION uuid_generate_v4() RETURNS pg_catalog.uuid
LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
RETURN pg_catalog.gen_random_uuid();

-- By SHA-1 (RFC 3174), which PostgreSQL has no function for.
CREATE FUNCTION uuid_generate_v5(namespace pg_catalog.uuid, name pg_catalog.text)
RETURNS pg_catalog.uuid
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  mask CONSTANT bigint := 4294967295;
  message bytea := uuid_send(namespace) || convert_to(name, getdatabaseencoding());
  bits CONSTANT bigint := length(message) * 8::bigint;
  h0 bigint := 1732584193;
  h1 bigint := 4023233417;
  h2 bigint := 2562383102;
  h3 bigint := 271733878;
  h4 bigint := 3285377520;
  a bigint; b bigint; c bigint; d bigint; e bigint; f bigint;
  w bigint[];
  word bigint;
  hash bytea;
BEGIN
  message := message || '\x80'::bytea
    || decode(repeat('00', (119 - length(message) % 64) % 64), 'hex') || int8send(bits);
  FOR block IN 0 .. length(message) / 64 - 1 LOOP
    FOR t IN 0 .. 79 LOOP
      IF t < 16 THEN
        word := ('x' || encode(substring(message FROM block * 64 + t * 4 + 1 FOR 4),
          'hex'))::bit(32)::bigint;
      ELSE
        word := w[t - 3] # w[t - 8] # w[t - 14] # w[t - 16];
        word := ((word << 1) | (word >> 31)) & mask;
      END IF;
      w[t] := word;
    END LOOP;
    a := h0; b := h1; c := h2; d := h3; e := h4;
    FOR t IN 0 .. 79 LOOP
      f := CASE t / 20
        WHEN 0 THEN ((b & c) | ((b # mask) & d)) + 1518500249
        WHEN 1 THEN (b # c # d) + 1859775393
        WHEN 2 THEN ((b & c) | (b & d) | (c & d)) + 2400959708
        ELSE (b # c # d) + 3395469782
      END;
      word := ((((a << 5) | (a >> 27)) & mask) + f + e + w[t]) & mask;
      e := d; d := c; c := ((b << 30) | (b >> 2)) & mask; b := a; a := word;
    END LOOP;
    h0 := (h0 + a) & mask; h1 := (h1 + b) & mask; h2 := (h2 + c) & mask;
    h3 := (h3 + d) & mask; h4 := (h4 + e) & mask;
  END LOOP;
  hash := substring(int8send(h0) FROM 5) || substring(int8send(h1) FROM 5)
    || substring(int8send(h2) FROM 5) || substring(int8send(h3) FROM 5);
  hash := set_byte(hash, 6, (get_byte(hash, 6) & 15) | 80);
  hash := set_byte(hash, 8, (get_byte(hash, 8) & 63) | 128);
  RETURN encode(hash, 'hex')::uuid;
END
$body$;
