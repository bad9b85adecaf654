"""Change many resources concurrently, retry busy ones, and report each change as it happens."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from slr_constructs.account.access import (
    CALL_ERRORS,
    COMMAND_SECONDS,
    AccountError,
    expired,
    reason,
)
from slr_constructs.account.concurrency import Done, run_concurrently
from slr_constructs.account.usages.kind import InvalidSettingsError
from slr_constructs.handler.slr_handler.clock import Clock
from slr_constructs.handler.slr_handler.context import Context, OperationError
from slr_constructs.handler.slr_handler.contract import ServiceLinkedRole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from slr_constructs.account.access import Region
    from slr_constructs.account.usages.kind import TargetResource
    from slr_constructs.catalogue import RoleDefinition

#: AWS throttles changes sooner than reads.
_AT_ONCE = 8
_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 60.0


class SingleAttempt(Context):
    """A context that does not wait and retry: `Changes` retries after all other resources."""

    def __init__(self, region: Region) -> None:
        account = region.account.id
        super().__init__(Clock(COMMAND_SECONDS), account=account, open_api=region.api)

    def attempts(self, *, within: float = 0, longest: float = 0) -> Iterator[int]:  # noqa: ARG002 - the signature of Context
        """Yield a single attempt."""
        yield 0


def role_properties(definition: RoleDefinition) -> ServiceLinkedRole:
    """Return a role for the operations that create it, or delete it although it was adopted."""
    return ServiceLinkedRole(
        role_name=definition.role_name,
        service_principal=definition.service_principal,
        removal="REQUIRE",
        creation=definition.creation.value,
        custom_suffix=definition.custom_suffix,
    )


class Outcome(Enum):
    """The result of a change."""

    DONE = "done"
    BUSY = "busy"
    """The change may succeed later. An example is a channel that is live."""

    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a resource: what was done, or why it failed."""

    target: TargetResource
    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pause of some seconds, and its reason."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Message:
    """What happened to the role."""

    text: str


Event: TypeAlias = Change | Waiting | Message
OnEvent: TypeAlias = "Callable[[Event], None]"


@dataclass(slots=True)
class Changes:
    """The changes so far."""

    #: ARNs of resources whose change started and has no known result.
    in_progress: set[str] = field(default_factory=set)
    done: list[Change] = field(default_factory=list)
    #: changes that failed, or that were still busy at the end.
    remaining: list[Change] = field(default_factory=list)
    #: why no further change starts.
    error: AccountError | None = None

    #: the changes that are running.
    _running: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(_AT_ONCE), repr=False
    )

    @property
    def unknown(self) -> int:
        """The number of changes without a known result."""
        return len(self.in_progress - {each.target.arn for each in self.done})

    def apply(
        self,
        targets: Sequence[TargetResource],
        change: Callable[[TargetResource], str],
        *,
        wait_seconds: float,
        on_event: OnEvent,
    ) -> bool:
        """Change each resource, and return whether all changes succeeded.

        Busy resources are retried after pauses that grow.

        Args:
            targets: The resources to change.

            change: Changes one resource, and returns what it did. Raises `OperationError` if the
                resource is busy.

            wait_seconds: The maximum total time of the pauses.

            on_event: Receives each change and each pause.

        Raises:
            AccountError: The state file cannot be written, or the credentials have expired. No
                further change was started, and those that were running have ended.
        """
        pause = _FIRST_PAUSE
        waited = 0.0
        while True:
            busy: list[Change] = []
            failed: list[Change] = []
            jobs = [partial(self._change, target, change) for target in targets]
            # closing: after an interruption, no further job starts
            with closing(run_concurrently(jobs, at_once=_AT_ONCE)) as results:
                for result in results:
                    lists = {Outcome.DONE: self.done, Outcome.BUSY: busy, Outcome.FAILED: failed}
                    lists[result.outcome].append(result)
                    self.in_progress.discard(result.target.arn)
                    on_event(result)
            self.remaining += failed
            if self.error is not None:
                raise self.error
            if not busy or waited + pause > wait_seconds:
                self.remaining += busy
                return not busy and not failed
            on_event(Waiting(pause, _busy_text(len(busy))))
            time.sleep(pause)
            waited += pause
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            targets = [each.target for each in busy]

    def _change(
        self, target: TargetResource, change: Callable[[TargetResource], str]
    ) -> Done[Change]:
        with self._running:
            return self._change_now(target, change)

    def settle(self) -> None:
        """Wait until the changes that an interruption has left running have ended."""
        for _ in range(_AT_ONCE):
            # the HTTP client ends each call earlier
            self._running.acquire(timeout=_LONGEST_PAUSE)

    def _change_now(
        self, target: TargetResource, change: Callable[[TargetResource], str]
    ) -> Done[Change]:
        if self.error is not None:
            return Done()
        self.in_progress.add(target.arn)
        try:
            result = Change(target, Outcome.DONE, change(target))
        except OperationError as error:
            result = Change(target, Outcome.BUSY, str(error))
        except CALL_ERRORS as error:
            if (stop := expired(error)) is not None:
                self.error = stop
            result = Change(target, Outcome.FAILED, reason(error))
        except InvalidSettingsError as error:
            text = f"it was not changed, because it could not be restored: {error}"
            result = Change(target, Outcome.FAILED, text)
        except AccountError as error:
            # raised when all other changes have ended, so that their results are known
            self.error = error
            return Done()
        return Done([result])


def _busy_text(number: int) -> str:
    return "1 resource is busy" if number == 1 else f"{number} resources are busy"
