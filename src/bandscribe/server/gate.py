"""Access control: who may send requests, how large they may be, and the headers of responses.

Plain ASGI middleware around the whole application, so that it decides before a body is read.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Collection, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bandscribe.server.jobs import Job, Queue, QueueFullError
from bandscribe.server.limits import Limits

#: Pages whose address may contain the token.
_PAGES = ("/", "/docs")
#: Room for the boundaries and headers of a multipart form around a file.
_FORM_BYTES = 1 << 16
#: The answer to an upload without its file.
NO_FILE = "file: missing; send the recording as the form field file (multipart/form-data)"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class _TooLargeError(Exception):
    """The body of a request is larger than the limit."""


class Gate:
    """Middleware that requires the token, in a header, in a cookie, or in the address of a page.

    `/health` needs none. Requests are accepted for these `hosts`, None for any, which prevents DNS
    rebinding: a web site whose name is made to resolve to this computer is refused. The place of an
    upload in the queue is reserved here (`job_of`), and released if the upload fails.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str,
        limits: Limits,
        queue: Queue,
        hosts: Collection[str] | None,
    ) -> None:
        """Wrap `app`."""
        self.app = app
        self.token = token
        self.limits = limits
        self.queue = queue
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or forward it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        response = _Response(send)
        headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        if self.hosts is not None and _host(headers.get("host", "")) not in self.hosts:
            await response.refuse(403, "this server is not known by that name")
        elif scope["path"] == "/health":
            await self.app(scope, receive, response.send)
        elif scope["path"] in _PAGES and (given := _query(scope).get("token")) is not None:
            await self._log_in(scope, response, given)
        elif not self._is_authorized(headers, _cookie(scope)):
            await response.refuse(
                401, "the token is missing or wrong; open the address that the server printed, or "
                "send the header Authorization: Bearer TOKEN",
                {"www-authenticate": "Bearer"},
            )  # fmt: skip
        elif scope["method"] == "POST" and scope["path"].startswith("/v1/"):
            await self._accept_upload(scope, receive, response, headers)
        else:
            await self._forward(scope, receive, response, headers)

    def _is_authorized(self, headers: Mapping[str, str], cookie: str) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            try:
                found = SimpleCookie(headers.get("cookie", "")).get(cookie)
            except CookieError:
                found = None
            given = found.value if found else ""
        return secrets.compare_digest(given.strip().encode(), self.token.encode())

    async def _log_in(self, scope: Scope, response: _Response, given: str) -> None:
        """Redirect to the address without the token, and set it as a cookie."""
        if not secrets.compare_digest(given.encode(), self.token.encode()):
            await response.refuse(
                401, "the token is wrong; use the address that the server printed"
            )
            return
        rest = urlencode({k: v for k, v in _query(scope).items() if k != "token"})
        cookie = f"{_cookie(scope)}={self.token}; Path=/; HttpOnly; SameSite=Strict"
        where = scope["path"] + (f"?{rest}" if rest else "")
        await response.reply(303, b"", {"location": where, "set-cookie": cookie})

    async def _accept_upload(
        self, scope: Scope, receive: Receive, response: _Response, headers: Mapping[str, str]
    ) -> None:
        """Reserve a place in the queue, then read the upload; release the place if that fails."""
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            # As curl --data-binary sends: one field of a form as large as the recording.
            await self._drain(receive, headers)
            await response.refuse(422, NO_FILE)
            return
        try:
            job = self.queue.reserve(scope["path"].rsplit("/", 1)[-1])
        except QueueFullError:
            await self._drain(receive, headers)
            await response.refuse(
                429, "the queue is full; try again in a few seconds", {"retry-after": "5"}
            )
            return
        scope.setdefault("state", {})["job"] = job
        try:
            await self._forward(scope, receive, response, headers)
        finally:
            if job.state == "uploading":
                self.queue.drop(job)

    async def _forward(
        self, scope: Scope, receive: Receive, response: _Response, headers: Mapping[str, str]
    ) -> None:
        """Forward a request to the application, with a limited body."""
        most = self.limits.bytes + _FORM_BYTES
        message = f"larger than {self.limits.bytes} bytes, the limit of this server"
        if (length := headers.get("content-length", "0")).isdigit() and int(length) > most:
            await response.refuse(413, message, {"connection": "close"})
            return
        body = _Body(receive, most, self.limits.upload_seconds)
        try:
            await self.app(scope, body.receive, response.send)
        except _TooLargeError:
            await response.refuse(413, message, {"connection": "close"})
        except TimeoutError:
            await response.refuse(408, "the upload stopped", {"connection": "close"})

    async def _drain(self, receive: Receive, headers: Mapping[str, str]) -> None:
        """Discard the body: some clients read no response before they have sent all of it.

        A client that waits for `100 Continue` has sent nothing yet.
        """
        if headers.get("expect", "").lower() == "100-continue":
            return
        body = _Body(receive, self.limits.bytes + _FORM_BYTES, self.limits.upload_seconds)
        try:
            while (await body.receive()).get("more_body"):
                pass
        except (_TooLargeError, TimeoutError):
            pass


def job_of(scope: Mapping[str, Any]) -> Job:
    """The job that was reserved for an upload."""
    job: Job = scope["state"]["job"]
    return job


class _Body:
    """The body of a request, within limits of size and time."""

    def __init__(self, receive: Receive, most: int, seconds: float) -> None:
        self._receive = receive
        self._left = most
        self._seconds = seconds
        self._complete = False

    async def receive(self) -> Message:
        if self._complete:  # what follows is the disconnect, which may take any time
            return await self._receive()
        async with asyncio.timeout(self._seconds):
            message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _TooLargeError
        self._complete = not message.get("more_body", False)
        return message


class _Response:
    """One response at most, with the security headers."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            own = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
            message = {**message, "headers": [*message.get("headers", []), *own]}
        await self._send(message)

    async def reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        if self._begun:
            return
        pairs = {"content-length": str(len(body)), "cache-control": "no-store", **headers}
        encoded = [(name.encode(), value.encode()) for name, value in pairs.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": encoded})
        await self.send({"type": "http.response.body", "body": body})

    async def refuse(
        self, status: int, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        body = json.dumps({"detail": detail}).encode()
        await self.reply(status, body, {"content-type": "application/json", **(headers or {})})


def _query(scope: Scope) -> dict[str, str]:
    pairs = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return {name: values[-1] for name, values in pairs.items()}


def _cookie(scope: Scope) -> str:
    """The name of the cookie: browsers send one to all ports of a host."""
    return f"bandscribe-{(scope.get('server') or ('', ''))[1]}"


def _host(header: str) -> str:
    """The name in a Host header, without the port."""
    if header.startswith("["):
        return header.partition("]")[0] + "]"
    return header.rpartition(":")[0] or header
