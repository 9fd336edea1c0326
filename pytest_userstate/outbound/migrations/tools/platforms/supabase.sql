-- What Supabase's platform provides to a project before its first migration, as
-- far as migrations refer to it: roles, schemas, and the tables and functions of
-- its services, with the columns that they have in 2025. Nothing works here that
-- a service would have to do: the functions answer as for a session without a
-- request, and nothing is sent anywhere.

-- Roles. Migrations run as postgres, which owns the database and is no superuser:
-- that of the server has another name.
ALTER ROLE postgres NOSUPERUSER CREATEDB BYPASSRLS REPLICATION;
DO $$
DECLARE
    service text;
BEGIN
    EXECUTE format('ALTER DATABASE %I OWNER TO postgres', current_database());
    -- Before PostgreSQL 16, who may create roles may also grant himself those that
    -- run programs and read the server's files.
    IF current_setting('server_version_num')::int >= 160000 THEN
        ALTER ROLE postgres CREATEROLE;
    END IF;
    FOR service IN
        SELECT unnest(ARRAY[
            'anon', 'authenticated', 'service_role', 'authenticator',
            'dashboard_user', 'pgbouncer', 'supabase_admin',
            'supabase_auth_admin', 'supabase_storage_admin',
            'supabase_replication_admin', 'supabase_read_only_user',
            'supabase_realtime_admin', 'supabase_functions_admin',
            'supabase_etl_admin'
        ])
        EXCEPT SELECT rolname FROM pg_catalog.pg_roles
    LOOP
        EXECUTE format('CREATE ROLE %I', service);
    END LOOP;
    ALTER ROLE service_role BYPASSRLS;
    ALTER ROLE authenticator NOINHERIT;
    GRANT anon, authenticated, service_role TO authenticator;
    GRANT postgres, supabase_auth_admin, supabase_realtime_admin,
        supabase_storage_admin TO supabase_admin;
    EXECUTE format(
        'ALTER DATABASE %I SET search_path TO "$user", public, extensions',
        current_database()
    );
    GRANT anon, authenticated, service_role, authenticator, dashboard_user,
        supabase_realtime_admin, supabase_storage_admin,
        pg_monitor, pg_signal_backend, pg_read_all_data TO postgres WITH ADMIN OPTION;
END $$;

CREATE SCHEMA auth AUTHORIZATION supabase_auth_admin;
CREATE SCHEMA storage AUTHORIZATION supabase_storage_admin;
CREATE SCHEMA extensions;
CREATE SCHEMA graphql;
CREATE SCHEMA graphql_public;
CREATE SCHEMA realtime AUTHORIZATION supabase_realtime_admin;
CREATE SCHEMA vault;
CREATE SCHEMA pgbouncer AUTHORIZATION pgbouncer;
CREATE SCHEMA _realtime;

