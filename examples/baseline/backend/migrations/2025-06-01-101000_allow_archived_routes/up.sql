-- Alone in its migration: a new value cannot be used before it is committed.
ALTER TYPE route_status ADD VALUE 'archived';
