CREATE TABLE user_interest_themes (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    theme_id uuid NOT NULL REFERENCES interest_themes (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, theme_id)
);

CREATE INDEX user_interest_themes_by_theme ON user_interest_themes (theme_id);
