CREATE TABLE favourites (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    recipe_id uuid NOT NULL REFERENCES recipes (id) ON DELETE CASCADE,
    kept_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, recipe_id)
);
