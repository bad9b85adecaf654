"""The fake services on loopback, for clients in another process.

Clients set `AWS_ENDPOINT_URL` and use the account id as access key:

    python -m tests.fake_services.server --resources 5000 --latency 0.05

prints the URL and serves an account with many resources, until its input ends or it is stopped.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.fake_services.seeded import ACCOUNT, seeded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.fake_services.world import World

_ONE_IN = 20


@contextmanager
def serve(world: World) -> Iterator[str]:
    """Serve a world, and yield the URL."""
    server = _Server(world)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve accounts with many resources each."""
    parser = argparse.ArgumentParser(prog="python -m tests.fake_services.server")
    parser.add_argument("--resources", type=int, default=5000, help="the number of resources")
    parser.add_argument(
        "--using", type=int, help="the number of enabled ones; default: one in twenty"
    )
    parser.add_argument("--accounts", type=int, default=1, help="the number of accounts")
    parser.add_argument(
        "--latency", type=float, default=0.0, help="the seconds that each call takes"
    )
    parser.add_argument(
        "--print-env", action="store_true", help="print the environment of clients, too"
    )
    asked = parser.parse_args(arguments)
    using = asked.resources // _ONE_IN if asked.using is None else asked.using
    world = seeded(asked.resources, using, asked.accounts)
    world.latency = asked.latency
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=_wait_for_the_end_of_input, args=(ended,), daemon=True).start()
    with serve(world) as url:
        lines = [url]
        if asked.print_env:
            lines += [f"export {name}={value}" for name, value in environment(url).items()]
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
        ended.wait()


def environment(url: str) -> dict[str, str]:
    """Return the variables with which clients find the server, and no others."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    }


def _wait_for_the_end_of_input(ended: threading.Event) -> None:
    for _ in sys.stdin:
        pass
    ended.set()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # many clients may connect at the same time
    request_queue_size = 128

    def __init__(self, world: World) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.world = world


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # a response is sent immediately, not when the previous one is acknowledged
    disable_nagle_algorithm = True
    wbufsize = -1

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            status, headers, content = self.server.world.respond(
                self.command, self.path, dict(self.headers.items()), body
            )
        except Exception:  # noqa: BLE001 - whatever a test raises, the client sees no answer
            self.close_connection = True
            return
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(content)}", "", ""]
        self.wfile.write("\r\n".join(lines).encode("latin-1") + content)
        self.wfile.flush()

    do_DELETE = do_GET = do_PATCH = do_POST = do_PUT = _answer  # noqa: N815 - as http.server's

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - as http.server's
        """Log nothing."""


if __name__ == "__main__":
    main()
