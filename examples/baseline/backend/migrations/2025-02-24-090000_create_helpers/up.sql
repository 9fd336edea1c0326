-- digest(), hmac() and gen_random_bytes(); gen_random_uuid() is built in.
CREATE EXTENSION IF NOT EXISTS pgcrypto;

CREATE DOMAIN locale_tag AS text
    CHECK (VALUE ~ '^[a-z]{2}(-[A-Z]{2})?$');

COMMENT ON DOMAIN locale_tag IS 'A language and, if it matters, a region: en, en-GB';

CREATE FUNCTION set_updated_at() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW IS DISTINCT FROM OLD THEN
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END;
$$;
