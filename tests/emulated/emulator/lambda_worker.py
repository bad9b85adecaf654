"""Where the function runs: a process of its own for every run, without a network but loopback.

Started once, with boto3 loaded; every run is a fork of it, which puts the unpacked zip first on its
path, finds the handler as it was just imported, and calls it, as Lambda's own runtime does. The
fork tells the time by the emulated account's clock: it asks for every wait over the socket that it
was asked over, and gets back what the time is then.

    lambda_worker.py SOCKET

One line of JSON from the emulator says what to run. Lines back: {"wait": seconds} and {"call":
true} are answered with {"now": seconds}; {"log": text}, {"error": text} and {"done": true} are not.
A socket that closes before {"done": true} is a run that crashed.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import random
import secrets
import signal
import socket
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

import boto3
import botocore.httpsession

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

#: the run's name on every request it makes, and what the emulator tells it with an answer.
RUN_HEADER = "x-emulated-run"
CRASH_HEADER = "x-emulated-crash"
SLOW_HEADER = "x-emulated-seconds"

_SERVICES = (
    "iam",
    "logs",
    "chime-sdk-voice",
    "chime-sdk-messaging",
    "ivs",
    "mediatailor",
    "mediapackage",
    "mediapackage-vod",
)


class _Line:
    """The way back to the emulator."""

    def __init__(self, connection: socket.socket) -> None:
        self._in = connection.makefile("r", encoding="utf-8")
        self._out = connection.makefile("w", encoding="utf-8")

    def read(self) -> dict[str, Any]:
        return dict(json.loads(self._in.readline()))

    def tell(self, **message: object) -> None:
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()

    def close(self) -> None:
        self._in.close()
        self._out.close()

    def ask(self, **message: object) -> float:
        self.tell(**message)
        return float(self.read()["now"])


class _Time:
    """What `time` and `signal` say in a run."""

    def __init__(self, line: _Line, now: float, timeout: float) -> None:
        self._line = line
        self._now = now
        self._ends = now + timeout
        self._rings: float | None = None

    def time(self) -> float:
        return self._now

    def remaining(self) -> int:
        return int(max(self._ends - self._now, 0) * 1000)

    def sleep(self, seconds: float) -> None:
        until = self._now + seconds
        stop = min(until, self._ends, float("inf") if self._rings is None else self._rings)
        self._now = self._line.ask(wait=stop - self._now)
        if self._now >= self._ends:
            os._exit(124)  # as Lambda does at the timeout: no exception, no answer
        if self._rings is not None and self._now >= self._rings:
            self._rings = None
            ring = signal.getsignal(signal.SIGALRM)
            if callable(ring):
                ring(signal.SIGALRM, None)
        if self._now < until:
            self.sleep(until - self._now)

    def pass_call(self) -> None:
        self._now = self._line.ask(call=True)

    def set_alarm(self, _which: int, seconds: float, _interval: float = 0) -> tuple[float, float]:
        before = 0.0 if self._rings is None else self._rings - self._now
        self._rings = self._now + seconds if seconds else None
        return before, 0.0


class _Log(io.TextIOBase):
    """Standard output, a line at a time: what was said before a crash is not lost."""

    def __init__(self, line: _Line) -> None:
        self._line = line
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for each in lines:
            self._line.tell(log=each)
        return len(text)


class _Context:
    def __init__(self, clock: _Time) -> None:
        self._clock = clock

    def get_remaining_time_in_millis(self) -> int:
        return self._clock.remaining()


def _tell_the_time(clock: _Time, run: str) -> None:
    time.time = clock.time
    time.monotonic = clock.time
    vars(time)["sleep"] = clock.sleep  # whose own argument may be more than a float
    signal.setitimer = clock.set_alarm
    send: Callable[..., Any] = botocore.httpsession.URLLib3Session.send

    def send_in_time(session: Any, request: Any) -> Any:
        clock.pass_call()
        request.headers[RUN_HEADER] = run
        response = send(session, request)
        if CRASH_HEADER in response.headers:
            os._exit(1)
        if SLOW_HEADER in response.headers:
            clock.sleep(float(response.headers[SLOW_HEADER]))
        return response

    botocore.httpsession.URLLib3Session.send = send_in_time


#: what importing a handler loaded, by the folder of its code: most of a run's time would go there.
_IMPORTED: dict[str, dict[str, ModuleType]] = {}
#: the present run's time, for what was bound to `time.sleep` when it was imported.
_PRESENT: list[_Time] = []


def _sleep(seconds: float) -> None:
    _PRESENT[0].sleep(seconds)


def _import(code: str, handler: str) -> None:
    """Import a handler once, for every fork to find, and for no other code to see."""
    if code in _IMPORTED:
        return
    before = set(sys.modules)
    sleep = vars(time)["sleep"]
    vars(time)["sleep"] = _sleep
    sys.path.insert(0, code)
    try:
        importlib.import_module(handler.rpartition(".")[0])
    except Exception:  # noqa: BLE001 - the run says so itself
        return
    finally:
        sys.path.remove(code)
        vars(time)["sleep"] = sleep
        loaded = {name: sys.modules.pop(name) for name in set(sys.modules) - before}
    _IMPORTED[code] = loaded


def _run(line: _Line, asked: dict[str, Any]) -> None:
    sys.modules.update(_IMPORTED.get(asked["code"], {}))
    os.environ.update(asked["environment"])
    clock = _Time(line, asked["now"], asked["timeout"])
    _PRESENT.append(clock)
    _tell_the_time(clock, asked["run"])
    # marks of the function's runs, and the pauses of botocore's tries
    random.seed(asked["chance"])
    secrets.token_bytes = lambda nbytes=None: random.randbytes(nbytes or 32)  # noqa: S311
    sys.stdout = _Log(line)
    sys.path.insert(0, asked["code"])
    module, _, name = asked["handler"].rpartition(".")
    try:
        getattr(importlib.import_module(module), name)(asked["event"], _Context(clock))
    except Exception:  # noqa: BLE001 - the error of a handler is what Lambda reports
        line.tell(error=traceback.format_exc())
    line.tell(done=True)


def _load() -> None:
    """Read the service models once, for every fork to find."""
    boto3.setup_default_session()
    loader = boto3.DEFAULT_SESSION._session.get_component("data_loader")
    for service in _SERVICES:
        loader.load_service_model(service, "service-2")
        loader.load_service_model(service, "endpoint-rule-set-1")
    for data in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data(data)


def main(path: str) -> None:
    """Serve one run for every connection."""
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a fork ended
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        print("ready", flush=True)  # noqa: T201 - the emulator waits for it
        while True:
            connection, _ = server.accept()
            line = _Line(connection)
            asked = line.read()
            _import(asked["code"], asked["handler"])
            if os.fork() == 0:
                server.close()
                _run(line, asked)
                os._exit(0)
            # all of it, or nobody sees that a fork is gone
            line.close()
            connection.close()


if __name__ == "__main__":
    main(sys.argv[1])
