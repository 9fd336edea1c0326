-- Revision tokens: good ones, and broken ones of every kind. One table for each.

CREATE EXTENSION citext;
CREATE TABLE accounts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email text NOT NULL UNIQUE CHECK (email ~ '^[^@]+@[^@]+$'));

CREATE TABLE counted (account_id uuid PRIMARY KEY REFERENCES accounts,
  theme text NOT NULL, revision integer NOT NULL DEFAULT 1 CHECK (revision > 0));
CREATE TABLE stamped (id int PRIMARY KEY, theme text,
  revision uuid NOT NULL DEFAULT gen_random_uuid());
CREATE TABLE timed (id int PRIMARY KEY, theme text,
  revision timestamptz NOT NULL DEFAULT now());
CREATE TABLE tagged (id int PRIMARY KEY, theme text,
  revision text NOT NULL DEFAULT 'v1' CHECK (revision ~ '^[a-z0-9]+$'));
CREATE TABLE xm (id int PRIMARY KEY, theme text);
CREATE TABLE keyless (theme text, revision bigint NOT NULL DEFAULT 0);
CREATE TABLE composite_key (tenant int, id int, theme text, revision int NOT NULL,
  PRIMARY KEY (tenant, id));

CREATE FUNCTION raise_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.revision := OLD.revision + 1; RETURN NEW; END $$;
CREATE TABLE raised_by_trigger (id int PRIMARY KEY, theme text,
  revision integer NOT NULL DEFAULT 1);
CREATE TRIGGER raise BEFORE UPDATE ON raised_by_trigger
  FOR EACH ROW EXECUTE FUNCTION raise_revision();

CREATE FUNCTION raise_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.revision := NEW.revision + 1; RETURN NEW; END $$;
CREATE TABLE raised_twice (id int PRIMARY KEY, theme text,
  revision integer NOT NULL DEFAULT 1);
CREATE TRIGGER raise BEFORE UPDATE ON raised_twice
  FOR EACH ROW EXECUTE FUNCTION raise_again();

CREATE FUNCTION refuse_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.revision <> OLD.revision + 1 THEN RAISE EXCEPTION 'stale write'; END IF;
  RETURN NEW;
END $$;
CREATE TABLE enforced (id int PRIMARY KEY, theme text,
  revision integer NOT NULL DEFAULT 1);
CREATE TRIGGER refuse BEFORE UPDATE ON enforced
  FOR EACH ROW EXECUTE FUNCTION refuse_stale();

CREATE FUNCTION ignore_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.revision <> OLD.revision + 1 THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
CREATE TABLE enforced_quietly (id int PRIMARY KEY, theme text,
  revision integer NOT NULL DEFAULT 1);
CREATE TRIGGER refuse BEFORE UPDATE ON enforced_quietly
  FOR EACH ROW EXECUTE FUNCTION ignore_stale();

CREATE TABLE nullable (id int PRIMARY KEY, theme text, revision integer DEFAULT 1);
CREATE TABLE generated (id int PRIMARY KEY, theme text,
  revision integer GENERATED ALWAYS AS (length(theme)) STORED);
CREATE TABLE identity_always (id int PRIMARY KEY, theme text,
  revision integer GENERATED ALWAYS AS IDENTITY);
CREATE TABLE by_case (id int PRIMARY KEY, theme text,
  revision citext NOT NULL DEFAULT 'aB3');
CREATE TABLE json_token (id int PRIMARY KEY, theme text,
  revision json NOT NULL DEFAULT '{}');
CREATE TABLE switched (id int PRIMARY KEY, theme text, revision boolean NOT NULL);
CREATE TYPE phase AS ENUM ('new', 'used', 'old');
CREATE TABLE phased (id int PRIMARY KEY, theme text, revision phase NOT NULL);
CREATE TABLE daily (id int PRIMARY KEY, theme text,
  revision date NOT NULL DEFAULT current_date);
CREATE TABLE by_second (id int PRIMARY KEY, theme text,
  revision timestamp(0) NOT NULL DEFAULT now());
