"""The questions that the audit answers, asked through SQLAlchemy's inspector."""

from __future__ import annotations

import sqlalchemy


def test_user_state(postgresql) -> None:  # noqa: ANN001 - as people write it
    """Users, profile and interests are stored, and preferences keep a revision."""
    info = postgresql.info
    engine = sqlalchemy.create_engine(
        f"postgresql+psycopg://{info.user}@{info.host}:{info.port}/{info.dbname}"
    )
    inspector = sqlalchemy.inspect(engine)
    columns = {
        table: {column["name"] for column in inspector.get_columns(table)}
        for table in inspector.get_table_names()
    }
    assert {"id", "display_name"} <= columns["users"]
    assert {"user_id", "interest_theme_ids", "revision"} <= columns["user_preferences"]
    assert {"user_id", "theme_id"} <= columns["user_interest_themes"]
    engine.dispose()
