"""What of a program's output is shown."""

from __future__ import annotations

import pytest

from pytest_userstate.outbound.migrations.programs.processes import (
    Ended,
    last_lines,
    redacted,
)

TRACEBACK = """\
Traceback (most recent call last):
  File "/srv/env/lib/python3.12/site-packages/alembic/config.py", line 1, in main
    run()
    ^^^^^
  File "/usr/lib/python3.12/runpy.py", line 2, in run
    code()
  File "/srv/app/migrations/env.py", line 3, in <module>
    migrate()
  File "<string>", line 4, in execute
  File "/srv/env/lib/python3.12/site-packages/sqlalchemy/x.py", line 5, in go
    raise
ValueError: no
    indented"""


def test_frames_of_packages_are_left_out() -> None:
    """What remains is the repository's own, and the error."""
    ended = Ended(status=1, output=tuple(TRACEBACK.splitlines()), left_out=0)
    assert last_lines(ended).splitlines() == [
        "Traceback (most recent call last):",
        "  …",
        '  File "/srv/app/migrations/env.py", line 3, in <module>',
        "    migrate()",
        "  …",
        "ValueError: no",
        "    indented",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at postgresql://me:hunter2@db/x", "at postgresql://me:********@db/x"),
        ("at postgresql://me:hunt@er2@db/x", "at postgresql://me:********@db/x"),
        ("password=hunter2 host=db", "password=******** host=db"),
        ("{'password': 'hunter two', 'a': 1}", "{'password': ********, 'a': 1}"),
        ("PASSWORD='hunter2'", "PASSWORD=********"),
        ("the token is abcdef-123", "the token is ********"),
        ("in /srv/app/db", "in db"),
        ("passwords matter", "passwords matter"),
    ],
)
def test_secrets_and_places_are_taken_out(text: str, shown: str) -> None:
    """By form, and by the name of the variable that holds them."""
    environment = {
        "API_TOKEN": "abcdef-123",
        "PWD": "/srv/app",
        "KEYBOARD": "matter",
        "TOKEN": "the",
    }
    places = {"/srv/app/": ""}
    assert redacted(text, environment=environment, places=places) == shown
