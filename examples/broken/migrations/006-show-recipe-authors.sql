CREATE VIEW recipe_authors AS
SELECT recipes.id AS recipe_id, recipes.title, users.display_name AS author
FROM recipes
JOIN users ON users.id = recipes.author_id
WHERE recipes.visibility = 'everyone';
