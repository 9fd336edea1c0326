ALTER TABLE events
    ADD COLUMN cancelled_at timestamptz,
    ADD COLUMN cancelled_because text,
    ADD CONSTRAINT events_cancelled_with_reason
        CHECK ((cancelled_at IS NULL) = (cancelled_because IS NULL));

CREATE INDEX events_upcoming ON events (starts_at) WHERE cancelled_at IS NULL;
