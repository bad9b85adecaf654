"""The time a run has, and how it waits within it."""

from __future__ import annotations

import time


class OutOfTimeError(BaseException):
    """Waiting longer would leave no time to answer.

    Not an `Exception`: botocore takes any of those that interrupts a call for a broken connection,
    and calls again.
    """


class Clock:
    """Seconds left until the answer is due."""

    def __init__(self, seconds: float) -> None:
        self._due = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left."""
        return self._due - time.monotonic()

    def wait(self, seconds: float) -> None:
        """Wait.

        Raises:
            OutOfTimeError: The answer is due before the wait is over; nothing was waited.
        """
        if seconds >= self.left():
            raise OutOfTimeError
        time.sleep(seconds)

    @staticmethod
    def now() -> int:
        """Return the seconds since the epoch, for what other runs read."""
        return int(time.time())
