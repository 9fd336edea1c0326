"""The backend of a public library's card holders."""
