\echo Use "CREATE EXTENSION postgis" to load this file. \quit

-- A stub with the types and the usual functions of the real extension. What is stored is
-- the text that was given; a modifier such as (Point, 4326) is accepted and not kept, and
-- nothing but a text is computed.
--
-- PostgreSQL runs this as superuser, with a search path that a migration chooses:
-- see pgcrypto--1.3.sql. Operators, casts, and classes name what takes the types that are
-- new here, so that a migration cannot have made anything like it before.

CREATE TABLE spatial_ref_sys (
  srid integer PRIMARY KEY CHECK (srid OPERATOR(pg_catalog.>) 0),
  auth_name varchar(256),
  auth_srid integer,
  srtext varchar(2048),
  proj4text varchar(2048)
);
GRANT SELECT ON spatial_ref_sys TO PUBLIC;

-- How many there are, which no type shows: `varchartypmodout` writes those from 5 on.
CREATE FUNCTION postgis_typmod_in(pg_catalog._cstring) RETURNS integer
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'array_cardinality';
CREATE FUNCTION postgis_typmod_out(integer) RETURNS pg_catalog.cstring
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'varchartypmodout';

CREATE TYPE geometry;
CREATE FUNCTION geometry_in(pg_catalog.cstring) RETURNS geometry
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textin';
CREATE FUNCTION geometry_out(geometry) RETURNS pg_catalog.cstring
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textout';
CREATE TYPE geometry (
  INPUT = geometry_in, OUTPUT = geometry_out, INTERNALLENGTH = VARIABLE, ALIGNMENT = int4,
  STORAGE = extended, TYPMOD_IN = postgis_typmod_in,
  TYPMOD_OUT = postgis_typmod_out
);

CREATE TYPE geography;
CREATE FUNCTION geography_in(pg_catalog.cstring) RETURNS geography
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textin';
CREATE FUNCTION geography_out(geography) RETURNS pg_catalog.cstring
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textout';
CREATE TYPE geography (
  INPUT = geography_in, OUTPUT = geography_out, INTERNALLENGTH = VARIABLE, ALIGNMENT = int4,
  STORAGE = extended, TYPMOD_IN = postgis_typmod_in,
  TYPMOD_OUT = postgis_typmod_out
);

CREATE TYPE box2d;
CREATE FUNCTION box2d_in(pg_catalog.cstring) RETURNS box2d
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textin';
CREATE FUNCTION box2d_out(box2d) RETURNS pg_catalog.cstring
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textout';
CREATE TYPE box2d (
  INPUT = box2d_in, OUTPUT = box2d_out, INTERNALLENGTH = VARIABLE, ALIGNMENT = int4,
  STORAGE = extended
);

CREATE TYPE box3d;
CREATE FUNCTION box3d_in(pg_catalog.cstring) RETURNS box3d
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textin';
CREATE FUNCTION box3d_out(box3d) RETURNS pg_catalog.cstring
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textout';
CREATE TYPE box3d (
  INPUT = box3d_in, OUTPUT = box3d_out, INTERNALLENGTH = VARIABLE, ALIGNMENT = int4,
  STORAGE = extended
);

-- The key of an index, which is never shown.
CREATE TYPE box2df;
CREATE FUNCTION box2df_in(pg_catalog.cstring) RETURNS box2df
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textin';
CREATE FUNCTION box2df_out(box2df) RETURNS pg_catalog.cstring
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textout';
CREATE TYPE box2df (
  INPUT = box2df_in, OUTPUT = box2df_out, INTERNALLENGTH = VARIABLE, ALIGNMENT = int4,
  STORAGE = plain
);

CREATE CAST (geometry AS geography) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (geography AS geometry) WITHOUT FUNCTION;
CREATE CAST (pg_catalog.text AS geometry) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (geometry AS pg_catalog.text) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (geography AS pg_catalog.text) WITHOUT FUNCTION AS ASSIGNMENT;

