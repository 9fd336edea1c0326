// Package postgres keeps user state in the database.
package postgres

import (
	"context"
	"database/sql"
	"errors"

	"gatherings/internal/domain"
)

// Users implements LoginService, UsersQuery, and UserProfileQuery.
type Users struct{ Database *sql.DB }

// Authenticate leaves the comparison to crypt(), which knows every algorithm used.
func (u Users) Authenticate(ctx context.Context, email, password string) (domain.UserID, error) {
	const query = `
		SELECT users.id
		FROM users
		JOIN user_credentials AS credentials ON credentials.user_id = users.id
		WHERE lower(users.email) = lower($1)
		AND credentials.password_hash = crypt($2, credentials.password_hash)`
	var id domain.UserID
	err := u.Database.QueryRowContext(ctx, query, email, password).Scan(&id)
	return id, named(err)
}

// Find reads what others may see.
func (u Users) Find(ctx context.Context, id domain.UserID) (domain.User, error) {
	const query = `SELECT id, display_name FROM users WHERE id = $1`
	var user domain.User
	err := u.Database.QueryRowContext(ctx, query, id).Scan(&user.ID, &user.DisplayName)
	return user, named(err)
}

// ProfileOf reads what only the user may see.
func (u Users) ProfileOf(ctx context.Context, id domain.UserID) (domain.Profile, error) {
	const query = `
		SELECT display_name, email, coalesce(neighbourhood, '') FROM users WHERE id = $1`
	var profile domain.Profile
	err := u.Database.QueryRowContext(ctx, query, id).
		Scan(&profile.DisplayName, &profile.Email, &profile.Neighbourhood)
	return profile, named(err)
}

func named(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return domain.ErrNotFound
	}
	return err
}
