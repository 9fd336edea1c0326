DROP TABLE users;
DROP ROLE service;
