CREATE TABLE events (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    host_id uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    venue_id uuid REFERENCES venues (id) ON DELETE SET NULL,
    theme_id uuid NOT NULL REFERENCES interest_themes (id),
    title text NOT NULL CHECK (char_length(title) BETWEEN 3 AND 120),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    seats integer CHECK (seats > 0),
    CHECK (ends_at > starts_at)
);

CREATE INDEX events_by_theme ON events (theme_id, starts_at);
CREATE INDEX events_by_host ON events (host_id);
