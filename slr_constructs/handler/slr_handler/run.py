"""One run of an operation: its request, its time and its changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import aws
from .aws import Api
from .cloudformation import log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .aws import OnEvent
    from .clock import Clock
    from .cloudformation import Request


class OperationError(Exception):
    """The operation failed. The text is the reason that CloudFormation shows in its events."""


class Run:
    """The context of an operation.

    Args:
        request: The request of CloudFormation.

        clock: The time that the run has.

        open_api: Opens an AWS service by its boto3 name.
            Default: opens it with the credentials of the function.

        on_event: Receives the events of the run.
            Default: writes them to the log.
    """

    def __init__(
        self,
        request: Request,
        clock: Clock,
        *,
        open_api: Callable[[str], Api] | None = None,
        on_event: OnEvent = log,
    ) -> None:
        self.request = request
        self.clock = clock
        self.on_event = on_event
        self._open_api = open_api or self._open_own
        self._apis: dict[str, Api] = {}

    def api(self, service: str) -> Api:
        """Return an AWS service whose calls end within the time of this run."""
        if service not in self._apis:
            self._apis[service] = self._open_api(service)
        return self._apis[service]

    def _open_own(self, service: str) -> Api:
        return Api(aws.client(service), self.clock, on_event=self.on_event)

    @property
    def changed(self) -> bool:
        """Whether a call of this run may have changed a resource."""
        return any(api.changed for api in self._apis.values())

    def attempts(self, *, within: float = float("inf"), longest: float = 15) -> Iterator[int]:
        """Yield at once, and again after increasing pauses, until the time is over.

        Args:
            within: Stop after about this many seconds.

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
