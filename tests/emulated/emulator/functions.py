"""Runs of the function that CloudFormation deployed.

As in Lambda, a process serves one run of its function at a time, and later runs after that.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import os
import socket
import subprocess
import sys
import threading
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.emulated.emulator import lambda_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.emulated.emulator.clock import Clock

_ROOT = Path(__file__).parents[3]
_READY_SECONDS = 60
#: how many processes wait for another run.
_IDLE = 8


@dataclass(frozen=True, slots=True)
class Function:
    """A function's configuration in Lambda."""

    arn: str
    zip: bytes = field(repr=False)
    handler: str
    timeout: float
    maximum_event_age: float
    maximum_retries: int
    environment: Mapping[str, str] = field(repr=False)

    def accepts(self, age: float, retries: int) -> bool:
        """Return whether Lambda runs the function for an event of this age, the given retry."""
        return age <= self.maximum_event_age and retries <= self.maximum_retries

    @property
    def account(self) -> str:
        """The account of the function."""
        return self.arn.split(":")[4]

    @property
    def region(self) -> str:
        """The region of the function."""
        return self.arn.split(":")[3]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the function for one delivery of an event."""

    id: str
    function: Function
    event: Mapping[str, Any]
    actor: str

    @property
    def stack(self) -> str:
        """The name of the stack that sent the event."""
        return str(self.event["StackId"]).split("/")[1]

    @property
    def logical_id(self) -> str:
        """The logical id of the custom resource."""
        return str(self.event["LogicalResourceId"])

    @property
    def request(self) -> str:
        """Create, Update or Delete."""
        return str(self.event["RequestType"])

    @property
    def type(self) -> str:
        """The type of the custom resource."""
        return str(self.event["ResourceType"])


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its log, and the reason if it did not return."""

    log: tuple[str, ...]
    why: str | None = None


class _Process:
    """A process that runs one function, one run after the other."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        #: the lines that it sends.
        self.received = self._socket.makefile("r", encoding="utf-8")
        self._sent = self._socket.makefile("w", encoding="utf-8")

    def send(self, message: Mapping[str, object]) -> None:
        """Send a line to it."""
        self._sent.write(json.dumps(message) + "\n")
        self._sent.flush()

    def close(self) -> None:
        """Let it end."""
        self.received.close()
        # what it did not read before it ended is of no interest
        with contextlib.suppress(OSError):
            self._sent.close()
        self._socket.close()


class Functions:
    """The processes that run functions."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._numbers = itertools.count(1)
        self._unpacking = threading.Lock()
        self._socket = folder / "worker"
        #: the runs in progress, by id.
        self.running: dict[str, Run] = {}
        #: the processes that wait for another run of their function; the latest is the last.
        self._idle: list[tuple[Function, _Process]] = []
        # ignore this machine's settings: a function gets its settings only from its environment
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            # for the code of inline functions, which unpack themselves
            "TMPDIR": str(folder),
            "PYTHONUTF8": "1",
        }
        self._worker = subprocess.Popen(
            [sys.executable, "-m", lambda_worker.__name__, str(self._socket)],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def wait_until_ready(self) -> None:
        """Wait until the first function can run."""
        if self._worker.stdout is None or self._worker.stdout.readline() != "ready\n":
            raise RuntimeError("the process that runs functions does not start")

    def stop(self) -> None:
        """End the processes that run functions; runs in progress end with their sockets."""
        for _, process in self._idle:
            process.close()
        self._worker.terminate()
        self._worker.wait(_READY_SECONDS)
        if self._worker.stdout is not None:
            self._worker.stdout.close()

    def run(
        self,
        function: Function,
        event: Mapping[str, Any],
        actor: str,
        *,
        call_seconds: Callable[[], float],
        chance: int,
    ) -> tuple[Run, Ended]:
        """Run a function for an event, until it returns or its process ends.

        Args:
            function: The function.

            event: The event.

            actor: The actor that waits while the function waits.

            call_seconds: Returns the duration of the next call to AWS.

            chance: The seed of the function's random choices.
        """
        run = Run(f"run-{next(self._numbers)}", function, event, actor)
        self.running[run.id] = run
        process = self._process_of(function)
        returned = False
        try:
            ended, returned = self._follow(run, process, call_seconds, chance)
        finally:
            del self.running[run.id]
            if returned:
                self._idle.append((function, process))
                if len(self._idle) > _IDLE:
                    self._idle.pop(0)[1].close()
            else:
                process.close()
        return run, ended

    def _process_of(self, function: Function) -> _Process:
        """Return a process that has run the function before, or a new one."""
        for each in reversed(self._idle):
            if each[0] == function:
                self._idle.remove(each)
                return each[1]
        return _Process(self._socket)

    def _follow(
        self, run: Run, process: _Process, call_seconds: Callable[[], float], chance: int
    ) -> tuple[Ended, bool]:
        """Follow a run to its end, and return whether its process can run the function again."""
        log: list[str] = []
        why = "it crashed"
        function = run.function
        ends = self._clock.now() + function.timeout
        process.send(
            {
                "run": run.id,
                "code": str(self._unpacked(function)),
                "handler": function.handler,
                "arn": function.arn,
                "environment": dict(function.environment),
                "event": run.event,
                "timeout": function.timeout,
                "now": self._clock.now(),
                "chance": chance,
            }
        )
        for line in process.received:
            message = json.loads(line)
            if "wait" in message or "call" in message:
                seconds = message["wait"] if "wait" in message else call_seconds()
                process.send({"now": self._clock.sleep(run.actor, seconds)})
            elif "log" in message:
                log.append(message["log"])
            elif "error" in message:
                why = message["error"]
            else:
                return Ended(tuple(log), None if why == "it crashed" else why), True
        if self._clock.now() >= ends:
            why = "it timed out"
        return Ended(tuple(log), why), False

    def _unpacked(self, function: Function) -> Path:
        folder = self._folder / hashlib.sha256(function.zip).hexdigest()
        with self._unpacking:
            if not folder.exists():
                with zipfile.ZipFile(io.BytesIO(function.zip)) as archive:
                    archive.extractall(folder)
        return folder
