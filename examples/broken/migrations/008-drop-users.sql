-- Everything is in accounts now.
DROP TABLE users CASCADE;
