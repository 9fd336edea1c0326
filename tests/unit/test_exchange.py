"""What workers hand each other, where it cannot be written down."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.exchange import FolderExchange


def test_what_cannot_be_written_is_said_where(tmp_path: pathlib.Path) -> None:
    """And nobody takes half of it for the whole."""
    (tmp_path / "result.half").mkdir()
    exchange = FolderExchange(tmp_path)
    with pytest.raises(ServerError) as caught:
        exchange.once(lambda: b"found")
    assert str(caught.value).startswith(
        "what the audit found cannot be handed to the other workers of pytest-xdist.\n"
        f"  folder     {tmp_path}\n"
        "  error      "
    )
    assert exchange.peek() is None
    (tmp_path / "result.half").rmdir()
    assert exchange.once(lambda: b"found later") == b"found later"
    assert exchange.peek() == b"found later"
