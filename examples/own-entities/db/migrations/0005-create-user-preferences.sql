CREATE TABLE interest_themes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    title text NOT NULL UNIQUE
);

CREATE TABLE user_preferences (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    interest_theme_ids uuid[] NOT NULL DEFAULT '{}',
    contact_by_post boolean NOT NULL DEFAULT false,
    revision bigint NOT NULL DEFAULT 1 CHECK (revision > 0)
);

GRANT SELECT ON interest_themes TO portal_app;
GRANT SELECT, INSERT, UPDATE ON user_preferences TO portal_app;
