DROP TABLE venues;
DROP TYPE accessibility;
