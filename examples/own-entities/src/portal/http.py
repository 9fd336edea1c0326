"""Signing on, and reading the profile, over WSGI.

A gateway in front of the portal speaks to the identity provider and hands on
the verified subject; nobody else can reach the portal.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import http.cookies
import json
import secrets
import typing as typ

if typ.TYPE_CHECKING:
    import collections.abc as cabc
    import wsgiref.types

    from portal.domain import Ports

SESSION = dt.timedelta(hours=8)


def application(ports: Ports) -> wsgiref.types.WSGIApplication:
    """Return the portal as a WSGI application."""

    def answer(
        environ: wsgiref.types.WSGIEnvironment,
        start_response: wsgiref.types.StartResponse,
    ) -> cabc.Iterable[bytes]:
        match environ["REQUEST_METHOD"], environ["PATH_INFO"]:
            case "POST", "/session":
                token = _sign_on(ports, environ["HTTP_X_VERIFIED_SUBJECT"])
                cookie = f"session={token}; Secure; HttpOnly; SameSite=Strict"
                start_response("204 No Content", [("Set-Cookie", cookie)])
                return []
            case "GET", "/profile":
                status, body = _profile(ports, environ.get("HTTP_COOKIE", ""))
                start_response(status, [("Content-Type", "application/json")])
                return [json.dumps(body).encode()]
            case _:
                start_response("404 Not Found", [])
                return []

    return answer


def _sign_on(ports: Ports, subject: str) -> str:
    token = secrets.token_urlsafe(32)
    until = dt.datetime.now(dt.UTC) + SESSION
    ports.sessions.open(ports.users.find_or_add(subject), _digest(token), until)
    return token


def _profile(ports: Ports, cookie: str) -> tuple[str, dict[str, str | int]]:
    session = http.cookies.SimpleCookie(cookie).get("session")
    user = ports.sessions.user_of(_digest(session.value)) if session else None
    if user is None:
        return "401 Unauthorized", {}
    profile = ports.profiles.read(user)
    if profile is None:
        return "404 Not Found", {}
    return "200 OK", {
        "display_name": profile.display_name,
        "locale": profile.locale,
        "revision": profile.revision,
    }


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
