CREATE EXTENSION IF NOT EXISTS pgcrypto;

CREATE TABLE user_credentials (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- As crypt() makes it: algorithm, cost, and salt included.
    password_hash text NOT NULL CHECK (password_hash LIKE '$2_$%'),
    changed_at timestamptz NOT NULL DEFAULT now()
);
