SET allow_system_table_mods = on;

-- What finds out which migration did what, in the template of all databases. Two event
-- triggers note the tables and views that a command makes, alters, or drops, in the
-- command's own transaction; `userstate_look` returns their parts and takes the notes
-- away. `userstate_end` takes all of it away again.
--
-- Nothing here depends on the search path of whoever runs it, and nobody but a superuser
-- can alter or drop it. (No empty line in a statement: single-user mode ends it there.)
CREATE TABLE pg_catalog.userstate_notes (relation pg_catalog.oid NOT NULL);

-- 1247 is the number of pg_type, 1259 of pg_class, 2606 of pg_constraint, 2615 of
-- pg_namespace, and 3079 of pg_extension.
CREATE FUNCTION pg_catalog.userstate_note_command() RETURNS pg_catalog.event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$function$
BEGIN
    INSERT INTO userstate_notes
        SELECT CASE WHEN classid = 1259 THEN objid
            ELSE (SELECT conrelid FROM pg_constraint WHERE oid = objid) END
        FROM pg_event_trigger_ddl_commands()
        WHERE classid = 1259 AND object_type <> 'sequence' OR classid = 2606;
    -- These lead to what has columns of the type, or is in the schema or extension.
    IF tg_tag IN ('ALTER DOMAIN', 'ALTER EXTENSION', 'ALTER SCHEMA', 'ALTER TYPE') THEN
        INSERT INTO userstate_notes
            WITH altered (class, object) AS (
                SELECT CASE WHEN object_type LIKE 'composite type%' THEN 1247
                        ELSE classid END,
                    CASE WHEN object_type LIKE 'composite type%'
                        THEN (SELECT reltype FROM pg_class WHERE oid = objid)
                        ELSE objid END
                FROM pg_event_trigger_ddl_commands())
            SELECT attrelid FROM altered JOIN pg_attribute
                ON class = 1247 AND atttypid = object
            UNION SELECT oid FROM altered JOIN pg_class
                ON class = 1247 AND reloftype = object
                OR class = 2615 AND relnamespace = object
            UNION SELECT objid FROM altered JOIN pg_depend
                ON class = 3079 AND refclassid = 3079 AND refobjid = object
                AND classid = 1259;
    END IF;
END
$function$;

CREATE FUNCTION pg_catalog.userstate_note_drop() RETURNS pg_catalog.event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$function$
BEGIN
    -- A constraint or default that goes with something else leaves its table.
    INSERT INTO userstate_notes
        SELECT relation FROM (
            SELECT CASE WHEN classid = 1259 THEN objid
                ELSE to_regclass(format('%I.%I', address_names[1], address_names[2]))
                END AS relation
            FROM pg_event_trigger_dropped_objects()
            WHERE classid = 1259 AND object_type NOT IN ('sequence', 'toast table')
               OR object_type IN ('table constraint', 'default value')) AS dropped
        WHERE relation IS NOT NULL;
    -- Before PostgreSQL 17, no event trigger sees that REINDEX gave an index a new
    -- number, by which its table could be found.
    IF current_setting('server_version_num')::int4 < 170000 AND EXISTS (
            SELECT FROM pg_event_trigger_dropped_objects()
            WHERE original AND object_type = 'index') THEN
        INSERT INTO userstate_notes
            SELECT oid FROM pg_class WHERE relkind IN ('r', 'p', 'm') AND oid >= 16384;
    END IF;
END
$function$;

CREATE EVENT TRIGGER userstate_commands ON ddl_command_end
    EXECUTE FUNCTION pg_catalog.userstate_note_command();

CREATE EVENT TRIGGER userstate_drops ON sql_drop
    EXECUTE FUNCTION pg_catalog.userstate_note_drop();

-- A dump can say `session_replication_role = replica`.
ALTER EVENT TRIGGER userstate_commands ENABLE ALWAYS;

ALTER EVENT TRIGGER userstate_drops ENABLE ALWAYS;

-- An expression as it is stored, wherever it was written: up to PostgreSQL 16 its stored
-- form says where in the statement it was.
CREATE FUNCTION pg_catalog.userstate_tree(tree pg_catalog.text)
    RETURNS pg_catalog.text LANGUAGE sql STABLE
    RETURN CASE
        WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 170000
        THEN tree
        ELSE pg_catalog.regexp_replace(
            tree, ':(location|stmt_location|stmt_len) -?[0-9]+', '', 'g') END;

-- A name in hexadecimal digits, which any encoding of the session can write.
CREATE FUNCTION pg_catalog.userstate_name(name pg_catalog.name)
    RETURNS pg_catalog.text LANGUAGE sql STABLE STRICT
    RETURN pg_catalog.encode(pg_catalog.convert_to(name, 'UTF8'), 'hex');

