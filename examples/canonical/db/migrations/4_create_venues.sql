CREATE TYPE accessibility AS ENUM ('unknown', 'partial', 'full');

CREATE TABLE venues (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    name text NOT NULL,
    address text NOT NULL,
    capacity integer CHECK (capacity > 0),
    accessibility accessibility NOT NULL DEFAULT 'unknown',
    UNIQUE (name, address)
);
