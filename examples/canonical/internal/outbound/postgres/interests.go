package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/lib/pq"

	"gatherings/internal/domain"
)

// Interests implements UserInterestsCommand on user_preferences alone.
type Interests struct{ Database *sql.DB }

// Replace inserts at revision 1 where the caller has read nothing (revision 0).
func (i Interests) Replace(
	ctx context.Context, id domain.UserID, wanted domain.Interests,
) (domain.Interests, error) {
	const insert = `
		INSERT INTO user_preferences (user_id, interest_theme_ids)
		VALUES ($1, $2::uuid[])
		ON CONFLICT (user_id) DO NOTHING
		RETURNING interest_theme_ids, revision`
	const update = `
		UPDATE user_preferences
		SET interest_theme_ids = $2::uuid[], revision = revision + 1
		WHERE user_id = $1 AND revision = $3
		RETURNING interest_theme_ids, revision`
	themes := pq.Array(wanted.ThemeIDs)
	var row *sql.Row
	if wanted.Revision == 0 {
		row = i.Database.QueryRowContext(ctx, insert, id, themes)
	} else {
		row = i.Database.QueryRowContext(ctx, update, id, themes, wanted.Revision)
	}
	var written domain.Interests
	err := row.Scan(pq.Array(&written.ThemeIDs), &written.Revision)
	if errors.Is(err, sql.ErrNoRows) {
		return written, domain.ErrStale
	}
	return written, err
}
