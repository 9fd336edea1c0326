-- One account per household; passwords move to the identity service later.
CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO accounts (id, email, name, created_at)
SELECT id, email, display_name, created_at FROM users;
