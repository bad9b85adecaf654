"""What an emulated account does that AWS does now and then, for a test to choose."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.emulated.emulator.functions import Run
    from tests.fake_services.wire import Call


@dataclass(frozen=True, slots=True)
class Refusal:
    """The call is refused, and nothing is done."""

    code: str
    message: str
    status: int


@dataclass(frozen=True, slots=True)
class Crash:
    """The function's process is gone, before the call is carried out or after it."""

    done: bool


@dataclass(frozen=True, slots=True)
class Slow:
    """The call is carried out, and its answer takes so many seconds."""

    seconds: float


Fault: TypeAlias = Refusal | Crash | Slow


def no_fault(_run: Run, _call: Call) -> Fault | None:
    """Let every call be."""
    return None


def acts_for_nobody(_access_key: str, _call: Call) -> None:
    """Do nothing with the rights of a caller."""


@dataclass(slots=True)
class Behaviour:
    """One emulated account's moods. The defaults are those of a good day."""

    #: what happens to a call of the function.
    fault: Callable[[Run, Call], Fault | None] = no_fault
    #: what a service does with the rights of its caller, known by the access key; it raises
    #: what the service then says.
    acts_for: Callable[[str, Call], None] = acts_for_nobody
    #: how long a call of the function takes, in seconds.
    call_seconds: Callable[[], float] = lambda: 0.05
    #: what the function's own random choices come from.
    chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - a test
    #: chooses among the orders that a template allows; None leaves the order to the emulator.
    order_seed: str | None = None
    #: how often Lambda is given each event, at the same time.
    deliveries: int = 1
    #: how long IAM takes to delete a service-linked role, in seconds.
    deletion_seconds: float = 3.0
    #: how the next deletions end, whatever the account looks like; after them, by its looks.
    deletions: list[str] = field(default_factory=list)
    #: a deletion task is forgotten as soon as it has ended.
    forgets_deletions: bool = False
    #: how many reads do not show a role that IAM made just now.
    hidden_reads: int = 0
    #: IAM makes the roles too of which no document says that it does.
    makes_every_role: bool = False

    def reset(self) -> None:
        """Go back to the defaults."""
        self.__init__()  # type: ignore[misc]
