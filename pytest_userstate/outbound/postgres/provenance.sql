SET allow_system_table_mods = on;

-- What finds out which migration did what, in the template of all databases. Two event
-- triggers note the objects that a command makes, alters, or drops, in a table that is
-- written in the command's own transaction; a function then returns what is true of the
-- tables and views among them. `userstate_end` takes all of it away again.
--
-- Nothing here depends on the search path of whoever runs it, and nobody but a superuser
-- can alter or drop it. (No empty line in a statement: single-user mode ends it there.)
CREATE TABLE pg_catalog.userstate_notes (
    number pg_catalog.int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    class pg_catalog.oid NOT NULL,
    object pg_catalog.oid NOT NULL
);

GRANT SELECT ON pg_catalog.userstate_notes TO PUBLIC;

-- 1247 is the number of pg_type, 1259 of pg_class, 2606 of pg_constraint, 2610 of
-- pg_index, 2615 of pg_namespace, and 3079 of pg_extension.
CREATE FUNCTION pg_catalog.userstate_note() RETURNS pg_catalog.event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$function$
BEGIN
    IF tg_event = 'sql_drop' THEN
        -- A constraint or default that goes with something else leaves its table.
        INSERT INTO pg_catalog.userstate_notes (class, object)
            SELECT class, object FROM (
                SELECT CASE WHEN object_type = 'index' AND original THEN 2610
                    ELSE 1259 END AS class,
                    CASE WHEN classid = 1259 THEN objid
                    ELSE to_regclass(format('%I.%I', address_names[1],
                                            address_names[2])) END AS object
                FROM pg_event_trigger_dropped_objects()
                WHERE classid = 1259 AND object_type NOT IN ('sequence', 'toast table')
                   OR object_type IN ('table constraint', 'default value')) AS dropped
            WHERE object IS NOT NULL;
    ELSE
        -- Of a type, schema, or extension that is new, no table can be yet.
        -- Of a composite type, which is in pg_class as well, the type is noted.
        INSERT INTO pg_catalog.userstate_notes (class, object)
            SELECT CASE WHEN object_type LIKE 'composite type%' THEN 1247
                    ELSE classid END,
                CASE WHEN object_type LIKE 'composite type%'
                    THEN (SELECT reltype FROM pg_class WHERE oid = objid)
                    ELSE objid END
            FROM pg_event_trigger_ddl_commands()
            WHERE classid = 1259 AND object_type <> 'sequence' OR classid = 2606
               OR classid IN (1247, 2615, 3079) AND command_tag LIKE 'ALTER%';
    END IF;
END
$function$;

CREATE EVENT TRIGGER userstate_commands ON ddl_command_end
    EXECUTE FUNCTION pg_catalog.userstate_note();

CREATE EVENT TRIGGER userstate_drops ON sql_drop
    EXECUTE FUNCTION pg_catalog.userstate_note();

-- A dump can say `session_replication_role = replica`.
ALTER EVENT TRIGGER userstate_commands ENABLE ALWAYS;

ALTER EVENT TRIGGER userstate_drops ENABLE ALWAYS;

-- A fingerprint of an expression, wherever it was written: up to PostgreSQL 16 its
-- stored form says where in the statement it was.
CREATE FUNCTION pg_catalog.userstate_digest(tree pg_catalog.text)
    RETURNS pg_catalog.text
    LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS
$function$
BEGIN
    RETURN md5(CASE WHEN current_setting('server_version_num')::int4 >= 170000 THEN tree
        ELSE regexp_replace(tree, ':(location|stmt_location|stmt_len) -?[0-9]+', '', 'g')
        END);
END
$function$;

-- Returns the tables and views that the notes after a number lead to, and further ones,
-- each with its state; without a number all that there are. The state is null of what is
-- no table or view, or no more. It holds values, not row versions: what belongs to
-- another object is no value of this one, and is referred to by number, so that renaming
-- a column changes the column, and no constraint or index on it. It comes in hexadecimal
-- digits, which any encoding of the session can write.
CREATE FUNCTION pg_catalog.userstate_changes(
        since pg_catalog.int8, further pg_catalog.oid[])
    RETURNS TABLE (note pg_catalog.int8, relation pg_catalog.oid,
                   state pg_catalog.text)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan SET enable_hashjoin = off
    SET enable_mergejoin = off SET enable_seqscan = off AS
$function$
#variable_conflict use_column
DECLARE
    last int8;
    relations oid[];
    has_others boolean;
    has_lost_indexes boolean;
