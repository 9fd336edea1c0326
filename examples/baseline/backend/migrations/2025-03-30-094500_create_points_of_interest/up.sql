CREATE TABLE points_of_interest (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    theme_id uuid NOT NULL REFERENCES interest_themes (id) ON UPDATE CASCADE,
    name text NOT NULL CHECK (name <> ''),
    latitude numeric(8, 6) NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude numeric(9, 6) NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    tags text[] NOT NULL DEFAULT '{}',
    UNIQUE (latitude, longitude, name)
);

CREATE INDEX points_of_interest_by_theme ON points_of_interest (theme_id);
CREATE INDEX points_of_interest_tags ON points_of_interest USING gin (tags);
