"""The time that one run of the function has, and waits within that time."""

from __future__ import annotations

import random
import time


class OutOfTimeError(BaseException):
    """A longer wait would leave no time for the response.

    This is not an `Exception`: botocore treats an `Exception` that interrupts a call as a broken
    connection and retries the call.
    """


class Clock:
    """The seconds left until the response is due."""

    def __init__(self, seconds: float) -> None:
        self._due = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left."""
        return self._due - time.monotonic()

    def wait(self, seconds: float) -> None:
        """Wait.

        Raises:
            OutOfTimeError: The response is due before the wait ends. The error is raised at once.
        """
        if seconds >= self.left():
            raise OutOfTimeError
        time.sleep(seconds)

    @staticmethod
    def vary(seconds: float) -> float:
        """Return a pause of a random length, half as long to one and a half times as long.

        Callers that a service throttled together then do not call it again together.
        """
        return round(seconds * random.uniform(0.5, 1.5), 1)  # noqa: S311 - no secret

    @staticmethod
    def now() -> int:
        """Return the seconds since the epoch, for timestamps that other runs read."""
        return int(time.time())
