DROP FUNCTION set_updated_at();
DROP DOMAIN locale_tag;
DROP EXTENSION pgcrypto;
