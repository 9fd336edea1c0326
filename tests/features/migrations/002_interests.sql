CREATE TABLE user_preferences (
    user_id uuid PRIMARY KEY REFERENCES users (id),
    interest_theme_ids uuid[] NOT NULL DEFAULT '{}',
    revision integer NOT NULL DEFAULT 1 CHECK (revision > 0)
);

ALTER TABLE user_preferences ENABLE ROW LEVEL SECURITY;

CREATE TABLE user_interest_themes (
    user_id uuid REFERENCES users (id),
    theme_id uuid,
    PRIMARY KEY (user_id, theme_id)
);
