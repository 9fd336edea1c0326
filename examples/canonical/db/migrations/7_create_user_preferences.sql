CREATE TABLE user_preferences (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    interest_theme_ids uuid[] NOT NULL DEFAULT '{}',
    radius_metres integer NOT NULL DEFAULT 5000 CHECK (radius_metres BETWEEN 100 AND 50000),
    weekly_digest boolean NOT NULL DEFAULT true
);

CREATE INDEX user_preferences_themes
    ON user_preferences USING gin (interest_theme_ids);
