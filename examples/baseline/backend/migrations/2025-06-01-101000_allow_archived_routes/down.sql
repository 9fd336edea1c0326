-- A value cannot be taken from an enum: make the type anew, and what rests on it.
DROP INDEX routes_published;
ALTER TABLE routes DROP CONSTRAINT routes_published_since;
ALTER TABLE routes ALTER COLUMN status DROP DEFAULT;

ALTER TYPE route_status RENAME TO route_status_with_archived;
CREATE TYPE route_status AS ENUM ('draft', 'published');
ALTER TABLE routes ALTER COLUMN status TYPE route_status
    USING CASE status::text WHEN 'archived' THEN 'draft' ELSE status::text END::route_status;
DROP TYPE route_status_with_archived;

ALTER TABLE routes ALTER COLUMN status SET DEFAULT 'draft';
ALTER TABLE routes ADD CONSTRAINT routes_published_since
    CHECK (status = 'draft' OR published_at IS NOT NULL);
CREATE INDEX routes_published ON routes (published_at DESC) WHERE status = 'published';
