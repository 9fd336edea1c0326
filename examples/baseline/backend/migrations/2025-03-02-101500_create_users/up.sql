CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    display_name text NOT NULL,
    locale locale_tag NOT NULL DEFAULT 'en',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deactivated_at timestamptz,
    CONSTRAINT users_display_name_length
        CHECK (char_length(btrim(display_name)) BETWEEN 1 AND 80)
);

CREATE INDEX users_display_name_lower ON users (lower(display_name));
CREATE INDEX users_active_by_age ON users (created_at) WHERE deactivated_at IS NULL;

CREATE TRIGGER users_set_updated_at
    BEFORE UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

COMMENT ON TABLE users IS 'Everyone who walks with us; how they log in is undecided';
COMMENT ON COLUMN users.display_name IS 'Shown beside routes and notes; need not be unique';
