-- Makes evil.make_doubles(names, operators, made): it fills the schema `evil` with
-- doubles of functions, operators and types, which raise an error when they are run.
-- `made` are functions that a stub will make, as arrays of a name and its types: doubles
-- of theirs differ in at least one type.
CREATE SCHEMA evil;
CREATE TYPE evil.own AS (x pg_catalog.text);

CREATE FUNCTION evil.make_doubles(names text[], operators text[], made jsonb[])
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $make$
DECLARE
  pool CONSTANT text[] := ARRAY['text', 'varchar', 'name', 'bytea', 'int4', 'int8',
    'numeric', 'float8', 'bool', 'uuid', 'jsonb', 'bit', 'text[]', 'evil.own'];
  polymorphic CONSTANT text[] := ARRAY['anyelement', 'anycompatible'];
  body CONSTANT text := ' LANGUAGE plpgsql AS $$ BEGIN '
    'RAISE ''the code of a migration ran'' USING DETAIL = current_user; END $$';
  known record;
  variant text[];
  kind text;
  other text;
  symbol text;
  result text;
  is_made boolean;
BEGIN
  -- Casts from PostgreSQL's types to one of our own, without being asked for.
  FOREACH kind IN ARRAY ARRAY['text', 'bytea', 'int4', 'uuid', 'jsonb'] LOOP
    EXECUTE format('CREATE FUNCTION evil.to_own(%s) RETURNS evil.own' || body, kind);
    EXECUTE format('CREATE CAST (%s AS evil.own) WITH FUNCTION evil.to_own(%s)'
      ' AS IMPLICIT', kind, kind);
  END LOOP;
  -- Functions: each argument of each signature in turn as each other type, more
  -- arguments with a default, and any number of them.
  FOR known IN
    SELECT DISTINCT proname, ARRAY(
        SELECT format_type(t, NULL) FROM unnest(proargtypes) WITH ORDINALITY AS a (t, n)
        ORDER BY n) AS types,
      format_type(prorettype, NULL) AS result
    FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY (names)
      AND prokind IN ('f', 'a')
    UNION ALL
    SELECT m ->> 0, ARRAY(SELECT jsonb_array_elements_text(m -> 1)), 'text'
    FROM unnest(made) AS m
  LOOP
    result := CASE WHEN known.result ~ '^any|^internal|^record' THEN 'text'
      ELSE known.result END;
    FOR i IN 1 .. cardinality(known.types) LOOP
      FOREACH kind IN ARRAY pool || polymorphic LOOP
        variant := known.types;
        variant[i] := kind;
        CONTINUE WHEN array_to_string(variant, ' ') ~ '\m(any|internal)\M|"';
        CONTINUE WHEN EXISTS (
          SELECT FROM unnest(made) AS m WHERE m ->> 0 = known.proname
            AND ARRAY(SELECT t::regtype FROM jsonb_array_elements_text(m -> 1) AS t
                      WHERE to_regtype(t) IS NOT NULL)
              = ARRAY(SELECT t::regtype FROM unnest(variant) AS t
                      WHERE to_regtype(t) IS NOT NULL));
        BEGIN
          EXECUTE format('CREATE FUNCTION evil.%I(%s) RETURNS %s' || body,
            known.proname, array_to_string(variant, ', '), result);
        EXCEPTION WHEN duplicate_function OR invalid_function_definition
          OR feature_not_supported OR undefined_object THEN NULL;
        END;
      END LOOP;
    END LOOP;
    BEGIN
      EXECUTE format('CREATE FUNCTION evil.%I(VARIADIC anyarray) RETURNS %s' || body,
        known.proname, result);
    EXCEPTION WHEN duplicate_function THEN NULL;
    END;
  END LOOP;
  EXECUTE 'CREATE FUNCTION evil.format(text, text, text) RETURNS text' || body;
  -- Operators between all types.
  FOREACH kind IN ARRAY pool LOOP
    EXECUTE format('CREATE FUNCTION evil.operation(%s) RETURNS bool' || body, kind);
    FOREACH other IN ARRAY pool LOOP
      EXECUTE format('CREATE FUNCTION evil.operation(%s, %s) RETURNS bool' || body,
        kind, other);
      FOREACH symbol IN ARRAY operators LOOP
        BEGIN
          EXECUTE format('CREATE OPERATOR evil.%s (leftarg = %s, rightarg = %s,'
            ' function = evil.operation)', symbol, kind, other);
        EXCEPTION WHEN syntax_error OR duplicate_function OR duplicate_object
          OR invalid_function_definition THEN NULL;
        END;
      END LOOP;
    END LOOP;
  END LOOP;
  -- Types last: their names are in use above.
  FOREACH kind IN ARRAY ARRAY['text', 'bytea', 'uuid', 'jsonb', 'json', 'name', 'int4',
      'int8', 'timestamptz', 'record', 'varchar', 'bpchar'] LOOP
    EXECUTE format('CREATE DOMAIN evil.%I AS pg_catalog.text CHECK (evil.to_own(VALUE)'
      ' IS NULL)', kind);
  END LOOP;
END $make$;
