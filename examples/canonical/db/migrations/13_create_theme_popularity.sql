CREATE MATERIALIZED VIEW theme_popularity AS
SELECT theme.id AS theme_id, count(preferences.user_id) AS followers
FROM interest_themes AS theme
LEFT JOIN user_preferences AS preferences
    ON theme.id = ANY (preferences.interest_theme_ids)
GROUP BY theme.id;

CREATE UNIQUE INDEX theme_popularity_by_theme ON theme_popularity (theme_id);
