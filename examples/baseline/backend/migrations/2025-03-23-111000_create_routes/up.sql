CREATE TYPE route_status AS ENUM ('draft', 'published');
CREATE TYPE route_difficulty AS ENUM ('step_free', 'easy', 'moderate', 'steep');

CREATE TABLE routes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id uuid REFERENCES users (id) ON DELETE SET NULL,
    title text NOT NULL,
    summary text NOT NULL DEFAULT '',
    status route_status NOT NULL DEFAULT 'draft',
    difficulty route_difficulty NOT NULL,
    length_metres integer NOT NULL CHECK (length_metres BETWEEN 100 AND 100000),
    published_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT routes_title_length CHECK (char_length(btrim(title)) BETWEEN 3 AND 120),
    CONSTRAINT routes_published_since CHECK (status = 'draft' OR published_at IS NOT NULL)
);

CREATE INDEX routes_by_owner ON routes (owner_id);
CREATE INDEX routes_published ON routes (published_at DESC) WHERE status = 'published';

CREATE TRIGGER routes_set_updated_at
    BEFORE UPDATE ON routes
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
