CREATE TABLE interest_themes (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    title text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    sort_order smallint NOT NULL DEFAULT 0,
    CONSTRAINT interest_themes_slug_shape CHECK (slug ~ '^[a-z][a-z0-9-]*$')
);

CREATE UNIQUE INDEX interest_themes_title_lower ON interest_themes (lower(title));
CREATE INDEX interest_themes_offered ON interest_themes (sort_order) WHERE is_active;
