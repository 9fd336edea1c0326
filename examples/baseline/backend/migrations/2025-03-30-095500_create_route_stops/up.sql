CREATE TABLE route_stops (
    route_id uuid NOT NULL REFERENCES routes (id) ON DELETE CASCADE,
    position smallint NOT NULL CHECK (position > 0),
    point_id uuid NOT NULL REFERENCES points_of_interest (id) ON DELETE RESTRICT,
    -- Deferred, so that one statement can move a stop past its neighbours.
    PRIMARY KEY (route_id, position) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX route_stops_by_point ON route_stops (point_id);
