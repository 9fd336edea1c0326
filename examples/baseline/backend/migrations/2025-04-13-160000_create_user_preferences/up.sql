CREATE TYPE unit_system AS ENUM ('metric', 'imperial');

CREATE TABLE user_preferences (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    interest_theme_ids uuid[] NOT NULL DEFAULT '{}',
    unit_system unit_system NOT NULL DEFAULT 'metric',
    avoid_stairs boolean NOT NULL DEFAULT false,
    avoid_unlit_paths boolean NOT NULL DEFAULT false,
    revision integer NOT NULL DEFAULT 1 CHECK (revision > 0),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- An array cannot have a foreign key: this stands in for it.
CREATE FUNCTION check_interest_theme_ids() RETURNS trigger
LANGUAGE plpgsql AS $body$
DECLARE
    unknown_id uuid;
BEGIN
    SELECT chosen.id INTO unknown_id
    FROM unnest(NEW.interest_theme_ids) AS chosen (id)
    WHERE NOT EXISTS (SELECT 1 FROM interest_themes AS theme WHERE theme.id = chosen.id)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no interest theme %', unknown_id
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NEW;
END;
$body$;

CREATE TRIGGER user_preferences_check_theme_ids
    BEFORE INSERT OR UPDATE OF interest_theme_ids ON user_preferences
    FOR EACH ROW EXECUTE FUNCTION check_interest_theme_ids();

CREATE TRIGGER user_preferences_set_updated_at
    BEFORE UPDATE ON user_preferences
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

COMMENT ON COLUMN user_preferences.revision IS
    'Raised by every write; a writer names the revision that it has read';
