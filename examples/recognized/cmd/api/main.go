// The service of a radio for groups of listeners: it migrates its database, then
// serves. Nothing here is called a user.
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/golang-migrate/migrate/v4"
	_ "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	_ "github.com/golang-migrate/migrate/v4/source/file"
)

func main() {
	migrations, err := migrate.New("file://db/migrations", os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	if err := migrations.Up(); err != nil && err != migrate.ErrNoChange {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(":8080", http.DefaultServeMux))
}
