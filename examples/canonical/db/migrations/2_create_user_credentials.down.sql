DROP TABLE user_credentials;
DROP EXTENSION pgcrypto;
