ALTER TABLE events
    DROP COLUMN cancelled_because,
    DROP COLUMN cancelled_at;
