CREATE TABLE notices (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body text NOT NULL,
    shown_during tstzrange NOT NULL CHECK (NOT isempty(shown_during)),
    -- There is room for one notice at a time.
    EXCLUDE USING gist (shown_during WITH &&)
);
