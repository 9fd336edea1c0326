"""Serves the backend: ``python -m library.main``."""

from __future__ import annotations

from wsgiref.simple_server import make_server

from library.container import Container
from library.http import application

if __name__ == "__main__":
    with make_server("127.0.0.1", 8000, application(Container())) as server:
        server.serve_forever()
