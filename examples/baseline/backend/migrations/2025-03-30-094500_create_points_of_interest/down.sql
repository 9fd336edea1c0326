DROP TABLE points_of_interest;
