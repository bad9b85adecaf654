"""A fake bucket of CloudFormation for responses: a server on loopback."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

from tests.handler.events import RESPONSE_URL
from tests.response_bucket import route_to

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Put:
    """One received request."""

    method: str
    path: str
    content_type: str | None
    body: bytes

    def read(self) -> dict[str, Any]:
        """Return the parsed body."""
        response: dict[str, Any] = json.loads(self.body)
        return response


@dataclass(slots=True)
class FakeCloudFormation:
    """The received requests, and the status codes for the next requests; 0 is not HTTP."""

    url: str
    statuses: list[int] = field(default_factory=list)
    puts: list[Put] = field(default_factory=list)


@contextmanager
def fake_cloudformation() -> Iterator[FakeCloudFormation]:
    """Listen on loopback."""
    state = FakeCloudFormation(RESPONSE_URL)

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.puts.append(Put(self.command, self.path, self.headers["Content-Type"], body))
            status = state.statuses.pop(0) if state.statuses else 200
            if status == 0:
                self.wfile.write(b"not HTTP\r\n")
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Write nothing: the output of a test is the log of the function."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    route_to(f"127.0.0.1:{server.server_port}")
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    try:
        yield state
    finally:
        route_to(None)
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def hanging() -> Iterator[str]:
    """Accept connections and never respond; return the URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def closed_port() -> int:
    """Return a port that refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port