-- Returns the parts of the tables and views that were noted since the last look; or of
-- those that are asked for, of all if these are null. A table or view is a part of itself,
-- without a name if it is gone, the system's, or temporary.
--
-- The state of a part is a fingerprint of values, not of row versions. What belongs to
-- another object is no value of this one, and is referred to by number, so that renaming
-- a column changes the column, and no constraint or index on it.
CREATE FUNCTION pg_catalog.userstate_look(asked_for pg_catalog.oid[])
    RETURNS TABLE (relation pg_catalog.oid, kind pg_catalog.text,
                   number pg_catalog.int8, schema pg_catalog.text,
                   name pg_catalog.text, state pg_catalog.text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off
    SET enable_mergejoin = off SET enable_seqscan = off AS
$function$
#variable_conflict use_column
DECLARE
    touched oid[] := asked_for;
BEGIN
    IF asked_for IS NULL THEN
        touched := ARRAY(SELECT oid FROM pg_class WHERE oid >= 16384);
    ELSIF asked_for = '{}' THEN
        WITH taken AS (DELETE FROM userstate_notes RETURNING relation)
            SELECT array_agg(DISTINCT relation) INTO touched FROM taken;
        IF touched IS NULL THEN
            RETURN;
        END IF;
    END IF;
    -- Of an index its table, of a table those that inherit from it.
    touched := ARRAY(
        WITH RECURSIVE reached (oid) AS (
            SELECT coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = noted),
                            noted) FROM unnest(touched) AS noted
            UNION SELECT inhrelid FROM pg_inherits JOIN reached
                ON inhparent = reached.oid)
        SELECT oid FROM reached);
    RETURN QUERY
    SELECT reached, 'relation', 0::int8, userstate_name(nspname),
        CASE WHEN nspname IS NOT NULL THEN userstate_name(relname) END, md5(ROW(
            relkind, relpersistence, relrowsecurity, relforcerowsecurity, relreplident,
            CASE WHEN relkind = 'v' THEN reloptions END,
            CASE WHEN relispartition THEN userstate_tree(relpartbound::text) END,
            CASE WHEN relkind IN ('v', 'm') THEN
                (SELECT userstate_tree(ev_action::text) FROM pg_rewrite
                 WHERE ev_class = c.oid AND rulename = '_RETURN') END,
            (SELECT description FROM pg_description
             WHERE objoid = c.oid AND classoid = 1259 AND objsubid = 0))::text)
    FROM unnest(touched) AS reached
    LEFT JOIN pg_class AS c ON c.oid = reached AND relkind IN ('r', 'p', 'v', 'm', 'f')
    LEFT JOIN pg_namespace AS n ON n.oid = relnamespace
        AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
    UNION ALL
    SELECT inhrelid, 'parent', inhparent::int8, NULL, NULL, inhseqno::text
    FROM pg_inherits WHERE inhrelid = ANY (touched)
    UNION ALL
    SELECT attrelid, 'column', attnum, NULL, userstate_name(attname), md5(ROW(
        atttypid, atttypmod, attnotnull, attidentity, attgenerated, attcollation,
        CASE WHEN atttypid >= 16384 THEN
            (SELECT typnotnull FROM pg_type WHERE pg_type.oid = atttypid) END,
        -- Whether it is not null, but for rows that were there.
        (attrelid, attnum) IN (
            SELECT conrelid, conkey[1] FROM pg_constraint
            WHERE conrelid = ANY (touched) AND contype = 'n' AND NOT convalidated),
        CASE WHEN atthasdef THEN
            (SELECT userstate_tree(adbin::text) FROM pg_attrdef
             WHERE adrelid = attrelid AND adnum = attnum) END,
        (SELECT description FROM pg_description
         WHERE objoid = attrelid AND classoid = 1259 AND objsubid = attnum))::text)
    FROM pg_attribute
    WHERE attrelid = ANY (touched) AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT part.* FROM (
        -- Columns of the catalog that older versions lack.
        SELECT NULL::int2[] AS confdelsetcols, true AS conenforced,
            false AS conperiod, false AS indnullsnotdistinct) AS older
    CROSS JOIN LATERAL (
        SELECT conrelid, 'constraint', k.oid::int8, NULL, userstate_name(conname), md5(
            ROW(contype, convalidated, conkey, confrelid, confkey, confupdtype,
                confdeltype, confmatchtype, condeferrable, condeferred, confdelsetcols,
                conenforced, conperiod, connoinherit,
                CASE WHEN contype = 'c' THEN userstate_tree(conbin::text) END)::text)
        FROM pg_constraint AS k
        -- The columns say which of them are not null. A foreign key has further rows
        -- for the partitions that it refers to.
        WHERE conrelid = ANY (touched) AND contype NOT IN ('n', 't') AND (
            conparentid = 0 OR conrelid IS DISTINCT FROM (
                SELECT whole.conrelid FROM pg_constraint AS whole
                WHERE whole.oid = k.conparentid))
        UNION ALL
        SELECT indrelid, 'index', indexrelid::int8, NULL, userstate_name(relname), md5(
            ROW(relam, reloptions, indkey, indnkeyatts, indisunique,
                indnullsnotdistinct, indisvalid, indoption, indclass, indcollation,
                userstate_tree(indpred::text), userstate_tree(indexprs::text))::text)
        FROM pg_index JOIN pg_class AS i ON i.oid = indexrelid
        WHERE indrelid = ANY (touched)) AS part;
END
$function$;

CREATE FUNCTION pg_catalog.userstate_end() RETURNS pg_catalog.void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$function$
BEGIN
    DROP EVENT TRIGGER userstate_commands;
    DROP EVENT TRIGGER userstate_drops;
    DROP FUNCTION userstate_note_command();
    DROP FUNCTION userstate_note_drop();
    DROP FUNCTION userstate_look(oid[]);
    DROP FUNCTION userstate_tree(text);
    DROP FUNCTION userstate_name(name);
    DROP FUNCTION userstate_end();
    DROP TABLE userstate_notes;
END
$function$;

RESET allow_system_table_mods;
