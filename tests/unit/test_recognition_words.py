"""Names are read in words, however they are written."""

from __future__ import annotations

import pytest

from pytest_userstate.domain.recognition.words import singular, words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("user_settings", ("user", "setting")),
        ("UserSettings", ("user", "setting")),
        ("usersettings", ("user", "setting")),
        ("AspNetUsers", ("asp", "net", "user")),
        ("core_userprofile", ("core", "user", "profile")),
        ("userProjectSettings", ("user", "project", "setting")),
        ("settings_userprojectsettings", ("setting", "user", "project", "setting")),
        ("userID", ("user", "id")),
        ("userid", ("user", "id")),
        ("OAuthAccount", ("oauth", "account")),
        ("oauth2_clients", ("oauth", "client")),
        ("archiveAsPDF", ("archive", "as", "pdf")),
        ("people", ("person",)),
        ("identities", ("identity",)),
        ("addresses", ("address",)),
        ("status", ("status",)),
        ("Contraseña", ("contrasena",)),
        ("пользователи", ("пользователи",)),
        ("用户设置", ("用户", "设置")),
        ("ユーザー", ("ユーザー",)),
        ("superusers", ("superuser",)),
        ("adoption", ("adoption",)),
        ("", ()),
        ("__", ()),
        ("7", ()),
    ],
)
def test_a_name_is_read_in_words(name: str, expected: tuple[str, ...]) -> None:
    """Underscores, humps, digits and known words divide a name."""
    assert words(name) == expected


@pytest.mark.parametrize("word", ["bus", "class", "analysis", "is", "news"])
def test_what_is_no_plural_stays(word: str) -> None:
    """An ending that is no plural's is left alone, as far as it can be seen."""
    assert singular(word) in {word, "new"}
