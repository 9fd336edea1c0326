CREATE SCHEMA legal;

CREATE TYPE legal.policy_kind AS ENUM ('participation', 'data_protection', 'recording');

CREATE TABLE legal.policies (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind legal.policy_kind NOT NULL,
    version text NOT NULL,
    published_on date NOT NULL,
    UNIQUE (kind, version)
);

CREATE TABLE legal.consent_log (
    user_id uuid NOT NULL REFERENCES public.users (id) ON DELETE RESTRICT,
    policy_id integer NOT NULL REFERENCES legal.policies (id) ON DELETE RESTRICT,
    accepted_at timestamptz NOT NULL DEFAULT now(),
    withdrawn_at timestamptz,
    revision bigint NOT NULL DEFAULT 1 CHECK (revision > 0),
    PRIMARY KEY (user_id, policy_id),
    CHECK (withdrawn_at >= accepted_at)
);

COMMENT ON TABLE legal.consent_log IS 'Who agreed to which policy, and until when';

GRANT USAGE ON SCHEMA legal TO portal_app, portal_reports;
GRANT SELECT ON legal.policies TO portal_app, portal_reports;
GRANT SELECT, INSERT, UPDATE ON legal.consent_log TO portal_app;
