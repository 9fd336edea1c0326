"""The profile and the interests of a card holder, over WSGI.

A gateway in front checks the session, and hands on the user's id.
"""

from __future__ import annotations

import json
import typing as typ
import uuid

if typ.TYPE_CHECKING:
    import collections.abc as cabc
    import wsgiref.types

    from library.container import Container

_JSON = [("Content-Type", "application/json")]


def application(container: Container) -> wsgiref.types.WSGIApplication:
    """Return the backend as a WSGI application."""

    def answer(
        environ: wsgiref.types.WSGIEnvironment,
        start_response: wsgiref.types.StartResponse,
    ) -> cabc.Iterable[bytes]:
        body = _body(environ)
        match environ["REQUEST_METHOD"], environ["PATH_INFO"]:
            case "POST", "/session":
                user = container.credentials.verify(body["card_number"], body["pin"])
                start_response("200 OK" if user else "401 Unauthorized", _JSON)
                return [json.dumps({"user": user and str(user)}).encode()]
            case "GET", "/profile":
                found = container.users.find(_user(environ))
                start_response("200 OK" if found else "404 Not Found", _JSON)
                return [json.dumps({"name": found and found.display_name}).encode()]
            case "PUT", "/profile":
                container.profiles.rename(_user(environ), body["name"])
            case "PUT", "/interests":
                themes = [uuid.UUID(theme) for theme in body["themes"]]
                container.interests.replace(_user(environ), themes)
            case _:
                start_response("404 Not Found", [])
                return []
        start_response("204 No Content", [])
        return []

    return answer


def _user(environ: wsgiref.types.WSGIEnvironment) -> uuid.UUID:
    return uuid.UUID(environ["HTTP_X_USER"])


def _body(environ: wsgiref.types.WSGIEnvironment) -> typ.Any:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return json.loads(environ["wsgi.input"].read(length)) if length else {}
