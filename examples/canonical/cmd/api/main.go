// Command api serves the neighbourhood's calendar.
package main

import (
	"context"
	"database/sql"
	"log"
	"net/http"
	"os"

	_ "github.com/lib/pq"

	"gatherings/db"
	"gatherings/internal/inbound"
	"gatherings/internal/server"
)

func main() {
	database, err := sql.Open("postgres", os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	if err := db.Migrate(context.Background(), database); err != nil {
		log.Fatal(err)
	}
	ports := server.BuildPorts(database, os.Getenv("DEMO_LOGIN") != "")
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", inbound.Routes(ports)))
}
