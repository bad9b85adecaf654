"""The emulated account's clock: time that passes only while everybody waits.

The function waits for minutes in places: until a new role has settled, until IAM has deleted one.
Here that costs nothing. Whoever takes part (an operation of CloudFormation, a second delivery of an
event, a test that starts several things) is an actor; when every actor waits, the clock goes to the
moment that the first of them waits for, and wakes that one alone. So only one actor runs at a time,
and what happens depends on the waiting alone and not on the speed of the machine: a run can be
repeated.
"""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: an actor that neither waits nor ends for so long, in real seconds, is a defect of the emulator.
_STALLED_SECONDS = 60

#: 2026-01-01, in seconds of the epoch: any moment would do, but it has to be the same every time.
START = 1_767_225_600.0


class StalledError(Exception):
    """An actor does not come to an end, and the others wait for it."""


class Clock:
    """Time, and those who wait in it."""

    def __init__(self) -> None:
        self._now = START
        self._changed = threading.Condition()
        self._wakes: dict[str, tuple[float, int] | None] = {}
        self._numbers = itertools.count()

    def now(self) -> float:
        """Return the seconds since the epoch."""
        with self._changed:
            return self._now

    @contextmanager
    def actor(self, name: str) -> Iterator[str]:
        """Let somebody take part, under a name made unique: time waits for who is awake."""
        unique = self.join(name)
        try:
            yield unique
        finally:
            self.leave(unique)

    def join(self, name: str) -> str:
        """Let somebody take part until `leave`, and return the name made unique."""
        with self._changed:
            unique = f"{name}#{next(self._numbers)}"
            self._wakes[unique] = None
            return unique

    def leave(self, actor: str) -> None:
        """Let an actor go."""
        with self._changed:
            del self._wakes[actor]
            self._go_on()

    def sleep(self, actor: str, seconds: float) -> float:
        """Wait, and return what the time is then.

        Raises:
            StalledError: Another actor is awake and stays so.
        """
        with self._changed:
            self._wakes[actor] = (self._now + max(seconds, 0), next(self._numbers))
            self._go_on()
            while self._wakes[actor] is not None:
                if not self._changed.wait(_STALLED_SECONDS):
                    awake = sorted(name for name, wake in self._wakes.items() if wake is None)
                    raise StalledError(f"{actor} waits for {awake}")
            return self._now

    def _go_on(self) -> None:
        waiting = {name: wake for name, wake in self._wakes.items() if wake is not None}
        if not waiting or len(waiting) < len(self._wakes):
            return
        first = min(waiting, key=lambda name: waiting[name])
        self._now = waiting[first][0]
        self._wakes[first] = None
        self._changed.notify_all()
