"""One run of an operation: what was asked, the time it has, and what it may have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import aws
from .aws import Api
from .lifecycle import log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .aws import Tell
    from .clock import Clock
    from .lifecycle import Request


class RefusedError(Exception):
    """The operation cannot be done; its text is the reason that a person reads."""


class Run:
    """What an operation works with.

    Args:
        request: What was asked.

        clock: The time there is.

        open_api: Opens a service.
            Default: with the credentials of the function.

        tell: Is told what happens on the way.
            Default: the log.
    """

    def __init__(
        self,
        request: Request,
        clock: Clock,
        *,
        open_api: Callable[[str], Api] | None = None,
        tell: Tell = log,
    ) -> None:
        self.request = request
        self.clock = clock
        self.tell = tell
        self._open_api = open_api or self._open_own
        self._apis: dict[str, Api] = {}

    def api(self, service: str) -> Api:
        """Return the service, called within this run's time."""
        if service not in self._apis:
            self._apis[service] = self._open_api(service)
        return self._apis[service]

    def _open_own(self, service: str) -> Api:
        return Api(aws.client(service), self.clock, tell=self.tell)

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
