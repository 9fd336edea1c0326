// Package domain says what the service needs to know of its users.
package domain

import (
	"context"
	"errors"
)

var (
	// ErrNotFound is returned for a user whom nobody knows.
	ErrNotFound = errors.New("there is no such user")
	// ErrStale is returned when somebody else wrote since the caller read.
	ErrStale = errors.New("the preferences have changed since they were read")
)

// UserID is a UUID in its usual spelling.
type UserID string

// User is what others may see of somebody.
type User struct {
	ID          UserID `json:"id"`
	DisplayName string `json:"display_name"`
}

// Profile is what somebody sees of themselves.
type Profile struct {
	DisplayName   string `json:"display_name"`
	Email         string `json:"email"`
	Neighbourhood string `json:"neighbourhood"`
}

// Interests are the themes that somebody follows, as of a revision.
type Interests struct {
	ThemeIDs []string `json:"theme_ids"`
	Revision int      `json:"revision"`
}

// LoginService answers who is logging in.
type LoginService interface {
	Authenticate(ctx context.Context, email, password string) (UserID, error)
}

// UsersQuery finds the people behind events.
type UsersQuery interface {
	Find(ctx context.Context, id UserID) (User, error)
}

// UserProfileQuery shows people their own profile.
type UserProfileQuery interface {
	ProfileOf(ctx context.Context, id UserID) (Profile, error)
}

// UserInterestsCommand replaces interests, unless they changed since Revision.
type UserInterestsCommand interface {
	Replace(ctx context.Context, id UserID, wanted Interests) (Interests, error)
}

// Ports are all that the inbound side may call.
type Ports struct {
	Login     LoginService
	Users     UsersQuery
	Profile   UserProfileQuery
	Interests UserInterestsCommand
}
