DROP TABLE user_interest_themes;
