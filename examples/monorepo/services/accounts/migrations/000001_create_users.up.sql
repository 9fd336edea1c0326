CREATE ROLE service;

CREATE TABLE users (
    id uuid PRIMARY KEY,
    display_name text NOT NULL,
    password_hash text NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON users TO service;
