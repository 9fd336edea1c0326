DROP TABLE user_preferences;
DROP FUNCTION check_interest_theme_ids();
DROP TYPE unit_system;
