CREATE TABLE user_interest_themes (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    theme_id uuid NOT NULL REFERENCES interest_themes (id) ON DELETE RESTRICT,
    chosen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, theme_id)
);

CREATE INDEX user_interest_themes_by_theme ON user_interest_themes (theme_id);

COMMENT ON TABLE user_interest_themes IS 'The themes that a user follows, a row each';
