-- Two open tabs used to overwrite each other; a writer now names what it read.
ALTER TABLE user_preferences
    ADD COLUMN revision integer NOT NULL DEFAULT 1 CHECK (revision > 0);
