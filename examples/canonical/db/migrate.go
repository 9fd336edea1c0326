// Package db brings the database up to date with the migrations beside it.
package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrate applies what is new, in the order of the numbers, a transaction each.
func Migrate(ctx context.Context, database *sql.DB) error {
	const bookkeeping = `CREATE TABLE IF NOT EXISTS applied_migrations (name text PRIMARY KEY)`
	if _, err := database.ExecContext(ctx, bookkeeping); err != nil {
		return fmt.Errorf("create applied_migrations: %w", err)
	}
	names, err := ups()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := apply(ctx, database, name); err != nil {
			return fmt.Errorf("apply %s: %w", name, err)
		}
	}
	return nil
}

func apply(ctx context.Context, database *sql.DB, name string) error {
	transaction, err := database.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer transaction.Rollback() // After a commit it does nothing.
	const claim = `INSERT INTO applied_migrations (name) VALUES ($1) ON CONFLICT DO NOTHING`
	claimed, err := transaction.ExecContext(ctx, claim, name)
	if err != nil {
		return err
	}
	if count, err := claimed.RowsAffected(); err != nil || count == 0 {
		return err
	}
	statements, err := files.ReadFile("migrations/" + name)
	if err != nil {
		return err
	}
	if _, err := transaction.ExecContext(ctx, string(statements)); err != nil {
		return err
	}
	return transaction.Commit()
}

// ups leaves the *.down.sql files to whoever rolls back by hand.
func ups() ([]string, error) {
	entries, err := files.ReadDir("migrations")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".down.sql") {
			names = append(names, entry.Name())
		}
	}
	sort.Slice(names, func(i, j int) bool { return number(names[i]) < number(names[j]) })
	return names, nil
}

func number(name string) int {
	prefix, _, _ := strings.Cut(name, "_")
	value, _ := strconv.Atoi(prefix)
	return value
}
