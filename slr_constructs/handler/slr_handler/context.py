"""The context of an operation: its account, its time, its AWS clients and its events.

The function creates one for each request of CloudFormation, and the account commands create one
with their own credentials. So both run the same operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import aws
from .aws import NO_RETRIES, Api, Retries
from .cloudformation import log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .aws import OnEvent
    from .clock import Clock


class OperationError(Exception):
    """The operation failed. The text is the reason that CloudFormation shows in its events."""


@dataclass(frozen=True, slots=True)
class StackResource:
    """The custom resource of a stack for which an operation runs."""

    stack_id: str
    logical_id: str


class Context:
    """The context of an operation.

    Args:
        clock: The time that the operation has.

        account: The id of the account.

        stack_resource: The custom resource for which the operation runs.
            Default: the operation does not belong to a stack, so it has no lease.

        open_api: Opens an AWS service by its boto3 name, in a region or, for None, in the own one.
            Default: opens it with the credentials of the function.

        regions: Returns the regions of a service.
            Default: the regions that boto3 knows, in the partition of the function.

        on_event: Receives the events of the operation.
            Default: writes them to the log.

        before_change: Called before each attempt of each call that may change a resource. It may
            raise an error.
            Default: nothing is called.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        account: str,
        stack_resource: StackResource | None = None,
        open_api: Callable[[str, str | None], Api] | None = None,
        regions: Callable[[str], list[str]] = aws.regions,
        on_event: OnEvent = log,
        before_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.clock = clock
        self.account = account
        self.stack_resource = stack_resource
        self.regions = regions
        self.on_event = on_event
        #: whether the operation undoes a create or an update that failed; None if this is unknown.
        self.undoes: bool | None = False
        #: the tag of the deletion lock, if an earlier run may have left it; empty for a new one.
        self.deletion_lock = ""
        self._before_change = before_change
        self._open_api = open_api or self._open_own
        self._apis: dict[tuple[str, str | None], Api] = {}

    def api(self, service: str, region: str | None = None) -> Api:
        """Return an AWS service whose calls end within the time of the operation.

        Args:
            service: The boto3 name of the service.

            region: The region. Default: the region of the function or of the target.
        """
        if (service, region) not in self._apis:
            self._apis[service, region] = self._open_api(service, region)
        return self._apis[service, region]

    def arn_here(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in the partition, region and account of the stack."""
        assert self.stack_resource is not None  # noqa: S101 - only requests of stacks need it
        _, partition, _, region, account, _ = self.stack_resource.stack_id.split(":", 5)
        return f"arn:{partition}:{service}:{region}:{account}:{resource}"

    def _open_own(self, service: str, region: str | None) -> Api:
        # who reads many regions retries all of them together
        return Api(
            aws.client(service, region),
            self.clock,
            on_event=self.on_event,
            retries=Retries() if region is None else NO_RETRIES,
            before_change=self._before_change,
        )

    @property
    def changed(self) -> bool:
        """Whether a call of the operation may have changed a resource."""
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
