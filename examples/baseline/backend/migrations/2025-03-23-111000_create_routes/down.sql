DROP TABLE routes;
DROP TYPE route_difficulty;
DROP TYPE route_status;
