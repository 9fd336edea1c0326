CREATE TABLE attendance (
    event_id uuid NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    guests smallint NOT NULL DEFAULT 0 CHECK (guests BETWEEN 0 AND 4),
    answered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, user_id)
);

CREATE INDEX attendance_by_user ON attendance (user_id);
