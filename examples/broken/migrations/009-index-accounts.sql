CREATE UNIQUE INDEX accounts_email_lower ON accounts (lower(email));

COMMENT ON TABLE accounts IS 'Households; took the place of users';