-- Compared as the bytes that they are, to be sorted, grouped, and indexed.

CREATE FUNCTION geometry_lt(geometry, geometry) RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bytealt';
CREATE FUNCTION geometry_le(geometry, geometry) RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteale';
CREATE FUNCTION geometry_eq(geometry, geometry) RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteaeq';
CREATE FUNCTION geometry_ge(geometry, geometry) RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteage';
CREATE FUNCTION geometry_gt(geometry, geometry) RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteagt';
CREATE FUNCTION geometry_cmp(geometry, geometry) RETURNS integer
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteacmp';
CREATE FUNCTION geometry_hash(geometry) RETURNS integer
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlena';
CREATE FUNCTION geography_lt(geography, geography) RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bytealt';
CREATE FUNCTION geography_le(geography, geography) RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteale';
CREATE FUNCTION geography_eq(geography, geography) RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteaeq';
CREATE FUNCTION geography_ge(geography, geography) RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteage';
CREATE FUNCTION geography_gt(geography, geography) RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteagt';
CREATE FUNCTION geography_cmp(geography, geography) RETURNS integer
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteacmp';
CREATE FUNCTION geography_hash(geography) RETURNS integer
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashvarlena';
CREATE FUNCTION geometry_overlaps(geometry, geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: the operator && is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION geometry_distance(geometry, geometry) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: the operator <-> is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION geography_overlaps(geography, geography) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: the operator && is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION geography_distance(geography, geography) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: the operator <-> is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION geometry_within(geometry, geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: the operator @ is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION geometry_contains(geometry, geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: the operator ~ is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION geometry_same(geometry, geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: the operator ~= is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;

CREATE OPERATOR < (
  LEFTARG = geometry, RIGHTARG = geometry, FUNCTION = geometry_lt
);
CREATE OPERATOR <= (
  LEFTARG = geometry, RIGHTARG = geometry, FUNCTION = geometry_le
);
CREATE OPERATOR = (
  LEFTARG = geometry, RIGHTARG = geometry, FUNCTION = geometry_eq,
  COMMUTATOR = =, HASHES, MERGES
);
CREATE OPERATOR >= (
  LEFTARG = geometry, RIGHTARG = geometry, FUNCTION = geometry_ge
);
CREATE OPERATOR > (
  LEFTARG = geometry, RIGHTARG = geometry, FUNCTION = geometry_gt
);
CREATE OPERATOR && (
  LEFTARG = geometry, RIGHTARG = geometry, FUNCTION = geometry_overlaps
);
CREATE OPERATOR <-> (
  LEFTARG = geometry, RIGHTARG = geometry, FUNCTION = geometry_distance
);
CREATE OPERATOR < (
  LEFTARG = geography, RIGHTARG = geography, FUNCTION = geography_lt
);
CREATE OPERATOR <= (
  LEFTARG = geography, RIGHTARG = geography, FUNCTION = geography_le
);
CREATE OPERATOR = (
  LEFTARG = geography, RIGHTARG = geography, FUNCTION = geography_eq,
  COMMUTATOR = =, HASHES, MERGES
);
CREATE OPERATOR >= (
  LEFTARG = geography, RIGHTARG = geography, FUNCTION = geography_ge
);
CREATE OPERATOR > (
  LEFTARG = geography, RIGHTARG = geography, FUNCTION = geography_gt
);
CREATE OPERATOR && (
  LEFTARG = geography, RIGHTARG = geography, FUNCTION = geography_overlaps
);
CREATE OPERATOR <-> (
  LEFTARG = geography, RIGHTARG = geography, FUNCTION = geography_distance
);
CREATE OPERATOR @ (
  LEFTARG = geometry, RIGHTARG = geometry, FUNCTION = geometry_within
);
CREATE OPERATOR ~ (
  LEFTARG = geometry, RIGHTARG = geometry, FUNCTION = geometry_contains
);
CREATE OPERATOR ~= (
  LEFTARG = geometry, RIGHTARG = geometry, FUNCTION = geometry_same
);

-- Indexes hold what pg_trgm makes of the text: the classes of one method are all alike.

CREATE OPERATOR CLASS btree_geometry_ops DEFAULT FOR TYPE geometry USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
  FUNCTION 1 geometry_cmp(geometry, geometry);
CREATE OPERATOR CLASS hash_geometry_ops DEFAULT FOR TYPE geometry USING hash AS
  OPERATOR 1 =, FUNCTION 1 geometry_hash(geometry);
CREATE OPERATOR CLASS btree_geography_ops DEFAULT FOR TYPE geography USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
  FUNCTION 1 geography_cmp(geography, geography);
CREATE OPERATOR CLASS hash_geography_ops DEFAULT FOR TYPE geography USING hash AS
  OPERATOR 1 =, FUNCTION 1 geography_hash(geography);
CREATE FUNCTION geometry_gist_consistent(
  pg_catalog.internal, geometry, smallint, pg_catalog.oid, pg_catalog.internal
) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS '$libdir/pg_trgm', 'gtrgm_consistent';
CREATE FUNCTION geography_gist_consistent(
  pg_catalog.internal, geography, smallint, pg_catalog.oid, pg_catalog.internal
) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS '$libdir/pg_trgm', 'gtrgm_consistent';
CREATE FUNCTION postgis_gist_union(
  pg_catalog.internal, pg_catalog.internal
) RETURNS box2df
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS '$libdir/pg_trgm', 'gtrgm_union';
CREATE FUNCTION postgis_gist_compress(
  pg_catalog.internal
) RETURNS pg_catalog.internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS '$libdir/pg_trgm', 'gtrgm_compress';
CREATE FUNCTION postgis_gist_decompress(
  pg_catalog.internal
) RETURNS pg_catalog.internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS '$libdir/pg_trgm', 'gtrgm_decompress';
CREATE FUNCTION postgis_gist_penalty(
  pg_catalog.internal, pg_catalog.internal, pg_catalog.internal
) RETURNS pg_catalog.internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS '$libdir/pg_trgm', 'gtrgm_penalty';
CREATE FUNCTION postgis_gist_picksplit(
  pg_catalog.internal, pg_catalog.internal
) RETURNS pg_catalog.internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS '$libdir/pg_trgm', 'gtrgm_picksplit';
CREATE FUNCTION postgis_gist_same(
  box2df, box2df, pg_catalog.internal
) RETURNS pg_catalog.internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS '$libdir/pg_trgm', 'gtrgm_same';
CREATE OPERATOR CLASS gist_geometry_ops_2d DEFAULT FOR TYPE geometry USING gist AS
  OPERATOR 3 &&,
  FUNCTION 1 geometry_gist_consistent(
    pg_catalog.internal, geometry, smallint, pg_catalog.oid, pg_catalog.internal),
  FUNCTION 2 postgis_gist_union(pg_catalog.internal, pg_catalog.internal),
  FUNCTION 3 postgis_gist_compress(pg_catalog.internal),
  FUNCTION 4 postgis_gist_decompress(pg_catalog.internal),
  FUNCTION 5 postgis_gist_penalty(
    pg_catalog.internal, pg_catalog.internal, pg_catalog.internal),
  FUNCTION 6 postgis_gist_picksplit(pg_catalog.internal, pg_catalog.internal),
  FUNCTION 7 postgis_gist_same(
    box2df, box2df, pg_catalog.internal),
  STORAGE box2df;
CREATE OPERATOR CLASS gist_geometry_ops_nd FOR TYPE geometry USING gist AS
  OPERATOR 3 &&,
  FUNCTION 1 geometry_gist_consistent(
    pg_catalog.internal, geometry, smallint, pg_catalog.oid, pg_catalog.internal),
  FUNCTION 2 postgis_gist_union(pg_catalog.internal, pg_catalog.internal),
  FUNCTION 3 postgis_gist_compress(pg_catalog.internal),
  FUNCTION 4 postgis_gist_decompress(pg_catalog.internal),
  FUNCTION 5 postgis_gist_penalty(
    pg_catalog.internal, pg_catalog.internal, pg_catalog.internal),
  FUNCTION 6 postgis_gist_picksplit(pg_catalog.internal, pg_catalog.internal),
  FUNCTION 7 postgis_gist_same(
    box2df, box2df, pg_catalog.internal),
  STORAGE box2df;
CREATE OPERATOR CLASS gist_geography_ops DEFAULT FOR TYPE geography USING gist AS
  OPERATOR 3 &&,
  FUNCTION 1 geography_gist_consistent(
    pg_catalog.internal, geography, smallint, pg_catalog.oid, pg_catalog.internal),
  FUNCTION 2 postgis_gist_union(pg_catalog.internal, pg_catalog.internal),
  FUNCTION 3 postgis_gist_compress(pg_catalog.internal),
  FUNCTION 4 postgis_gist_decompress(pg_catalog.internal),
  FUNCTION 5 postgis_gist_penalty(
    pg_catalog.internal, pg_catalog.internal, pg_catalog.internal),
  FUNCTION 6 postgis_gist_picksplit(pg_catalog.internal, pg_catalog.internal),
  FUNCTION 7 postgis_gist_same(
    box2df, box2df, pg_catalog.internal),
  STORAGE box2df;

-- What is a text already, or is one easily.

CREATE FUNCTION st_geomfromtext(pg_catalog.text) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN $1;
END $$;
CREATE FUNCTION st_geomfromtext(pg_catalog.text, integer) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN $1;
END $$;
CREATE FUNCTION st_geometryfromtext(pg_catalog.text) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN $1;
END $$;
CREATE FUNCTION st_geometryfromtext(pg_catalog.text, integer) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN $1;
END $$;
CREATE FUNCTION st_geomfromewkt(pg_catalog.text) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN $1;
END $$;
CREATE FUNCTION st_geographyfromtext(pg_catalog.text) RETURNS geography
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN $1;
END $$;
CREATE FUNCTION st_geogfromtext(pg_catalog.text) RETURNS geography
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN $1;
END $$;
CREATE FUNCTION st_makepoint(pg_catalog.float8, pg_catalog.float8) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN format('POINT(%s %s)', $1, $2);
END $$;
CREATE FUNCTION st_point(pg_catalog.float8, pg_catalog.float8) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN format('POINT(%s %s)', $1, $2);
END $$;
CREATE FUNCTION st_point(pg_catalog.float8, pg_catalog.float8, integer) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN format('POINT(%s %s)', $1, $2);
END $$;
CREATE FUNCTION st_makepoint(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN format('POINT Z (%s %s %s)', $1, $2, $3);
END $$;
CREATE FUNCTION st_setsrid(geometry, integer) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN $1;
END $$;
CREATE FUNCTION st_astext(geometry) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN $1;
END $$;
CREATE FUNCTION st_asewkt(geometry) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN $1;
END $$;
CREATE FUNCTION st_astext(geography) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN $1;
END $$;
CREATE FUNCTION st_asewkt(geography) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN $1;
END $$;

-- What would have to be computed.

CREATE FUNCTION postgis_version() RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: postgis_version() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION postgis_full_version() RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: postgis_full_version() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_distance(geometry, geometry) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_distance() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_distance(geography, geography) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_distance() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_dwithin(geometry, geometry, pg_catalog.float8) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_dwithin() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_dwithin(geography, geography, pg_catalog.float8) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_dwithin() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_intersects(geometry, geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_intersects() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_intersects(geography, geography) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_intersects() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_covers(geometry, geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_covers() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_covers(geography, geography) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_covers() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_coveredby(geometry, geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_coveredby() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_coveredby(geography, geography) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_coveredby() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_contains(geometry, geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_contains() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_within(geometry, geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_within() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_overlaps(geometry, geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_overlaps() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_touches(geometry, geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_touches() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_crosses(geometry, geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_crosses() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_disjoint(geometry, geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_disjoint() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_equals(geometry, geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_equals() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_distancesphere(geometry, geometry) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_distancesphere() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_distance_sphere(geometry, geometry) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_distance_sphere() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_x(geometry) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_x() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_y(geometry) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_y() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_z(geometry) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_z() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_xmin(box3d) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_xmin() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_xmax(box3d) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_xmax() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_ymin(box3d) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_ymin() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_ymax(box3d) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_ymax() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_perimeter(geometry) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_perimeter() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_area(geometry) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_area() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_area(geography) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_area() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_length(geometry) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_length() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_length(geography) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_length() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_buffer(geometry, pg_catalog.float8) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_buffer() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_buffer(geography, pg_catalog.float8) RETURNS geography
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_buffer() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_centroid(geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_centroid() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_envelope(geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_envelope() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_boundary(geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_boundary() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_convexhull(geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_convexhull() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_makevalid(geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_makevalid() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_flipcoordinates(geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_flipcoordinates() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_force2d(geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_force2d() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_multi(geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_multi() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_pointonsurface(geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_pointonsurface() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_startpoint(geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_startpoint() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_endpoint(geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_endpoint() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_makepolygon(geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_makepolygon() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_union(geometry, geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_union() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_intersection(geometry, geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_intersection() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_difference(geometry, geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_difference() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_makeline(geometry, geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_makeline() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_closestpoint(geometry, geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_closestpoint() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_collect(geometry, geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_collect() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_transform(geometry, integer) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_transform() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_simplify(geometry, pg_catalog.float8) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_simplify() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_simplifypreservetopology(
  geometry, pg_catalog.float8
) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_simplifypreservetopology() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_snaptogrid(geometry, pg_catalog.float8) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_snaptogrid() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_lineinterpolatepoint(geometry, pg_catalog.float8) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_lineinterpolatepoint() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_srid(geometry) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_srid() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_npoints(geometry) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_npoints() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_numgeometries(geometry) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_numgeometries() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_dimension(geometry) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_dimension() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_isvalid(geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_isvalid() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_isempty(geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_isempty() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_isclosed(geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_isclosed() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_issimple(geometry) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_issimple() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_geometrytype(geometry) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_geometrytype() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_isvalidreason(geometry) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_isvalidreason() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_asgeojson(geometry) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_asgeojson() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_asgeojson(geography) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_asgeojson() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_asbinary(geometry) RETURNS pg_catalog.bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_asbinary() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_asbinary(geography) RETURNS pg_catalog.bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_asbinary() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_asewkb(geometry) RETURNS pg_catalog.bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_asewkb() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_geomfromgeojson(pg_catalog.text) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_geomfromgeojson() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_geomfromgeojson(pg_catalog.jsonb) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_geomfromgeojson() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_geomfromwkb(pg_catalog.bytea) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_geomfromwkb() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_geomfromewkb(pg_catalog.bytea) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_geomfromewkb() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_geomfromwkb(pg_catalog.bytea, integer) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_geomfromwkb() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_makeenvelope(
  pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8
) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_makeenvelope() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_makeenvelope(
  pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, integer
) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_makeenvelope() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_tileenvelope(integer, integer, integer) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_tileenvelope() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_geohash(geometry) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_geohash() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION st_azimuth(geometry, geometry) RETURNS pg_catalog.float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: st_azimuth() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION box2d(geometry) RETURNS box2d
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: box2d() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
CREATE FUNCTION box3d(geometry) RETURNS box3d
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE 'postgis is a stub: box3d() is not computed' USING ERRCODE = 'feature_not_supported',
    HINT = 'Use a server that has it: --userstate-server=DSN';
END $$;
