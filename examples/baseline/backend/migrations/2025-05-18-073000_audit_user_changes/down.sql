DROP TRIGGER users_record_change ON users;
DROP FUNCTION record_user_change();
DROP TABLE audit_pseudonym_keys;