CREATE TYPE pair AS (epoch int, number int);
CREATE TABLE composite_token (id int PRIMARY KEY, theme text,
  revision pair NOT NULL DEFAULT '(1,1)');

CREATE FUNCTION reset_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.revision := 1; RETURN NEW; END $$;
CREATE TABLE reset_by_trigger (id int PRIMARY KEY, theme text,
  revision integer NOT NULL DEFAULT 1);
CREATE TRIGGER reset BEFORE INSERT OR UPDATE ON reset_by_trigger
  FOR EACH ROW EXECUTE FUNCTION reset_revision();

CREATE TABLE themes (id int PRIMARY KEY, name text NOT NULL UNIQUE);
CREATE TABLE account_themes (account_id uuid NOT NULL REFERENCES accounts,
  theme_id int NOT NULL REFERENCES themes, revision integer NOT NULL DEFAULT 1,
  PRIMARY KEY (account_id, theme_id));

CREATE TABLE bounded (id int PRIMARY KEY, theme text,
  revision smallint NOT NULL DEFAULT 1 CHECK (revision <= 3));
CREATE TABLE at_its_end (id int PRIMARY KEY, theme text,
  revision smallint NOT NULL DEFAULT 32766);
CREATE TABLE stuck (id int PRIMARY KEY, theme text,
  revision integer NOT NULL DEFAULT 1 CHECK (revision = 1));

-- Rows that are harder to make.
CREATE DOMAIN handle AS text CHECK (VALUE ~ '^@[a-z]+$') CHECK (length(VALUE) < 30);
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE TABLE persons (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  handle handle NOT NULL, mood mood NOT NULL, phone text, fax text,
  born date NOT NULL CHECK (born < '2010-01-01'), country char(2) NOT NULL,
  code text NOT NULL CHECK (char_length(code) = 7), tags text[] NOT NULL,
  valid tstzrange NOT NULL, address inet NOT NULL, size numeric(4,2) NOT NULL
    CHECK (size BETWEEN 11.5 AND 13),
  CHECK (num_nonnulls(phone, fax) = 1),
  EXCLUDE USING gist (valid WITH &&));
CREATE TABLE hard (person_id bigint PRIMARY KEY REFERENCES persons ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('small', 'large')),
  theme text NOT NULL, revision bigint NOT NULL DEFAULT 1);
ALTER TABLE hard ENABLE ROW LEVEL SECURITY;
ALTER TABLE hard FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON hard USING (person_id::text = current_setting('app.person'));
CREATE TABLE partitioned (id int NOT NULL, region text NOT NULL, theme text,
  revision integer NOT NULL DEFAULT 1, PRIMARY KEY (id, region))
  PARTITION BY LIST (region);
CREATE TABLE partitioned_eu PARTITION OF partitioned FOR VALUES IN ('eu', 'uk');
CREATE TABLE riddle (id int PRIMARY KEY, theme text,
  secret text NOT NULL CHECK (md5(secret) = '0'), revision integer NOT NULL);
CREATE TABLE circle (id int PRIMARY KEY, other int NOT NULL REFERENCES circle,
  theme text, revision integer NOT NULL);

-- Whatever else may happen at a write.
CREATE TABLE slow (id int PRIMARY KEY, theme text, revision int NOT NULL DEFAULT 1);
CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
CREATE TRIGGER sleep BEFORE UPDATE ON slow FOR EACH ROW EXECUTE FUNCTION sleep();
CREATE TABLE ruled (id int PRIMARY KEY, theme text, revision int NOT NULL DEFAULT 1);
CREATE RULE nothing AS ON UPDATE TO ruled DO INSTEAD NOTHING;
CREATE TABLE at_commit (id int PRIMARY KEY, theme text,
  revision integer NOT NULL DEFAULT 1);
CREATE FUNCTION refuse_late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.revision <> OLD.revision + 1 THEN RAISE EXCEPTION 'stale write'; END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON at_commit
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_late();
CREATE TABLE "odd"".{0} %s" (id int PRIMARY KEY, "the{}me" text,
  revision integer NOT NULL DEFAULT 1);
