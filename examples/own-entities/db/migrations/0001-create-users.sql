CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- The "sub" claim of the identity provider; it is all that ties the two.
    subject text NOT NULL UNIQUE CHECK (subject <> ''),
    first_seen_at timestamptz NOT NULL DEFAULT now()
);

GRANT SELECT, INSERT ON users TO portal_app;
