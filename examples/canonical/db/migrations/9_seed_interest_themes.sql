INSERT INTO interest_themes (slug, title)
VALUES
    ('board-games', 'Board games'),
    ('gardening', 'Gardening'),
    ('music', 'Music'),
    ('repair', 'Repair and mending'),
    ('running', 'Running');
