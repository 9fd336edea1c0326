-- What was edited after the backfill exists nowhere else, and stays.
DELETE FROM user_preferences WHERE revision = 1;
