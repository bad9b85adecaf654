"""Changes to many things: side by side, again while they are busy, and told of as they happen."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from slr_constructs.account.access import CALL_ERRORS, reason
from slr_constructs.account.side_by_side import Done, side_by_side
from slr_constructs.handler.slr_handler.run import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slr_constructs.account.side_by_side import Job
    from slr_constructs.account.uses.kind import Thing

#: changes are throttled sooner than reads.
_AT_ONCE = 8
_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 60.0


class Outcome(Enum):
    """What became of a change."""

    DONE = "done"
    BUSY = "busy"
    """It may be possible later: a live channel, say."""

    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to a thing, or why it was not."""

    thing: Thing
    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing can be done for some seconds; `why` tells what for."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class Said:
    """What happened to the role."""

    text: str


Event: TypeAlias = Change | Waiting | Said
Tell: TypeAlias = "Callable[[Event], None]"


@dataclass(slots=True)
class Changes:
    """What there was to change, and what has become of it so far."""

    #: ARNs of what was begun, and nobody has heard how it ended.
    under_way: set[str] = field(default_factory=set)
    done: list[Change] = field(default_factory=list)
    left: list[Change] = field(default_factory=list)

    def make(
        self,
        things: Sequence[Thing],
        change: Callable[[Thing], str],
        *,
        wait_seconds: float,
        tell: Tell,
    ) -> bool:
        """Change each of the things, and tell whether all were.

        What is busy is tried again, after growing pauses.

        Args:
            things: What is to be changed.

            change: Changes one, and returns what it did. A `RefusedError` says that it is busy.

            wait_seconds: For how long what is busy is waited for.

            tell: Is told of every change, and of every wait.
        """
        pause = _FIRST_PAUSE
        waited = 0.0
        while True:
            busy: list[Change] = []
            failed: list[Change] = []
            jobs = [self._job(thing, change) for thing in things]
            for made in side_by_side(jobs, at_once=_AT_ONCE):
                sorts = {Outcome.DONE: self.done, Outcome.BUSY: busy, Outcome.FAILED: failed}
                sorts[made.outcome].append(made)
                self.under_way.discard(made.thing.arn)
                tell(made)
            self.left += failed
            if not busy or waited + pause > wait_seconds:
                self.left += busy
                return not busy and not failed
            tell(Waiting(pause, f"{len(busy)} busy"))
            time.sleep(pause)
            waited += pause
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            things = [each.thing for each in busy]

    def _job(self, thing: Thing, change: Callable[[Thing], str]) -> Job[Change]:
        def make() -> Done[Change]:
            self.under_way.add(thing.arn)
            try:
                made = Change(thing, Outcome.DONE, change(thing))
            except RefusedError as error:
                made = Change(thing, Outcome.BUSY, str(error))
            except CALL_ERRORS as error:
                made = Change(thing, Outcome.FAILED, reason(error))
            return Done([made])

        return make
