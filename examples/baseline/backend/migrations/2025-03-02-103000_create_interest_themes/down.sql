DROP TABLE interest_themes;
