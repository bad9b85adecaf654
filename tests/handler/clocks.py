"""A clock whose time passes only when something waits."""

from __future__ import annotations

from slr_constructs.handler.slr_handler.clock import Clock, OutOfTimeError

#: the function's 900 seconds, less those kept back for the answer.
RUN_SECONDS = 860
EPOCH = 1_800_000_000


class FakeClock(Clock):
    """Time that never passes by itself."""

    def __init__(self, seconds: float = RUN_SECONDS) -> None:
        self._seconds = seconds
        self.waits: list[float] = []

    @property
    def elapsed(self) -> float:
        """The seconds waited so far."""
        return sum(self.waits)

    def left(self) -> float:
        """Return the seconds that were not waited yet."""
        return self._seconds - self.elapsed

    def wait(self, seconds: float) -> None:
        """Let the seconds pass at once."""
        if seconds >= self.left():
            raise OutOfTimeError
        self.waits.append(seconds)

    def now(self) -> int:  # type: ignore[override] # the real one asks the machine
        """Return a fixed time and what was waited since."""
        return EPOCH + int(self.elapsed)
