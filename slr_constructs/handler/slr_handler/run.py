"""One run of an operation: what was asked, the time it has, and what it may have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .aws import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .clock import Clock
    from .lifecycle import Request


class RefusedError(Exception):
    """The operation cannot be done; its text is the reason that a person reads."""


class Run:
    """What an operation works with."""

    def __init__(self, request: Request, clock: Clock) -> None:
        self.request = request
        self.clock = clock
        self._apis: dict[str, Api] = {}

    def api(self, service: str) -> Api:
        """Return the service, called within this run's time."""
        if service not in self._apis:
            self._apis[service] = Api(service, self.clock)
        return self._apis[service]

    @property
    def changed(self) -> bool:
        """Whether anything may have been changed so far."""
        return any(api.changed for api in self._apis.values())

    def tries(self, *, within: float = float("inf"), longest: float = 15) -> Iterator[int]:
        """Yield at once, and again after growing pauses, for as long as there is time.

        Args:
            within: Stop after about this many seconds, even if there is more time.

            longest: The longest pause, in seconds.
        """
        pause = 2.0
        end = max(self.clock.left() - within, 0)
        count = 0
        while True:
            yield count
            count += 1
            if self.clock.left() - pause <= end:
                return
            self.clock.wait(pause)
            pause = min(pause * 1.5, longest)
