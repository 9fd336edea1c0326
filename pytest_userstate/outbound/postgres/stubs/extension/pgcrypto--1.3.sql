\echo Use "CREATE EXTENSION pgcrypto" to load this file. \quit

-- A stub with the signatures of the real extension, on PostgreSQL's own functions.
--
-- PostgreSQL runs this as superuser, with a search path that a migration chooses. So
-- nothing is found by that path: functions, operators and types are named with their
-- schema, but for those that this script has made, which are called with arguments of
-- exactly their types. Bodies in quotes have a search path of their own.

-- Digests give the real values.

CREATE FUNCTION digest(pg_catalog.bytea, pg_catalog.text) RETURNS pg_catalog.bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  -- OpenSSL, and so the real extension, knows further spellings.
  algorithm CONSTANT text := regexp_replace(lower($2), '^sha2?-', 'sha');
  mask CONSTANT bigint := 4294967295;
  message bytea := $1;
  bits CONSTANT bigint := length(message) * 8::bigint;
  h0 bigint := 1732584193;
  h1 bigint := 4023233417;
  h2 bigint := 2562383102;
  h3 bigint := 271733878;
  h4 bigint := 3285377520;
  a bigint; b bigint; c bigint; d bigint; e bigint; f bigint;
  w bigint[];
  word bigint;
BEGIN
  CASE algorithm
    WHEN 'md5' THEN RETURN decode(md5($1), 'hex');
    WHEN 'sha224' THEN RETURN sha224($1);
    WHEN 'sha256' THEN RETURN sha256($1);
    WHEN 'sha384' THEN RETURN sha384($1);
    WHEN 'sha512' THEN RETURN sha512($1);
    WHEN 'sha1' THEN NULL;
    ELSE
      RAISE EXCEPTION USING
        ERRCODE = 'feature_not_supported',
        MESSAGE = format(
          'digest is a stub for %L: the embedded PostgreSQL has no pgcrypto', $2),
        DETAIL = 'Here it knows md5, sha1, sha224, sha256, sha384 and sha512.',
        HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
  END CASE;
  -- SHA-1 (RFC 3174), which PostgreSQL has no function for.
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
  RETURN substring(int8send(h0) FROM 5) || substring(int8send(h1) FROM 5)
    || substring(int8send(h2) FROM 5) || substring(int8send(h3) FROM 5)
    || substring(int8send(h4) FROM 5);
END
$body$;

CREATE FUNCTION digest(pg_catalog.text, pg_catalog.text) RETURNS pg_catalog.bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN digest(
  pg_catalog.convert_to($1, pg_catalog.getdatabaseencoding()), $2);

