DROP VIEW route_popularity;
DROP TABLE walks;
