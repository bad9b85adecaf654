"""A clock whose time advances only by waits."""

from __future__ import annotations

from slr_constructs.handler.slr_handler.clock import Clock, OutOfTimeError

#: the function's 900 seconds without those reserved for the response.
RUN_SECONDS = 860
EPOCH = 1_800_000_000


class FakeClock(Clock):
    """A clock whose time advances only by waits."""

    def __init__(self, seconds: float = RUN_SECONDS) -> None:
        self._seconds = seconds
        self.waits: list[float] = []

    @property
    def elapsed(self) -> float:
        """The sum of all waits so far."""
        return sum(self.waits)

    def left(self) -> float:
        """Return the seconds left."""
        return self._seconds - self.elapsed

    def wait(self, seconds: float) -> None:
        """Advance the time without waiting."""
        if seconds >= self.left():
            raise OutOfTimeError
        self.waits.append(seconds)

    @staticmethod
    def vary(seconds: float) -> float:
        """Return the pause as it is."""
        return seconds

    def now(self) -> int:  # type: ignore[override] # the real one reads the system clock
        """Return a fixed time plus all waits."""
        return EPOCH + int(self.elapsed)