-- RFC 2104: the key, filled up to a block of the digest, xored with two constants.
CREATE FUNCTION hmac(pg_catalog.bytea, pg_catalog.bytea, pg_catalog.text)
RETURNS pg_catalog.bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  WITH block AS (
    SELECT CASE WHEN $3 OPERATOR(pg_catalog.~) '(384|512)$' THEN 128 ELSE 64 END AS size
  ),
  short AS (
    SELECT size,
      CASE WHEN pg_catalog.length($2) OPERATOR(pg_catalog.>) size
        THEN digest($2, $3) ELSE $2 END AS key
    FROM block
  ),
  padded AS (
    SELECT size, key OPERATOR(pg_catalog.||) pg_catalog.decode(
      pg_catalog.repeat('00', size OPERATOR(pg_catalog.-) pg_catalog.length(key)), 'hex'
    ) AS key
    FROM short
  ),
  xored AS (
    SELECT
      pg_catalog.decode(pg_catalog.string_agg(pg_catalog.lpad(pg_catalog.to_hex(
        pg_catalog.get_byte(key, i) OPERATOR(pg_catalog.#) 54), 2, '0'), '' ORDER BY i),
        'hex') AS inside,
      pg_catalog.decode(pg_catalog.string_agg(pg_catalog.lpad(pg_catalog.to_hex(
        pg_catalog.get_byte(key, i) OPERATOR(pg_catalog.#) 92), 2, '0'), '' ORDER BY i),
        'hex') AS outside
    FROM padded, pg_catalog.generate_series(0, size OPERATOR(pg_catalog.-) 1) AS i
  )
  SELECT digest(
    outside OPERATOR(pg_catalog.||) digest(inside OPERATOR(pg_catalog.||) $1, $3), $3)
  FROM xored;
END;

CREATE FUNCTION hmac(pg_catalog.text, pg_catalog.text, pg_catalog.text)
RETURNS pg_catalog.bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN hmac(
  pg_catalog.convert_to($1, pg_catalog.getdatabaseencoding()),
  pg_catalog.convert_to($2, pg_catalog.getdatabaseencoding()), $3);

-- Random values are random.

CREATE FUNCTION gen_random_uuid() RETURNS pg_catalog.uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN pg_catalog.gen_random_uuid();

-- A random uuid has 122 random bits of 128, so that two are condensed to 32 bytes.
CREATE FUNCTION gen_random_bytes(integer) RETURNS pg_catalog.bytea
LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  bytes bytea := '';
BEGIN
  IF $1 NOT BETWEEN 1 AND 1024 THEN
    RAISE EXCEPTION 'Length not in range'
      USING ERRCODE = 'external_routine_invocation_exception';
  END IF;
  WHILE length(bytes) < $1 LOOP
    bytes := bytes
      || sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
  END LOOP;
  RETURN substring(bytes FROM 1 FOR $1);
END
$body$;

-- Password hashes have the right shape, and check against themselves, but are not
-- those of the real algorithms.

CREATE FUNCTION gen_salt(pg_catalog.text, integer) RETURNS pg_catalog.text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  alphabet CONSTANT text :=
    './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  kind CONSTANT text := lower($1);
  -- Zero stands for the default.
  rounds CONSTANT integer := CASE
    WHEN $2 <> 0 THEN $2
    WHEN kind = 'bf' THEN 6
    WHEN kind = 'xdes' THEN 725
    ELSE 5000
  END;
  is_in_range CONSTANT boolean := CASE kind
    WHEN 'bf' THEN rounds BETWEEN 4 AND 31
    WHEN 'xdes' THEN rounds BETWEEN 1 AND 16777215 AND rounds % 2 = 1
    WHEN 'md5' THEN $2 IN (0, 1000)
    WHEN 'des' THEN $2 IN (0, 25)
    WHEN 'sha256crypt' THEN rounds BETWEEN 1000 AND 999999999
    WHEN 'sha512crypt' THEN rounds BETWEEN 1000 AND 999999999
  END;
  -- 32 characters of the alphabet; that of bf has the same in another order.
  noise CONSTANT text := (
    SELECT string_agg(substr(alphabet, (get_byte(bytes, i) & 63) + 1, 1), '')
    FROM generate_series(0, 31) AS i, (
      SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
    ) AS random (bytes)
  );
BEGIN
  IF is_in_range IS NULL THEN
    RAISE EXCEPTION 'gen_salt: Unknown salt algorithm'
      USING ERRCODE = 'invalid_parameter_value';
  ELSIF NOT is_in_range THEN
    RAISE EXCEPTION 'gen_salt: Incorrect number of rounds'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN CASE kind
    WHEN 'bf' THEN '$2a$' || lpad(rounds::text, 2, '0') || '$' || left(noise, 22)
    WHEN 'md5' THEN '$1$' || left(noise, 8)
    WHEN 'sha256crypt' THEN '$5$rounds=' || rounds || '$' || left(noise, 16)
    WHEN 'sha512crypt' THEN '$6$rounds=' || rounds || '$' || left(noise, 16)
    WHEN 'des' THEN left(noise, 2)
    ELSE '_' || (
      SELECT string_agg(substr(alphabet, ((rounds >> i) & 63) + 1, 1), '' ORDER BY i)
      FROM generate_series(0, 18, 6) AS i
    ) || left(noise, 4)
  END;
END
$body$;

CREATE FUNCTION gen_salt(pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
RETURN gen_salt($1, 0);

CREATE FUNCTION crypt(pg_catalog.text, pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  -- What is a salt at the beginning of a salt, or of a whole hash.
  salt CONSTANT text := substring($2 FROM CASE
    WHEN $2 LIKE '$1$%' THEN '^\$1\$[^$]{0,8}'
    WHEN $2 LIKE '$2%' THEN '^\$2[ax]\$\d\d\$[./A-Za-z0-9]{22}'
    WHEN $2 LIKE '$5$%' OR $2 LIKE '$6$%' THEN '^\$.\$(?:rounds=\d+\$)?[^$]{0,16}'
    WHEN $2 LIKE '\_%' THEN '^_[./0-9A-Za-z]{8}'
    ELSE '^..'
  END);
  separator CONSTANT text := CASE WHEN salt ~ '^\$[156]\$' THEN '$' ELSE '' END;
  size CONSTANT integer := CASE left(salt, 2)
    WHEN '$1' THEN 22
    WHEN '$2' THEN 31
    WHEN '$5' THEN 43
    WHEN '$6' THEN 86
    ELSE 11
  END;
  hash CONSTANT bytea := sha512(convert_to(salt || ' ' || $1, 'UTF8'));
BEGIN
  IF salt IS NULL THEN
    RAISE EXCEPTION 'invalid salt' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN salt || separator
    || left(translate(encode(hash, 'base64'), E'+=\n', '.'), size);
END
$body$;

-- ASCII armour is the real one (RFC 4880, 6.2).

CREATE FUNCTION armor(pg_catalog.bytea, pg_catalog.text[], pg_catalog.text[])
RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  headers text := '';
  crc integer := 11994318;
  key text;
  value text;
BEGIN
  IF array_ndims($2) > 1 OR array_ndims($3) > 1 THEN
    RAISE EXCEPTION 'wrong number of array subscripts'
      USING ERRCODE = 'array_subscript_error';
  ELSIF cardinality($2) <> cardinality($3) THEN
    RAISE EXCEPTION 'mismatched array dimensions'
      USING ERRCODE = 'array_subscript_error';
  END IF;
  FOR key, value IN SELECT * FROM unnest($2, $3) LOOP
    IF key IS NULL THEN
      RAISE EXCEPTION 'null value not allowed for header key'
        USING ERRCODE = 'null_value_not_allowed';
    ELSIF value IS NULL THEN
      RAISE EXCEPTION 'null value not allowed for header value'
        USING ERRCODE = 'null_value_not_allowed';
    ELSIF key ~ '[^\x01-\x7f]' THEN
      RAISE EXCEPTION 'header key must not contain non-ASCII characters'
        USING ERRCODE = 'invalid_parameter_value';
    ELSIF value ~ '[^\x01-\x7f]' THEN
      RAISE EXCEPTION 'header value must not contain non-ASCII characters'
        USING ERRCODE = 'invalid_parameter_value';
    ELSIF strpos(key, ': ') > 0 THEN
      RAISE EXCEPTION 'header key must not contain ": "'
        USING ERRCODE = 'invalid_parameter_value';
    ELSIF strpos(key, E'\n') > 0 THEN
      RAISE EXCEPTION 'header key must not contain newlines'
        USING ERRCODE = 'invalid_parameter_value';
    ELSIF strpos(value, E'\n') > 0 THEN
      RAISE EXCEPTION 'header value must not contain newlines'
        USING ERRCODE = 'invalid_parameter_value';
    END IF;
    headers := headers || key || ': ' || value || E'\n';
  END LOOP;
  FOR i IN 0 .. length($1) - 1 LOOP
    crc := crc # (get_byte($1, i) << 16);
    FOR step IN 1 .. 8 LOOP
      crc := (crc << 1) # (CASE WHEN crc & 8388608 <> 0 THEN 25578747 ELSE 0 END);
    END LOOP;
  END LOOP;
  RETURN E'-----BEGIN PGP MESSAGE-----\n' || headers || E'\n'
    || regexp_replace(encode($1, 'base64'), '([^\n])\n?$', E'\\1\n')
    || '=' || encode(substring(int4send(crc) FROM 2), 'base64')
    || E'\n-----END PGP MESSAGE-----\n';
END
$body$;

CREATE FUNCTION armor(pg_catalog.bytea) RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN armor($1, '{}'::pg_catalog.text[], '{}'::pg_catalog.text[]);

CREATE FUNCTION dearmor(pg_catalog.text) RETURNS pg_catalog.bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  crc integer := 11994318;
  parts CONSTANT text[] := regexp_match(
    replace($1, E'\r', ''),
    '-----BEGIN [^\n]*-----\n(?:[^\n]+\n)*\n'
    '((?:[A-Za-z0-9+/=]+\n)*)=([A-Za-z0-9+/]{4})\s*-----END ');
  body CONSTANT text := replace(parts[1], E'\n', '');
  is_base64 CONSTANT boolean :=
    body ~ '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$';
  bytes CONSTANT bytea := decode(CASE WHEN is_base64 THEN body ELSE '' END, 'base64');
BEGIN
  FOR i IN 0 .. length(bytes) - 1 LOOP
    crc := crc # (get_byte(bytes, i) << 16);
    FOR step IN 1 .. 8 LOOP
      crc := (crc << 1) # (CASE WHEN crc & 8388608 <> 0 THEN 25578747 ELSE 0 END);
    END LOOP;
  END LOOP;
  IF is_base64 IS NOT TRUE
    OR substring(int4send(crc) FROM 2) <> decode(parts[2], 'base64') THEN
    RAISE EXCEPTION 'Corrupt ascii-armor'
      USING ERRCODE = 'external_routine_invocation_exception';
  END IF;
  RETURN bytes;
END
$body$;

CREATE FUNCTION pgp_armor_headers(
  pg_catalog.text, OUT key pg_catalog.text, OUT value pg_catalog.text)
RETURNS SETOF pg_catalog.record
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  headers CONSTANT text[] := regexp_match(
    replace($1, E'\r', ''), '-----BEGIN [^\n]*-----\n((?:[^\n]+\n)*)\n');
  line text;
BEGIN
  IF headers IS NULL THEN
    RAISE EXCEPTION 'Corrupt ascii-armor'
      USING ERRCODE = 'external_routine_invocation_exception';
  END IF;
  FOREACH line IN ARRAY string_to_array(rtrim(headers[1], E'\n'), E'\n') LOOP
    IF strpos(line, ': ') = 0 THEN
      RAISE EXCEPTION 'Corrupt ascii-armor'
        USING ERRCODE = 'external_routine_invocation_exception';
    END IF;
    key := split_part(line, ': ', 1);
    value := substr(line, length(key) + 3);
    RETURN NEXT;
  END LOOP;
END
$body$;

-- Encryption needs OpenSSL: these raise an error when they are called. Each is written
-- out, since code that makes them would run as superuser.

CREATE FUNCTION encrypt(pg_catalog.bytea, pg_catalog.bytea, pg_catalog.text)
RETURNS pg_catalog.bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'encrypt is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION decrypt(pg_catalog.bytea, pg_catalog.bytea, pg_catalog.text)
RETURNS pg_catalog.bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'decrypt is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION encrypt_iv(
  pg_catalog.bytea, pg_catalog.bytea, pg_catalog.bytea, pg_catalog.text)
RETURNS pg_catalog.bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'encrypt_iv is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION decrypt_iv(
  pg_catalog.bytea, pg_catalog.bytea, pg_catalog.bytea, pg_catalog.text)
RETURNS pg_catalog.bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'decrypt_iv is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_key_id(pg_catalog.bytea)
RETURNS pg_catalog.text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_key_id is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_sym_encrypt(pg_catalog.text, pg_catalog.text)
RETURNS pg_catalog.bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_sym_encrypt is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_sym_encrypt(pg_catalog.text, pg_catalog.text, pg_catalog.text)
RETURNS pg_catalog.bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_sym_encrypt is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_sym_encrypt_bytea(pg_catalog.bytea, pg_catalog.text)
RETURNS pg_catalog.bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_sym_encrypt_bytea is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_sym_encrypt_bytea(
  pg_catalog.bytea, pg_catalog.text, pg_catalog.text)
RETURNS pg_catalog.bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_sym_encrypt_bytea is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_sym_decrypt(pg_catalog.bytea, pg_catalog.text)
RETURNS pg_catalog.text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_sym_decrypt is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_sym_decrypt(pg_catalog.bytea, pg_catalog.text, pg_catalog.text)
RETURNS pg_catalog.text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_sym_decrypt is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_sym_decrypt_bytea(pg_catalog.bytea, pg_catalog.text)
RETURNS pg_catalog.bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_sym_decrypt_bytea is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_sym_decrypt_bytea(
  pg_catalog.bytea, pg_catalog.text, pg_catalog.text)
RETURNS pg_catalog.bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_sym_decrypt_bytea is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_pub_encrypt(pg_catalog.text, pg_catalog.bytea)
RETURNS pg_catalog.bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_pub_encrypt is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_pub_encrypt(pg_catalog.text, pg_catalog.bytea, pg_catalog.text)
RETURNS pg_catalog.bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_pub_encrypt is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_pub_encrypt_bytea(pg_catalog.bytea, pg_catalog.bytea)
RETURNS pg_catalog.bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_pub_encrypt_bytea is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_pub_encrypt_bytea(
  pg_catalog.bytea, pg_catalog.bytea, pg_catalog.text)
RETURNS pg_catalog.bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_pub_encrypt_bytea is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_pub_decrypt(pg_catalog.bytea, pg_catalog.bytea)
RETURNS pg_catalog.text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_pub_decrypt is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_pub_decrypt(pg_catalog.bytea, pg_catalog.bytea, pg_catalog.text)
RETURNS pg_catalog.text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_pub_decrypt is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_pub_decrypt(
  pg_catalog.bytea, pg_catalog.bytea, pg_catalog.text, pg_catalog.text)
RETURNS pg_catalog.text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_pub_decrypt is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_pub_decrypt_bytea(pg_catalog.bytea, pg_catalog.bytea)
RETURNS pg_catalog.bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_pub_decrypt_bytea is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_pub_decrypt_bytea(
  pg_catalog.bytea, pg_catalog.bytea, pg_catalog.text)
RETURNS pg_catalog.bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_pub_decrypt_bytea is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;

CREATE FUNCTION pgp_pub_decrypt_bytea(
  pg_catalog.bytea, pg_catalog.bytea, pg_catalog.text, pg_catalog.text)
RETURNS pg_catalog.bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $body$ BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'feature_not_supported',
    MESSAGE = 'pgp_pub_decrypt_bytea is a stub: the embedded PostgreSQL has no pgcrypto',
    HINT = 'Use a server that has it: --postgresql-exec=/path/to/pg_ctl';
END $body$;
