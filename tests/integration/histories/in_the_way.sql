CREATE TABLE t (a int);
CREATE SCHEMA h;
CREATE FUNCTION h.eq(oid, oid) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR h.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = h.eq);
CREATE FUNCTION h.pg_xact_status(xid8) RETURNS text LANGUAGE sql AS $$SELECT 'aborted'$$;
CREATE FUNCTION h.age(xid) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION h.wrong(int, int) RETURNS int LANGUAGE sql AS 'SELECT 0';
CREATE OPERATOR h.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = h.wrong);
CREATE OPERATOR h.- (LEFTARG = int, RIGHTARG = int, FUNCTION = h.wrong);
CREATE FUNCTION h.no(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR h.= (LEFTARG = text, RIGHTARG = text, FUNCTION = h.no);
CREATE FUNCTION h.lies(bigint, int) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR h.< (LEFTARG = bigint, RIGHTARG = int, FUNCTION = h.lies);
CREATE OPERATOR h.> (LEFTARG = bigint, RIGHTARG = int, FUNCTION = h.lies);
CREATE DOMAIN h.text AS int CHECK (VALUE < 0);
SET search_path = h, public, pg_catalog;

ALTER TABLE t ADD b int;

CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN ALTER TABLE t ADD c int; RETURN NULL; END';
CREATE TABLE u ();
CREATE CONSTRAINT TRIGGER x AFTER INSERT ON u DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION f();

BEGIN;
INSERT INTO u DEFAULT VALUES;
COMMIT;

SET DateStyle = 'German';
SET row_security = off;
SET enable_indexscan = off;
SET quote_all_identifiers = on;
SET default_transaction_isolation = 'serializable';
SET default_transaction_deferrable = on;
SET default_transaction_read_only = on;

SET TRANSACTION READ WRITE;
ALTER TABLE t ADD d int;

SET client_encoding = 'LATIN1';

BEGIN READ WRITE;
COMMENT ON COLUMN t.d IS 'x';
COMMIT;
SET client_encoding = 'SJIS';

RESET ALL;

DISCARD ALL;

ALTER TABLE t ADD e int;

SET search_path = h, public, pg_catalog;
