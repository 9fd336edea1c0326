-- migrate:up
CREATE ROLE service;

CREATE TABLE customers (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL UNIQUE,
    billing_name text NOT NULL,
    billing_address text NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON customers TO service;

-- migrate:down
DROP TABLE customers;
DROP ROLE service;
