CREATE TABLE genres (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE account_genres (
    account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    genre_id bigint NOT NULL REFERENCES genres (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, genre_id)
);