-- A module of the platform's server lets postgres create, alter and drop extensions,
-- and change policies and drop triggers on the services' tables, though it is no
-- superuser.
--
-- The search path is the caller's, which says where an extension goes: so nothing
-- else may be found by it, and the text has to be this one statement and no other.
-- What is blank and where a comment ends is as PostgreSQL's scan.l has it, in every
-- setting that decides what a backslash means.
CREATE FUNCTION extensions.run_as_the_platform(statement text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET standard_conforming_strings = on AS $$
DECLARE
    blank CONSTANT pg_catalog.text :=
        E'(?:[ \\t\\n\\r\\f]|--[^\\n\\r]*[\\n\\r]|/\\*[^*/]*\\*/)';
    name CONSTANT pg_catalog.text := '(?:"[^"]+"|[a-z_][a-z0-9_$]*)';
    -- Words, names and commas: that makes no second statement.
    form CONSTANT pg_catalog.text := pg_catalog.concat(
        '^(?:(?:create|drop)', blank, '+extension|alter', blank, '+extension', blank,
        '+', name, blank, '+(?:set|update))(?:', blank, '|', name,
        E'|''[^''\\\\]*''|,)*$'
    );
BEGIN
    IF NOT statement OPERATOR(pg_catalog.~*) form THEN
        RAISE 'this is not for %', pg_catalog.left(statement, 40);
    END IF;
    EXECUTE statement;
END $$;
-- This one has no rights but over the services' tables, whatever the text is.
CREATE FUNCTION extensions.run_as_the_services(statement text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET standard_conforming_strings = on AS $$
BEGIN
    IF NOT statement OPERATOR(pg_catalog.~*)
        E'^(drop\\s+trigger|(create|alter|drop)\\s+policy)\\M'
    THEN
        RAISE 'this is not for %', pg_catalog.left(statement, 40);
    END IF;
    EXECUTE statement;
END $$;
ALTER FUNCTION extensions.run_as_the_services OWNER TO supabase_admin;

-- Extensions that every project has.
DO $$
DECLARE
    extension text;
BEGIN
    FOR extension IN
        SELECT name FROM pg_catalog.pg_available_extensions
        WHERE name IN ('pg_stat_statements', 'pgcrypto', 'uuid-ossp')
    LOOP
        EXECUTE format('CREATE EXTENSION %I WITH SCHEMA extensions', extension);
    END LOOP;
END $$;

-- The service for signing in.
CREATE TYPE auth.aal_level AS ENUM ('aal1', 'aal2', 'aal3');
CREATE TYPE auth.code_challenge_method AS ENUM ('s256', 'plain');
CREATE TYPE auth.factor_status AS ENUM ('unverified', 'verified');
CREATE TYPE auth.factor_type AS ENUM ('totp', 'webauthn', 'phone');
CREATE TYPE auth.one_time_token_type AS ENUM (
    'confirmation_token', 'reauthentication_token', 'recovery_token',
    'email_change_token_new', 'email_change_token_current', 'phone_change_token'
);

CREATE TABLE auth.users (
    instance_id uuid,
    id uuid PRIMARY KEY,
    aud varchar(255),
    role varchar(255),
    email varchar(255),
    encrypted_password varchar(255),
    email_confirmed_at timestamptz,
    invited_at timestamptz,
    confirmation_token varchar(255),
    confirmation_sent_at timestamptz,
    recovery_token varchar(255),
    recovery_sent_at timestamptz,
    email_change_token_new varchar(255),
    email_change varchar(255),
    email_change_sent_at timestamptz,
    last_sign_in_at timestamptz,
    raw_app_meta_data jsonb,
    raw_user_meta_data jsonb,
    is_super_admin boolean,
    created_at timestamptz,
    updated_at timestamptz,
    phone text UNIQUE DEFAULT NULL,
    phone_confirmed_at timestamptz,
    phone_change text DEFAULT '',
    phone_change_token varchar(255) DEFAULT '',
    phone_change_sent_at timestamptz,
    confirmed_at timestamptz
        GENERATED ALWAYS AS (LEAST(email_confirmed_at, phone_confirmed_at)) STORED,
    email_change_token_current varchar(255) DEFAULT '',
    email_change_confirm_status smallint DEFAULT 0
        CHECK (email_change_confirm_status BETWEEN 0 AND 2),
    banned_until timestamptz,
    reauthentication_token varchar(255) DEFAULT '',
    reauthentication_sent_at timestamptz,
    is_sso_user boolean NOT NULL DEFAULT false,
    deleted_at timestamptz,
    is_anonymous boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX users_email_partial_key ON auth.users (email)
    WHERE is_sso_user = false;
CREATE INDEX users_instance_id_idx ON auth.users (instance_id);
CREATE INDEX users_is_anonymous_idx ON auth.users (is_anonymous);

CREATE TABLE auth.identities (
    provider_id text NOT NULL,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    identity_data jsonb NOT NULL,
    provider text NOT NULL,
    last_sign_in_at timestamptz,
    created_at timestamptz,
    updated_at timestamptz,
    email text GENERATED ALWAYS AS (lower(identity_data ->> 'email')) STORED,
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    UNIQUE (provider_id, provider)
);

CREATE TABLE auth.sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    created_at timestamptz,
    updated_at timestamptz,
    factor_id uuid,
    aal auth.aal_level,
    not_after timestamptz,
    refreshed_at timestamp,
    user_agent text,
    ip inet,
    tag text,
    oauth_client_id uuid,
    refresh_token_hmac_key text,
    refresh_token_counter bigint,
    scopes text
);

CREATE TABLE auth.refresh_tokens (
    instance_id uuid,
    id bigserial PRIMARY KEY,
    token varchar(255) UNIQUE,
    user_id varchar(255),
    revoked boolean,
    created_at timestamptz,
    updated_at timestamptz,
    parent varchar(255),
    session_id uuid REFERENCES auth.sessions ON DELETE CASCADE
);

CREATE TABLE auth.mfa_factors (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    friendly_name text,
    factor_type auth.factor_type NOT NULL,
    status auth.factor_status NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    secret text,
    phone text,
    last_challenged_at timestamptz UNIQUE,
    web_authn_credential jsonb,
    web_authn_aaguid uuid,
    last_webauthn_challenge_data jsonb
);

CREATE TABLE auth.mfa_challenges (
    id uuid PRIMARY KEY,
    factor_id uuid NOT NULL REFERENCES auth.mfa_factors ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    verified_at timestamptz,
    ip_address inet NOT NULL,
    otp_code text,
    web_authn_session_data jsonb
);

CREATE TABLE auth.mfa_amr_claims (
    session_id uuid NOT NULL REFERENCES auth.sessions ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    authentication_method text NOT NULL,
    id uuid PRIMARY KEY,
    UNIQUE (session_id, authentication_method)
);

CREATE TABLE auth.one_time_tokens (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    token_type auth.one_time_token_type NOT NULL,
    token_hash text NOT NULL CHECK (char_length(token_hash) > 0),
    relates_to text NOT NULL,
    created_at timestamp NOT NULL DEFAULT now(),
    updated_at timestamp NOT NULL DEFAULT now()
);

CREATE TABLE auth.sso_providers (
    id uuid PRIMARY KEY,
    resource_id text,
    created_at timestamptz,
    updated_at timestamptz,
    disabled boolean
);

CREATE TABLE auth.sso_domains (
    id uuid PRIMARY KEY,
    sso_provider_id uuid NOT NULL REFERENCES auth.sso_providers ON DELETE CASCADE,
    domain text NOT NULL,
    created_at timestamptz,
    updated_at timestamptz
);

CREATE TABLE auth.flow_state (
    id uuid PRIMARY KEY,
    user_id uuid,
    auth_code text,
    code_challenge_method auth.code_challenge_method,
    code_challenge text,
    provider_type text NOT NULL,
    provider_access_token text,
    provider_refresh_token text,
    created_at timestamptz,
    updated_at timestamptz,
    authentication_method text NOT NULL,
    auth_code_issued_at timestamptz
);

CREATE TABLE auth.saml_providers (
    id uuid PRIMARY KEY,
    sso_provider_id uuid NOT NULL REFERENCES auth.sso_providers ON DELETE CASCADE,
    entity_id text NOT NULL UNIQUE,
    metadata_xml text NOT NULL,
    metadata_url text,
    attribute_mapping jsonb,
    created_at timestamptz,
    updated_at timestamptz,
    name_id_format text
);

CREATE TABLE auth.saml_relay_states (
    id uuid PRIMARY KEY,
    sso_provider_id uuid NOT NULL REFERENCES auth.sso_providers ON DELETE CASCADE,
    request_id text NOT NULL,
    for_email text,
    redirect_to text,
    created_at timestamptz,
    updated_at timestamptz,
    flow_state_id uuid REFERENCES auth.flow_state ON DELETE CASCADE
);

CREATE TABLE auth.instances (
    id uuid PRIMARY KEY,
    uuid uuid,
    raw_base_config text,
    created_at timestamptz,
    updated_at timestamptz
);

CREATE TABLE auth.audit_log_entries (
    instance_id uuid,
    id uuid PRIMARY KEY,
    payload json,
    created_at timestamptz,
    ip_address varchar(64) NOT NULL DEFAULT ''
);

CREATE TABLE auth.schema_migrations (version varchar(255) PRIMARY KEY);

-- Who asks, as the request's token says it. (Bodies of this form are bound to what
-- they call now: no search path changes that.)
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE
    RETURN coalesce(
        nullif(current_setting('request.jwt.claim', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')
    )::jsonb;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''), auth.jwt() ->> 'sub'
    )::uuid;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE
    RETURN coalesce(
        nullif(current_setting('request.jwt.claim.role', true), ''),
        auth.jwt() ->> 'role'
    );
CREATE FUNCTION auth.email() RETURNS text LANGUAGE sql STABLE
    RETURN coalesce(
        nullif(current_setting('request.jwt.claim.email', true), ''),
        auth.jwt() ->> 'email'
    );

-- The service for files.
CREATE TYPE storage.buckettype AS ENUM ('STANDARD', 'ANALYTICS', 'VECTOR');

CREATE TABLE storage.buckets (
    id text PRIMARY KEY,
    name text NOT NULL UNIQUE,
    owner uuid,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now(),
    public boolean DEFAULT false,
    avif_autodetection boolean DEFAULT false,
    file_size_limit bigint,
    allowed_mime_types text[],
    owner_id text,
    type storage.buckettype NOT NULL DEFAULT 'STANDARD'
);

CREATE TABLE storage.objects (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    bucket_id text REFERENCES storage.buckets,
    name text,
    owner uuid,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now(),
    last_accessed_at timestamptz DEFAULT now(),
    metadata jsonb,
    path_tokens text[] GENERATED ALWAYS AS (string_to_array(name, '/')) STORED,
    version text,
    owner_id text,
    user_metadata jsonb
);
CREATE UNIQUE INDEX bucketid_objname ON storage.objects (bucket_id, name);
CREATE INDEX name_prefix_search ON storage.objects (name text_pattern_ops);

CREATE TABLE storage.migrations (
    id integer PRIMARY KEY,
    name varchar(100) NOT NULL UNIQUE,
    hash varchar(40) NOT NULL,
    executed_at timestamp DEFAULT now()
);

CREATE TABLE storage.s3_multipart_uploads (
    id text PRIMARY KEY,
    in_progress_size bigint NOT NULL DEFAULT 0,
    upload_signature text NOT NULL,
    bucket_id text NOT NULL REFERENCES storage.buckets,
    key text COLLATE "C" NOT NULL,
    version text NOT NULL,
    owner_id text,
    created_at timestamptz NOT NULL DEFAULT now(),
    user_metadata jsonb
);

CREATE TABLE storage.s3_multipart_uploads_parts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    upload_id text NOT NULL REFERENCES storage.s3_multipart_uploads ON DELETE CASCADE,
    size bigint NOT NULL DEFAULT 0,
    part_number integer NOT NULL,
    bucket_id text NOT NULL REFERENCES storage.buckets,
    key text COLLATE "C" NOT NULL,
    etag text NOT NULL,
    owner_id text,
    version text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE storage.buckets ENABLE ROW LEVEL SECURITY;
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
ALTER TABLE storage.migrations ENABLE ROW LEVEL SECURITY;
ALTER TABLE storage.s3_multipart_uploads ENABLE ROW LEVEL SECURITY;
ALTER TABLE storage.s3_multipart_uploads_parts ENABLE ROW LEVEL SECURITY;

CREATE FUNCTION storage.foldername(name text) RETURNS text[] LANGUAGE sql IMMUTABLE
    RETURN (
        SELECT parts[:cardinality(parts) - 1] FROM string_to_array(name, '/') AS parts
    );
CREATE FUNCTION storage.filename(name text) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN reverse(split_part(reverse(name), '/', 1));
CREATE FUNCTION storage.extension(name text) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN reverse(split_part(reverse(storage.filename(name)), '.', 1));

-- The service that tells of changes.
CREATE PUBLICATION supabase_realtime;
CREATE TABLE realtime.messages (
    topic text NOT NULL,
    extension text NOT NULL,
    payload jsonb,
    event text,
    private boolean DEFAULT false,
    updated_at timestamp NOT NULL DEFAULT now(),
    inserted_at timestamp NOT NULL DEFAULT now(),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    PRIMARY KEY (id, inserted_at)
) PARTITION BY RANGE (inserted_at);
ALTER TABLE realtime.messages ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION realtime.topic() RETURNS text LANGUAGE sql STABLE
    RETURN nullif(current_setting('realtime.topic', true), '');
CREATE FUNCTION realtime.send(
    payload jsonb, event text, topic text, private boolean DEFAULT true
) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$ BEGIN END $$;
CREATE FUNCTION realtime.broadcast_changes(
    topic_name text, event_name text, operation text, table_name text,
    table_schema text, new record, old record, level text DEFAULT 'ROW'
) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$ BEGIN END $$;

-- Secrets.
CREATE TABLE vault.secrets (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text UNIQUE,
    description text NOT NULL DEFAULT '',
    secret text NOT NULL,
    key_id uuid,
    nonce bytea,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE VIEW vault.decrypted_secrets AS
    SELECT id, name, description, secret, secret AS decrypted_secret, key_id, nonce,
        created_at, updated_at
    FROM vault.secrets;
CREATE FUNCTION vault.create_secret(
    new_secret text, new_name text DEFAULT NULL, new_description text DEFAULT '',
    new_key_id uuid DEFAULT NULL
) RETURNS uuid LANGUAGE sql BEGIN ATOMIC
    INSERT INTO vault.secrets (secret, name, description, key_id)
    VALUES (new_secret, new_name, new_description, new_key_id) RETURNING id;
END;

-- Who owns and may use all this.
DO $$
DECLARE
    made record;
    kind text;
BEGIN
    FOR made IN
        SELECT c.oid::regclass::text AS name, nspname FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
        WHERE nspname IN ('auth', 'storage', 'realtime') AND relkind IN ('r', 'p')
    LOOP
        EXECUTE format(
            'ALTER TABLE %s OWNER TO %I', made.name,
            format('supabase_%s_admin', made.nspname)
        );
    END LOOP;
    FOR made IN
        SELECT p.oid::regprocedure::text AS name, nspname FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_namespace n ON n.oid = pronamespace
        WHERE nspname IN ('auth', 'storage', 'realtime')
    LOOP
        EXECUTE format(
            'ALTER FUNCTION %s OWNER TO %I', made.name,
            format('supabase_%s_admin', made.nspname)
        );
    END LOOP;
    ALTER PUBLICATION supabase_realtime OWNER TO postgres;
    ALTER SCHEMA extensions OWNER TO postgres;
    GRANT ALL ON ALL TABLES IN SCHEMA auth, storage, realtime, vault TO postgres;
    GRANT ALL ON ALL SEQUENCES IN SCHEMA auth TO postgres;
    GRANT USAGE ON SCHEMA auth, storage, realtime, vault, graphql, graphql_public
        TO postgres WITH GRANT OPTION;
    FOREACH kind IN ARRAY ARRAY['TABLES', 'SEQUENCES', 'FUNCTIONS'] LOOP
        EXECUTE format(
            'ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT ALL ON'
            ' %s TO anon, authenticated, service_role',
            kind
        );
    END LOOP;
END $$;

GRANT USAGE ON SCHEMA public TO postgres, anon, authenticated, service_role;
GRANT USAGE ON SCHEMA extensions TO postgres, anon, authenticated, service_role;
GRANT USAGE ON SCHEMA auth, storage TO anon, authenticated, service_role;
GRANT ALL ON ALL TABLES IN SCHEMA storage TO anon, authenticated, service_role;
GRANT USAGE ON SCHEMA realtime TO anon, authenticated, service_role;
GRANT SELECT, INSERT, UPDATE ON realtime.messages TO anon, authenticated, service_role;
