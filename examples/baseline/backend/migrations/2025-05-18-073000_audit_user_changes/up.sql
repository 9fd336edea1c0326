CREATE TABLE audit_pseudonym_keys (
    id smallint PRIMARY KEY CHECK (id = 1),
    secret bytea NOT NULL CHECK (octet_length(secret) = 32)
);

INSERT INTO audit_pseudonym_keys (id, secret) VALUES (1, gen_random_bytes(32));

CREATE FUNCTION record_user_change() RETURNS trigger
LANGUAGE plpgsql AS $function$
DECLARE
    subject uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.id ELSE NEW.id END;
BEGIN
    INSERT INTO audit_events (action, relation, subject_pseudonym)
    SELECT
        lower(TG_OP)::audit_action,
        TG_TABLE_NAME,
        encode(hmac(uuid_send(subject), secret, 'sha256'), 'hex')
    FROM audit_pseudonym_keys;
    RETURN NULL;
END;
$function$;

CREATE TRIGGER users_record_change
    AFTER INSERT OR UPDATE OR DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION record_user_change();
