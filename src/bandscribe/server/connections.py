"""HTTP with a timeout for idle connections, which would keep others from being served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.h11_impl import H11Protocol


def with_timeout(seconds: float, rejected: Callable[[str], None]) -> type[H11Protocol]:
    """A protocol that closes a connection after so many seconds without the headers of a request.

    This applies to new connections, after a response, and to headers that arrive byte by byte.
    (uvicorn itself waits for ever for the first request, and for one that has begun.) For what is
    not HTTP, `rejected` is called with a line that names the client, once for each connection.
    """

    class WithTimeout(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._idle_since = self.loop.time()
            self._rejected = False
            self._timer = self.loop.call_later(seconds, self._check)

        def connection_lost(self, exc: Exception | None) -> None:
            self._timer.cancel()
            super().connection_lost(exc)

        def on_response_complete(self) -> None:
            self._idle_since = self.loop.time()
            super().on_response_complete()

        def send_400_response(self, msg: str) -> None:
            if not self._rejected:
                client = self.client[0] if self.client else "a client"
                rejected(f"rejected a malformed request from {client}")
            self._rejected = True
            super().send_400_response(msg)

        def _check(self) -> None:
            idle = self.cycle is None or self.cycle.response_complete
            left = self._idle_since + seconds - self.loop.time()
            if idle and left <= 0:
                self.transport.close()
            else:
                self._timer = self.loop.call_later(left if left > 0 else seconds, self._check)

    return WithTimeout
