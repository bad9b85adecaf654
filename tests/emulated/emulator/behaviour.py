"""Occasional behaviour of AWS, such as faults and delays, that a test can select."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.emulated.emulator.functions import Run
    from tests.fake_services.wire import Call


@dataclass(frozen=True, slots=True)
class Refusal:
    """The call is refused and changes nothing."""

    code: str
    message: str
    status: int


@dataclass(frozen=True, slots=True)
class Crash:
    """The function's process crashes before or after the call is carried out."""

    done: bool


@dataclass(frozen=True, slots=True)
class Slow:
    """The call is carried out, and its response takes the given seconds."""

    seconds: float


Fault: TypeAlias = Refusal | Crash | Slow


def no_fault(_run: Run, _call: Call) -> Fault | None:
    """Return no fault for any call."""
    return None


def no_action(_access_key: str, _call: Call) -> None:
    """Use no permission of the caller."""


@dataclass(slots=True)
class Behaviour:
    """The behaviour of the emulated accounts. By default, nothing fails."""

    #: returns the fault of a call of the function.
    fault: Callable[[Run, Call], Fault | None] = no_fault
    #: what a service does with the permissions of its caller, identified by the access key; it
    #: raises the service's refusal.
    acts_for: Callable[[str, Call], None] = no_action
    #: the duration of a call of the function, in seconds.
    call_seconds: Callable[[], float] = lambda: 0.05
    #: the source of the function's random choices.
    chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - a test
    #: selects one of the orders that a template allows; None leaves the order to the emulator.
    order_seed: str | None = None
    #: how many times Lambda receives each event at the same time.
    deliveries: int = 1
    #: how long Lambda keeps a delivery of an event before the function starts, in seconds.
    start_seconds: Callable[[Mapping[str, Any]], float] = lambda _event: 0.0
    #: the duration of the deletion of a service-linked role, in seconds.
    deletion_seconds: float = 3.0
    #: the results of the next deletions; later deletions depend on the usages of the role.
    deletions: list[str] = field(default_factory=list)
    #: whether IAM forgets a deletion task as soon as it has ended.
    forgets_deletions: bool = False
    #: the number of reads that do not show a new role.
    hidden_reads: int = 0
    #: whether IAM creates the roles too for which AWS does not document it.
    creates_every_role: bool = False
    #: whether IAM accepts a custom suffix for every role.
    accepts_suffixes: bool = False
    #: IAM's answer for a principal without a role; None for that of the model.
    unknown_principal: Refusal | None = None
    #: how long a caller does not read its own changes of roles, in seconds.
    own_changes_seconds: float = 0.0
    #: whether calls on log groups are authorized with the suffix `:log-stream:`.
    log_groups_as_streams: bool = False

    def reset(self) -> None:
        """Go back to the defaults."""
        self.__init__()  # type: ignore[misc]
