DROP TABLE route_notes;
