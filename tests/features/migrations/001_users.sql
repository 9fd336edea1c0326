CREATE EXTENSION pgcrypto;

CREATE TYPE user_state AS ENUM ('invited', 'active');

CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    display_name varchar(80) NOT NULL UNIQUE,
    state user_state
);

CREATE INDEX users_by_state ON users (state);

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'users stay';
END;
$$;

CREATE TRIGGER users_stay BEFORE DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION refuse();

CREATE TABLE user_credentials (
    user_id uuid PRIMARY KEY REFERENCES users (id),
    password_hash text NOT NULL
);
