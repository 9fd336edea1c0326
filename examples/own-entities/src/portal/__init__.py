"""The backend of a portal for people who take part in studies."""
