DO $userstate$
-- Makes three functions in `pg_catalog`, which anybody may call:
--   userstate_layout(): the columns of the catalog's tables;
--   userstate_pages(): those of their pages that were written after this, where the
--     rows lie that are gone as well as those that are there;
--   userstate_long_values(): the same of where values lie that are too long for them.
-- They read nothing but the tables that say what tables, columns, constraints and
-- indexes there are; those are everybody's to read.
-- (No empty line: single-user mode takes what comes before it for a statement.)
DECLARE
    since bigint := pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0');
    main CONSTANT oid[] := '{pg_attrdef, pg_attribute, pg_class, pg_constraint,
        pg_description, pg_index, pg_inherits, pg_namespace, pg_rewrite, pg_type}'
        ::regclass[];
    long CONSTANT oid[] := ARRAY(SELECT reltoastrelid FROM pg_class
                                 WHERE oid = ANY (main) AND reltoastrelid <> 0);
    layout text;
    written text;
    name text;
    wanted oid[];
    tables text;
    question text;
    has_pageinspect boolean := true;
BEGIN
    SELECT string_agg(concat_ws(' ', attrelid, attrelid::regclass, attname, attlen,
                                attalign), E'\n' ORDER BY attrelid, attnum)
        INTO STRICT layout
        FROM pg_attribute WHERE attrelid = ANY (main || long) AND attnum > 0;
    EXECUTE format($function$
        CREATE FUNCTION pg_catalog.userstate_layout() RETURNS text
        LANGUAGE sql IMMUTABLE RETURN %L $function$, layout);
    BEGIN
        CREATE FUNCTION pg_catalog.userstate_page(text, text, bigint) RETURNS bytea
            LANGUAGE c STRICT AS '$libdir/pageinspect', 'get_raw_page_fork_1_9';
    EXCEPTION WHEN undefined_file THEN
        -- An installation without contrib has the same on its disk.
        has_pageinspect := false;
        CREATE FUNCTION pg_catalog.userstate_page(text, text, bigint) RETURNS bytea
            LANGUAGE sql STRICT
            RETURN pg_read_binary_file(pg_relation_filepath($1::regclass),
                                       $3 * current_setting('block_size')::bigint,
                                       current_setting('block_size')::bigint);
    END;
    -- A page begins with when it was written last: the upper half, then the lower.
    SELECT string_agg(format('(pg_catalog.get_byte(page, %s)::bigint << %s)',
                             n, 8 * ((n + 4) % 8)), ' | ')
        INTO STRICT written
        FROM generate_series(0, 7) AS n;
    FOR name, wanted IN VALUES ('userstate_pages', main),
                               ('userstate_long_values', long) LOOP
        SELECT string_agg(format('(%s::oid, ''%s.%s'')', c.oid, nspname, relname), ', ')
            INTO STRICT tables
            FROM pg_class c, pg_namespace n
            WHERE c.oid = ANY (wanted) AND n.oid = relnamespace;
        -- What VACUUM FULL writes says 0, and so does a page without a layout yet.
        question := format($question$
            SELECT oid, page FROM (
                SELECT oid, pg_catalog.userstate_page(name, 'main', n) AS page
                FROM (VALUES %s) AS catalog (oid, name), pg_catalog.generate_series(
                    0, pg_catalog.pg_relation_size(oid) / %s - 1) AS n
                OFFSET 0) AS read
            WHERE (%s) NOT BETWEEN 1 AND %s AND pg_catalog.get_byte(page, 18) <> 0
            $question$, tables, current_setting('block_size'), written, since);
        EXECUTE format($function$
            CREATE FUNCTION pg_catalog.%s() RETURNS TABLE (catalog oid, page bytea)
                SECURITY DEFINER SET search_path = pg_catalog, pg_temp
            $function$, name) || CASE WHEN has_pageinspect
            THEN format('LANGUAGE sql BEGIN ATOMIC %s; END', question)
            ELSE format('LANGUAGE plpgsql AS %L', format(
                '#variable_conflict use_column BEGIN CHECKPOINT; RETURN QUERY %s; END',
                question)) END;
    END LOOP;
END $userstate$;
