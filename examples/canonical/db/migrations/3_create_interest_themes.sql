CREATE TABLE interest_themes (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z-]*$'),
    title text NOT NULL
);
