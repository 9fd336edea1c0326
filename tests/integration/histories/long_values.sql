CREATE TABLE t (a int, b text);
DO $$BEGIN EXECUTE 'CREATE VIEW v AS SELECT ' || (SELECT string_agg(format('a + %s AS c%s', n, n), ', ') FROM generate_series(1, 900) AS n) || ' FROM t'; END$$;

DO $$BEGIN EXECUTE 'CREATE OR REPLACE VIEW v AS SELECT ' || (SELECT string_agg(format('a + %s AS c%s', n, n), ', ') FROM generate_series(1, 900) AS n) || ' FROM t'; END$$;

DO $$BEGIN EXECUTE 'CREATE OR REPLACE VIEW v AS SELECT ' || (SELECT string_agg(format('a + %s AS c%s', CASE n WHEN 450 THEN 0 ELSE n END, n), ', ') FROM generate_series(1, 900) AS n) || ' FROM t'; END$$;

DO $$BEGIN EXECUTE format('ALTER TABLE t ADD CONSTRAINT long CHECK (b <> %L)', (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 400) AS n)); END$$;

DO $$BEGIN EXECUTE format('ALTER TABLE t DROP CONSTRAINT long, ADD CONSTRAINT long CHECK (b <> %L)', (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 400) AS n)); END$$;

DO $$BEGIN EXECUTE format('ALTER TABLE t DROP CONSTRAINT long, ADD CONSTRAINT long CHECK (b <> %L)', (SELECT string_agg(md5(n::text), '') FROM generate_series(2, 401) AS n)); END$$;

DO $$BEGIN EXECUTE format('ALTER TABLE t ALTER b SET DEFAULT %L', repeat('abcd', 900)); END$$;

DO $$BEGIN EXECUTE format('ALTER TABLE t ALTER b SET DEFAULT %L', repeat('abcd', 900)); END$$;

DO $$BEGIN EXECUTE format('ALTER TABLE t ALTER b SET DEFAULT %L', repeat('abcd', 899) || 'abce'); END$$;

DO $$BEGIN EXECUTE format('COMMENT ON TABLE t IS %L', (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 300) AS n)); END$$;

DO $$BEGIN EXECUTE format('COMMENT ON TABLE t IS %L', (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 300) AS n)); END$$;

SELECT set_config('default_toast_compression', 'lz4', false)
FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals);

DO $$BEGIN EXECUTE format('ALTER TABLE t ALTER b SET DEFAULT %L', repeat('abcd', 899) || 'abce'); END$$;

DO $$BEGIN EXECUTE format('COMMENT ON TABLE t IS %L', (SELECT string_agg(md5(n::text), '') || repeat('x', 9999) FROM generate_series(1, 300) AS n)); END$$;

DO $$BEGIN EXECUTE 'CREATE OR REPLACE VIEW v AS SELECT ' || (SELECT string_agg(format('a + %s AS c%s', CASE n WHEN 450 THEN 0 ELSE n END, n), ', ') FROM generate_series(1, 900) AS n) || ' FROM t'; END$$;

DO $$BEGIN EXECUTE 'CREATE OR REPLACE VIEW v AS SELECT ' || (SELECT string_agg(format('a + %s AS c%s', n, n), ', ') FROM generate_series(1, 900) AS n) || ' FROM t'; END$$;

COMMENT ON TABLE t IS NULL;
