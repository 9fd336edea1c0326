CREATE TABLE user_profiles (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    display_name text NOT NULL CHECK (char_length(display_name) BETWEEN 1 AND 80),
    locale text NOT NULL DEFAULT 'en' CHECK (locale ~ '^[a-z]{2}(-[A-Z]{2})?$'),
    revision bigint NOT NULL DEFAULT 1 CHECK (revision > 0)
);

GRANT SELECT, INSERT, UPDATE ON user_profiles TO portal_app;
