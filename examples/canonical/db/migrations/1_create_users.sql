CREATE EXTENSION IF NOT EXISTS "uuid-ossp";

CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    email text NOT NULL,
    display_name text NOT NULL CHECK (display_name <> ''),
    neighbourhood text,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX users_email_lower ON users (lower(email));

COMMENT ON COLUMN users.email IS 'Compared without regard to case; never shown';
