CREATE TABLE account_settings (
    account_id bigint PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    theme text NOT NULL DEFAULT 'light',
    locale text NOT NULL DEFAULT 'en',
    version integer NOT NULL DEFAULT 1
);
