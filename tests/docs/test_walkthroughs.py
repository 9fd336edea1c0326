"""What the pages tell their readers to do works, and prints what they show."""

from __future__ import annotations

import collections.abc as cabc

import pytest

from pytest_userstate.outbound.postgres.binaries import find_binaries
from pytest_userstate.outbound.postgres.server import EmbeddedServer
from tests.helpers.markdown import PAGES
from tests.helpers.walkthrough import Reader, Story, stories

STORIES = [story for page in PAGES for story in stories(page)]


@pytest.fixture
def database() -> cabc.Iterator[str]:
    """Return the DSN of a live database."""
    with EmbeddedServer(find_binaries()) as server:
        yield f"postgresql://userstate@/userstate?host={server.host}&port={server.port}"


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_page_can_be_followed(
    request: pytest.FixtureRequest, reader: Reader, story: Story
) -> None:
    """From its first block to its last, in a folder of its own."""
    if story.live:
        reader.variables["DATABASE_URL"] = request.getfixturevalue("database")
    reader.follow(story)