BEGIN
    SELECT coalesce(max(number), since, 0),
           further || array_agg(DISTINCT object) FILTER (WHERE class IN (1259, 2610)),
           bool_or(class <> 1259), bool_or(class = 2610)
        INTO last, relations, has_others, has_lost_indexes
        FROM userstate_notes WHERE number > coalesce(since, 0);
    -- What others have not committed yet comes later, with a smaller number.
    IF EXISTS (SELECT FROM pg_snapshot_xip(pg_current_snapshot()) AS other
               WHERE other IS DISTINCT FROM pg_current_xact_id_if_assigned()) THEN
        last := coalesce(since, 0);
    END IF;
    -- Before PostgreSQL 17, no event trigger sees that REINDEX gave an index a new number.
    IF since IS NULL OR has_lost_indexes
        AND current_setting('server_version_num')::int4 < 170000 THEN
        relations := ARRAY(SELECT oid FROM pg_class WHERE oid >= 16384);
    ELSIF has_others THEN
        -- Of a constraint its table, of a domain the tables with columns of it, of a
        -- composite type the tables of it, of a schema or extension all that is in it.
        relations := relations || ARRAY(
            SELECT conrelid FROM userstate_notes JOIN pg_constraint AS c
                ON class = 2606 AND c.oid = object WHERE number > since
            UNION SELECT attrelid FROM userstate_notes JOIN pg_attribute
                ON class = 1247 AND atttypid = object WHERE number > since
            UNION SELECT c.oid FROM userstate_notes JOIN pg_class AS c
                ON class = 1247 AND reloftype = object
                OR class = 2615 AND relnamespace = object WHERE number > since
            UNION SELECT objid FROM userstate_notes JOIN pg_depend
                ON class = 3079 AND refclassid = 3079 AND refobjid = object
                AND classid = 1259 WHERE number > since);
    END IF;
    IF relations IS NULL OR relations = '{}' THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH RECURSIVE touched (oid) AS (
        -- Of an index its table, of a table those that inherit from it.
        SELECT coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = noted), noted)
            FROM unnest(relations) AS noted
        UNION SELECT inhrelid FROM pg_inherits JOIN touched ON inhparent = touched.oid)
    SELECT last, touched.oid, CASE WHEN c.oid IS NOT NULL THEN
        encode(convert_to(json_build_array(
            relnamespace::regnamespace::text, relname,
            json_build_array(
                relkind, relpersistence, relrowsecurity, relforcerowsecurity,
                relreplident, CASE WHEN relkind = 'v' THEN reloptions END,
                CASE WHEN relispartition THEN userstate_digest(relpartbound::text) END,
                CASE WHEN relkind IN ('v', 'm') THEN
                    (SELECT userstate_digest(ev_action::text) FROM pg_rewrite
                     WHERE ev_class = c.oid AND rulename = '_RETURN') END),
            (SELECT json_agg(inhparent ORDER BY inhseqno)
             FROM pg_inherits WHERE inhrelid = c.oid),
            (SELECT json_object_agg(attnum, json_build_array(
                 attname, atttypid, atttypmod, attnotnull, attidentity, attgenerated,
                 attcollation, CASE WHEN atttypid >= 16384 THEN
                     (SELECT typnotnull FROM pg_type WHERE pg_type.oid = atttypid) END))
             FROM pg_attribute
             WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
            (SELECT json_object_agg(adnum, userstate_digest(adbin::text))
             FROM pg_attrdef WHERE adrelid = c.oid),
            (SELECT json_object_agg(objsubid, md5(description))
             FROM pg_description WHERE objoid = c.oid AND classoid = 1259),
            (SELECT json_object_agg(k.oid, json_build_array(
                 conname, contype, convalidated, conkey, confrelid, confkey, confupdtype,
                 confdeltype, confmatchtype, condeferrable, condeferred, confdelsetcols,
                 conenforced, conperiod, connoinherit, CASE WHEN contype = 'c' THEN
                     userstate_digest(conbin::text) END))
             FROM pg_constraint AS k WHERE conrelid = c.oid AND contype <> 't'
                 -- Not what a foreign key has for each partition that it refers to.
                 AND (SELECT whole.conrelid FROM pg_constraint AS whole
                      WHERE whole.oid = k.conparentid) IS DISTINCT FROM c.oid),
            CASE WHEN relhasindex THEN
                (SELECT json_object_agg(indexrelid, json_build_array(
                     x.relname, x.relam, x.reloptions, indkey, indnkeyatts, indisunique,
                     indnullsnotdistinct, indisvalid, indoption, indclass, indcollation,
                     userstate_digest(indpred::text), userstate_digest(indexprs::text)))
                 FROM pg_index JOIN pg_class AS x ON x.oid = indexrelid
                 WHERE indrelid = c.oid) END)::text, 'UTF8'), 'hex') END
    FROM touched
    LEFT JOIN pg_class AS c ON c.oid = touched.oid
        AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    -- Columns of the catalog that older versions lack.
    CROSS JOIN (SELECT NULL::int2[] AS confdelsetcols, true AS conenforced,
                false AS conperiod, false AS indnullsnotdistinct) AS older;
END
$function$;

CREATE FUNCTION pg_catalog.userstate_end() RETURNS pg_catalog.void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$function$
BEGIN
    DROP EVENT TRIGGER userstate_commands;
    DROP EVENT TRIGGER userstate_drops;
    DROP FUNCTION pg_catalog.userstate_note();
    DROP FUNCTION pg_catalog.userstate_changes(int8, oid[]);
    DROP FUNCTION pg_catalog.userstate_digest(text);
    DROP FUNCTION pg_catalog.userstate_end();
    DROP TABLE pg_catalog.userstate_notes;
END
$function$;

RESET allow_system_table_mods;
