-- The join table stays for now: the recommender still reads it.
INSERT INTO user_preferences (user_id, interest_theme_ids)
SELECT
    users.id,
    coalesce(
        array_agg(chosen.theme_id ORDER BY chosen.chosen_at, chosen.theme_id)
            FILTER (WHERE chosen.theme_id IS NOT NULL),
        '{}'
    )
FROM users
LEFT JOIN user_interest_themes AS chosen ON chosen.user_id = users.id
GROUP BY users.id;
