CREATE TABLE user_preferences (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    interest_theme_ids uuid[] NOT NULL DEFAULT '{}',
    unit_system text NOT NULL DEFAULT 'metric'
        CHECK (unit_system IN ('metric', 'imperial')),
    revision bigint NOT NULL DEFAULT 1 CHECK (revision > 0)
);
