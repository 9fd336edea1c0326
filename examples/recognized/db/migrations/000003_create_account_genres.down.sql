DROP TABLE account_genres;
DROP TABLE genres;
