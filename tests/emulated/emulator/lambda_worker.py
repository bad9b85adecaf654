"""Run functions: each in a process of its own, with no network except loopback.

The worker starts once and loads boto3. Every connection is a fork for one function, which puts the
unpacked zip first on its path, imports the handler and calls it, as Lambda's own runtime does. It
serves one run after the other, and keeps the handler's modules and clients between them. The fork
uses the simulated time of the emulator: it requests every wait over its socket, and receives the
new time. What it sends to CloudFormation's bucket for responses goes to the emulator.

    python -m tests.emulated.emulator.lambda_worker SOCKET

The emulator sends one line of JSON that describes a run. The emulator replies to the lines
{"wait": seconds} and {"call": true} with {"now": seconds}. It does not reply to {"log": text},
{"error": text} and {"done": true}. If a socket closes before {"done": true}, the run has crashed.
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
from urllib.parse import urlsplit

import boto3
import botocore.httpsession

from tests.response_bucket import route_to

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

#: the run's name in every request, and the emulator's instructions in a response.
RUN_HEADER = "x-emulated-run"
CRASH_HEADER = "x-emulated-crash"
SLOW_HEADER = "x-emulated-seconds"

_SERVICES = (
    "cloudformation",
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
    """The connection to the emulator."""

    def __init__(self, connection: socket.socket) -> None:
        self._in = connection.makefile("r", encoding="utf-8")
        self._out = connection.makefile("w", encoding="utf-8")

    def read(self) -> dict[str, Any] | None:
        text = self._in.readline()
        return dict(json.loads(text)) if text else None

    def send(self, **message: object) -> None:
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()

    def close(self) -> None:
        self._in.close()
        self._out.close()

    def request(self, **message: object) -> float:
        self.send(**message)
        reply = self.read()
        if reply is None:
            os._exit(1)  # the emulator has stopped
        return float(reply["now"])


class _Time:
    """The replacements of `time` and `signal` in a run."""

    def __init__(self, line: _Line, run: str, now: float, timeout: float) -> None:
        self.run = run
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
        self._now = self._line.request(wait=stop - self._now)
        if self._now >= self._ends:
            os._exit(124)  # as Lambda does at the timeout: no exception, no response
        if self._rings is not None and self._now >= self._rings:
            self._rings = None
            ring = signal.getsignal(signal.SIGALRM)
            if callable(ring):
                ring(signal.SIGALRM, None)
        if self._now < until:
            self.sleep(until - self._now)

    def pass_call(self) -> None:
        self._now = self._line.request(call=True)

    def set_alarm(self, _which: int, seconds: float, _interval: float = 0) -> tuple[float, float]:
        before = 0.0 if self._rings is None else self._rings - self._now
        self._rings = self._now + seconds if seconds else None
        return before, 0.0


class _Log(io.TextIOBase):
    """Standard output, line by line, so that lines before a crash are not lost."""

    def __init__(self, line: _Line) -> None:
        self._line = line
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for each in lines:
            self._line.send(log=each)
        return len(text)


class _Context:
    def __init__(self, clock: _Time, arn: str) -> None:
        self._clock = clock
        self.invoked_function_arn = arn

    def get_remaining_time_in_millis(self) -> int:
        return self._clock.remaining()


#: the time of the current run; empty before the first one.
_PRESENT: list[_Time] = []


def _use_simulated_time(clock: _Time) -> None:
    _PRESENT[:] = [clock]
    time.time = clock.time
    time.monotonic = clock.time
    vars(time)["sleep"] = clock.sleep  # the type of its argument is more than a float
    signal.setitimer = clock.set_alarm


def _send_in_time() -> None:
    send: Callable[..., Any] = botocore.httpsession.URLLib3Session.send

    def send_in_time(session: Any, request: Any) -> Any:
        (clock,) = _PRESENT
        clock.pass_call()
        request.headers[RUN_HEADER] = clock.run
        response = send(session, request)
        if CRASH_HEADER in response.headers:
            os._exit(1)
        if SLOW_HEADER in response.headers:
            clock.sleep(float(response.headers[SLOW_HEADER]))
        return response

    botocore.httpsession.URLLib3Session.send = send_in_time


#: the modules of each handler, by the folder of its code: importing them would take most of a run.
_IMPORTED: dict[str, dict[str, ModuleType]] = {}


def _sleep(seconds: float) -> None:
    """Wait, for modules that imported `time.sleep` by name."""
    _PRESENT[0].sleep(seconds)


def _import(code: str, handler: str) -> None:
    """Import a handler once for all forks, invisible to other code."""
    if code in _IMPORTED:
        return
    before = set(sys.modules)
    sleep = vars(time)["sleep"]
    vars(time)["sleep"] = _sleep
    sys.path.insert(0, code)
    try:
        importlib.import_module(handler.rpartition(".")[0])
    except Exception:  # noqa: BLE001 - the run reports the error
        return
    finally:
        sys.path.remove(code)
        vars(time)["sleep"] = sleep
        loaded = {name: sys.modules.pop(name) for name in set(sys.modules) - before}
    _IMPORTED[code] = loaded


def _start(line: _Line, request: dict[str, Any]) -> None:
    """Prepare the process for the runs of one function."""
    sys.modules.update(_IMPORTED.get(request["code"], {}))
    os.environ.update(request["environment"])
    _send_in_time()
    route_to(urlsplit(request["environment"]["AWS_ENDPOINT_URL"]).netloc)
    # marks of the function's runs
    secrets.token_bytes = lambda nbytes=None: random.randbytes(nbytes or 32)  # noqa: S311
    sys.stdout = _Log(line)
    sys.path.insert(0, request["code"])


def _run(line: _Line, request: dict[str, Any]) -> None:
    clock = _Time(line, request["run"], request["now"], request["timeout"])
    _use_simulated_time(clock)
    random.seed(request["chance"])
    module, _, name = request["handler"].rpartition(".")
    try:
        context = _Context(clock, request["arn"])
        getattr(importlib.import_module(module), name)(request["event"], context)
    except Exception:  # noqa: BLE001 - the error of a handler is what Lambda reports
        line.send(error=traceback.format_exc())
    line.send(done=True)


def _load() -> None:
    """Load the service models once for all forks."""
    boto3.setup_default_session()
    loader = boto3.DEFAULT_SESSION._session.get_component("data_loader")
    for service in _SERVICES:
        loader.load_service_model(service, "service-2")
        loader.load_service_model(service, "endpoint-rule-set-1")
    for data in ("endpoints", "partitions", "sdk-default-configuration", "_retry"):
        loader.load_data(data)


def main(path: str) -> None:
    """Serve the runs of one function for every connection."""
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the exit status of a fork is not used
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        print("ready", flush=True)  # noqa: T201 - the emulator waits for it
        while True:
            connection, _ = server.accept()
            line = _Line(connection)
            request = line.read()
            if request is not None:
                _import(request["code"], request["handler"])
            if os.fork() == 0:
                server.close()
                if request is not None:
                    _start(line, request)
                while request is not None:
                    _run(line, request)
                    request = line.read()
                os._exit(0)
            # close all copies of the socket, so that the emulator notices the end of a fork
            line.close()
            connection.close()


if __name__ == "__main__":
    main(sys.argv[1])
