DROP TABLE users;
DROP EXTENSION "uuid-ossp";
