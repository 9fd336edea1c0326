CREATE TABLE interest_themes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    slug text NOT NULL UNIQUE,
    title text NOT NULL
);

INSERT INTO interest_themes (slug, title)
VALUES
    ('baking', 'Baking'),
    ('fermenting', 'Fermenting'),
    ('one-pot', 'One pot'),
    ('vegan', 'Vegan');
