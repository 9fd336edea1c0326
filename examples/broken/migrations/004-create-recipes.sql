CREATE TYPE recipe_visibility AS ENUM ('private', 'friends', 'everyone');

CREATE TABLE recipes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    author_id uuid NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    theme_id uuid REFERENCES interest_themes (id) ON DELETE SET NULL,
    title text NOT NULL,
    method text NOT NULL DEFAULT '',
    servings smallint NOT NULL DEFAULT 2 CHECK (servings BETWEEN 1 AND 50),
    visibility recipe_visibility NOT NULL DEFAULT 'private'
);

CREATE INDEX recipes_public ON recipes (theme_id) WHERE visibility = 'everyone';
