CREATE TABLE t (a int PRIMARY KEY, b text DEFAULT 'x');
CREATE VIEW v AS TABLE t;

VACUUM FULL;

ALTER TABLE t ADD c int;

VACUUM FULL pg_class;

VACUUM FULL pg_attribute;

ALTER TABLE t RENAME TO u;

CLUSTER pg_class USING pg_class_oid_index;

VACUUM FREEZE;

ALTER TABLE u DROP b CASCADE;

REINDEX TABLE pg_class;

REINDEX TABLE pg_attribute;

REINDEX INDEX CONCURRENTLY t_pkey;

VACUUM FULL pg_constraint;

ALTER TABLE u ADD CHECK (a > 0);

SET wal_skip_threshold = 0;

VACUUM FULL pg_attribute;

VACUUM FULL pg_class;

VACUUM FULL pg_rewrite;

CREATE VIEW v AS SELECT a FROM u;

VACUUM (ANALYZE);

CHECKPOINT;

ALTER TABLE u DROP CONSTRAINT u_a_check;

DROP VIEW v;

SELECT 1 FROM pg_class WHERE relname IN ('u', 'u_pkey', 't_pkey') FOR UPDATE;

SELECT 1 FROM pg_attribute WHERE attrelid = 'u'::regclass FOR SHARE;

ALTER TABLE u ADD d int;
