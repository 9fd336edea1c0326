CREATE TABLE user_consents (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    version text NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, version)
);

GRANT SELECT, INSERT ON user_consents TO portal_app;
