-- migrate:up
CREATE TABLE subscriptions (
    customer_id uuid PRIMARY KEY REFERENCES customers,
    plan text NOT NULL,
    renews_on date NOT NULL
);

-- migrate:down
DROP TABLE subscriptions;
