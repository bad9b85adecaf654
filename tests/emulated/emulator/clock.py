"""The emulator's clock: simulated time that passes only while all actors wait.

The function waits for minutes in some places: until a new role is visible everywhere, or until IAM
has deleted a role. Simulated time makes these waits free. An actor is an operation of
CloudFormation, a delivery of an event, or a test that starts several actions. When all actors
wait, the clock moves to the earliest moment that an actor waits for, and wakes only that actor.
Therefore only one actor runs at a time, and the result does not depend on the speed of the machine:
every run can be repeated.
"""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: an actor that neither waits nor ends within these real seconds is a defect of the emulator.
_STALLED_SECONDS = 60

#: 2026-01-01, in seconds since the epoch: an arbitrary moment, the same in every run.
START = 1_767_225_600.0


class StalledError(Exception):
    """An actor does not end, and the others wait for it."""


class Clock:
    """Simulated time, and the actors that wait."""

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
        """Add an actor with a unique name during the body; time stops while it is awake."""
        unique = self.join(name)
        try:
            yield unique
        finally:
            self.leave(unique)

    def join(self, name: str) -> str:
        """Add an actor until `leave` is called, and return its unique name."""
        with self._changed:
            unique = f"{name}#{next(self._numbers)}"
            self._wakes[unique] = None
            return unique

    def leave(self, actor: str) -> None:
        """Remove an actor."""
        with self._changed:
            del self._wakes[actor]
            self._advance()

    def sleep(self, actor: str, seconds: float) -> float:
        """Wait, and return the new time.

        Raises:
            StalledError: Another actor stays awake.
        """
        with self._changed:
            self._wakes[actor] = (self._now + max(seconds, 0), next(self._numbers))
            self._advance()
            while self._wakes[actor] is not None:
                if not self._changed.wait(_STALLED_SECONDS):
                    awake = sorted(name for name, wake in self._wakes.items() if wake is None)
                    raise StalledError(f"{actor} waits for {awake}")
            return self._now

    def wake(self, actor: str) -> None:
        """End the wait of an actor at the current time, if it waits."""
        with self._changed:
            if self._wakes[actor] is not None:
                self._wakes[actor] = (self._now, next(self._numbers))

    def _advance(self) -> None:
        waiting = {name: wake for name, wake in self._wakes.items() if wake is not None}
        if not waiting or len(waiting) < len(self._wakes):
            return
        first = min(waiting, key=lambda name: waiting[name])
        self._now = waiting[first][0]
        self._wakes[first] = None
        self._changed.notify_all()
