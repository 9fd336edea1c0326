\echo Use "CREATE EXTENSION pg_partman" to load this file. \quit

-- A stub with the configuration and the usual functions of the real extension: what is
-- to be partitioned is noted, and no partition is made.
--
-- PostgreSQL runs this as superuser, with a search path that a migration chooses:
-- see pgcrypto--1.3.sql.

CREATE TABLE part_config (
  parent_table pg_catalog.text PRIMARY KEY,
  control pg_catalog.text NOT NULL,
  partition_interval pg_catalog.text NOT NULL,
  partition_type pg_catalog.text NOT NULL,
  premake integer NOT NULL DEFAULT 4,
  automatic_maintenance pg_catalog.text NOT NULL DEFAULT 'on',
  template_table pg_catalog.text,
  retention pg_catalog.text,
  retention_schema pg_catalog.text,
  retention_keep_index boolean NOT NULL DEFAULT true,
  retention_keep_table boolean NOT NULL DEFAULT true,
  epoch pg_catalog.text NOT NULL DEFAULT 'none',
  constraint_cols pg_catalog._text,
  optimize_constraint integer NOT NULL DEFAULT 30,
  infinite_time_partitions boolean NOT NULL DEFAULT false,
  datetime_string pg_catalog.text,
  jobmon boolean NOT NULL DEFAULT true,
  sub_partition_set_full boolean NOT NULL DEFAULT false,
  undo_in_progress boolean NOT NULL DEFAULT false,
  inherit_privileges boolean DEFAULT false,
  constraint_valid boolean NOT NULL DEFAULT true,
  ignore_default_data boolean NOT NULL DEFAULT true,
  date_trunc_interval pg_catalog.text
);

CREATE FUNCTION create_parent(
  p_parent_table pg_catalog.text, p_control pg_catalog.text,
  p_interval pg_catalog.text, p_type pg_catalog.text DEFAULT 'range',
  p_epoch pg_catalog.text DEFAULT 'none', p_premake integer DEFAULT 4,
  p_start_partition pg_catalog.text DEFAULT NULL, p_default_table boolean DEFAULT true,
  p_automatic_maintenance pg_catalog.text DEFAULT 'on',
  p_constraint_cols pg_catalog._text DEFAULT NULL,
  p_template_table pg_catalog.text DEFAULT NULL, p_jobmon boolean DEFAULT true,
  p_date_trunc_interval pg_catalog.text DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO @extschema@.part_config
    (parent_table, control, partition_interval, partition_type, premake)
  VALUES ($1, $2, $3, $4, $6);
  RETURN true;
END $$;
CREATE FUNCTION run_maintenance(
  p_parent_table pg_catalog.text DEFAULT NULL, p_analyze boolean DEFAULT false,
  p_jobmon boolean DEFAULT true
) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON part_config TO PUBLIC;
