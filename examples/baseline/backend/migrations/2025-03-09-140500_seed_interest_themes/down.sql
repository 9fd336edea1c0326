DELETE FROM interest_themes
WHERE slug IN (
    'architecture', 'birdlife', 'canals', 'food-markets', 'street-art', 'viewpoints'
);
