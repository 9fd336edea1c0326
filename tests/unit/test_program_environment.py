"""The variables that programs ask for by failing, and the lines that give them."""

from __future__ import annotations

import pathlib
import tomllib

import pytest

from pytest_userstate.outbound.migrations.programs.environment import (
    asked_for,
    choice_of_database,
    in_braces,
    lines,
)

SETTINGS_V2 = """\
  File "/venv/lib/python3.12/site-packages/pydantic_settings/main.py", line 1, in x
pydantic_core._pydantic_core.ValidationError: 3 validation errors for Settings
database_url
  Field required [type=missing, input_value={}, input_type=dict]
    For further information visit https://errors.pydantic.dev/2.11/v/missing
mail.sender
  Field required [type=missing, input_value={}, input_type=dict]
port
  Input should be a valid integer [type=int_parsing, input_value='x', input_type=str]
"""
SETTINGS_V1 = """\
  File "pydantic/env_settings.py", line 39, in pydantic.env_settings
pydantic.error_wrappers.ValidationError: 1 validation error for Settings
SECRET_KEY
  field required (type=value_error.missing)
"""


def asked(output: str, folder: pathlib.Path, **given: str) -> dict[str, object]:
    """Return the variables that are asked for, as the lines of a message give them."""
    values = asked_for(output, given, folder)
    read: dict[str, object] = tomllib.loads(lines(values))["migrations"]["environment"]
    assert read == values
    assert tomllib.loads(in_braces(values))["environment"] == values
    return read


@pytest.mark.parametrize(
    ("output", "names"),
    [
        (SETTINGS_V2, ["DATABASE_URL", "MAIL__SENDER"]),
        (SETTINGS_V1, ["SECRET_KEY"]),
        (
            "File \"<frozen os>\", line 714, in __getitem__\nKeyError: 'A_KEY'",
            ["A_KEY"],
        ),
        (
            "  File \"/os.py\", line 680, in __getitem__\n    raise\nKeyError: 'key'",
            ["key"],
        ),
        ('environs.exceptions.EnvError: Environment variable "X" not set', ["X"]),
        ("decouple.UndefinedValueError: X not found. Declare it as", ["X"]),
        ("ImproperlyConfigured: Set the X environment variable", ["X"]),
        ("KeyError: \"Config 'X' is missing, and has no default.\"", ["X"]),
        ("RuntimeError: API_TOKEN is not set", ["API_TOKEN"]),
        ("ValueError: API_TOKEN environment variable must be set", ["API_TOKEN"]),
        ("Error: missing environment variable: TOKEN", ["TOKEN"]),
        ("The asyncio extension requires an async driver to be used", ["DATABASE_URL"]),
    ],
)
def test_what_libraries_say(
    tmp_path: pathlib.Path, output: str, names: list[str]
) -> None:
    """All variables of one message; a field that is set wrongly is not missing."""
    assert list(asked(output, tmp_path)) == names


@pytest.mark.parametrize(
    "output",
    [
        "KeyError: 'alembic'",
        "WARNING: SENTRY_DSN is not set\nTraceback (most recent call last):\nOther: x",
        "ValidationError: 1 validation error for User\nname\n  Field required [type=m",
        'ERROR: relation "users" is missing',
    ],
)
def test_other_errors_ask_for_nothing(tmp_path: pathlib.Path, output: str) -> None:
    """A key of some other dictionary, or a value that is no setting."""
    assert asked(output, tmp_path) == {}


def test_the_module_that_was_stopped_is_read(tmp_path: pathlib.Path) -> None:
    """What else it needs, and the prefix of its fields, with samples of values."""
    module = tmp_path / "config.py"
    module.write_text(
        'if X:\n    A = config("A")\nelse:\n    B = config("B")\n    C = config("C")\n'
        'D = os.environ.get("D") and os.environ["D"]\n'
        'class Base:\n    E = config("E")\n'
        'KEY = config("KEY")\nURL = config("URL", default="x")\n'
        'SIZE = config("SIZE", cast=int)\nGIVEN = config("GIVEN")\n'
        'model_config = SettingsConfigDict(env_prefix="SHOP_")\n'
    )
    (tmp_path / ".env.example").write_text(
        "export KEY='of no use' # not secret\nSIZE=7  # of a page\n"
    )
    output = f'  File "{module}", line 4, in <module>\nUndefinedValueError: B not found'
    assert asked(output, tmp_path, GIVEN="x") == {
        **dict.fromkeys("BCE", "for-the-audit"),
        "KEY": "of no use",
        "SIZE": "7",
    }
    output = f'  File "{module}", line 1, in <module>\n{SETTINGS_V1}'
    assert next(iter(asked(output, tmp_path))) == "SHOP_SECRET_KEY"


def test_a_variable_that_chooses_the_kind_of_database(tmp_path: pathlib.Path) -> None:
    """It is found in modules of settings, with the word that they compare it with."""
    assert choice_of_database(tmp_path) == {}
    for folder in ("tests", "shop"):
        (tmp_path / folder).mkdir()
    settings = (
        'X = 1\nif os.getenv("DB") == "postgres":\n    Y = os.getenv("DB_NAME")\n'
    )
    (tmp_path / "tests/settings.py").write_text(settings)
    assert choice_of_database(tmp_path) == {}
    (tmp_path / "shop/settings.py").write_text(settings)
    assert choice_of_database(tmp_path) == {"DB": "postgres"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POSTGRES_SERVER", {"from": "PGHOST"}),
        ("POSTGRES_DB", {"from": "PGDATABASE"}),
        ("DB_DATABASE", {"from": "PGDATABASE"}),
        ("MYAPP_DATABASE_PASSWORD", {"from": "PGPASSWORD"}),
        ("SQLALCHEMY_DATABASE_URI", {"from": "DATABASE_URL"}),
        ("FIRST_SUPERUSER_EMAIL", "audit@example.com"),
        ("REDIS_URL", "redis://localhost:6379/0"),
        ("FRONTEND_URL", "http://localhost"),
        ("SECRET_KEY", "for-the-audit-only-and-no-secret"),
        ("EMAIL_HOST_USER", "for-the-audit"),
        ("DB_ENGINE", "django.db.backends.postgresql"),
    ],
)
def test_values_fit_their_names(
    tmp_path: pathlib.Path, name: str, value: object
) -> None:
    """Those of the database are the audit's; others have the usual shape."""
    assert asked(f"Set the {name} environment variable", tmp_path) == {name: value}
