-- A theme's id follows from its slug, so that every environment has the same.
INSERT INTO interest_themes (id, slug, title, sort_order)
SELECT
    substr(encode(digest('interest-theme:' || slug, 'sha256'), 'hex'), 1, 32)::uuid,
    slug,
    title,
    sort_order
FROM (VALUES
    ('architecture', 'Architecture', 10),
    ('birdlife', 'Birdlife', 20),
    ('canals', 'Canals and rivers', 30),
    ('food-markets', 'Food markets', 40),
    ('street-art', 'Street art', 50),
    ('viewpoints', 'Viewpoints', 60)
) AS theme (slug, title, sort_order);
