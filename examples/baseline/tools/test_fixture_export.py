"""Checks the exporter that hands the fixture user to the app's own tests.

Run from the toolbox repository, where `fixture_export` is installed.
"""

from fixture_export import export_user


def test_the_exported_user_has_a_display_name() -> None:
    """The app shows the name above every route."""
    assert export_user("First Walker")["display_name"] == "First Walker"
