CREATE TABLE route_notes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    route_id uuid NOT NULL REFERENCES routes (id) ON DELETE CASCADE,
    author_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    body text NOT NULL CHECK (char_length(body) BETWEEN 1 AND 2000),
    revision integer NOT NULL DEFAULT 1 CHECK (revision > 0),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX route_notes_by_route ON route_notes (route_id) INCLUDE (author_id);

CREATE TRIGGER route_notes_set_updated_at
    BEFORE UPDATE ON route_notes
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
