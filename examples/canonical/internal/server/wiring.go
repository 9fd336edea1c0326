// Package server is the composition root.
package server

import (
	"database/sql"

	"gatherings/internal/domain"
	"gatherings/internal/outbound/demo"
	"gatherings/internal/outbound/postgres"
)

// BuildPorts puts the database behind every port; a demo skips the password.
func BuildPorts(database *sql.DB, demoLogin bool) domain.Ports {
	users := postgres.Users{Database: database}
	ports := domain.Ports{
		Login:     users,
		Users:     users,
		Profile:   users,
		Interests: postgres.Interests{Database: database},
	}
	if demoLogin {
		ports.Login = demo.Login{}
	}
	return ports
}
