"""Operations that fail while their runs still work, in a model of CloudFormation without a server.

`tests/handler/rollbacks.py` describes the model. It runs the function's code in this process, so
hundreds of seeds take seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.handler.rollbacks import Rollback

if TYPE_CHECKING:
    from collections.abc import Callable

_SEEDS = 1000
_SEEDS_A_TEST = 100


@pytest.mark.parametrize("first", range(0, _SEEDS, _SEEDS_A_TEST))
def test_a_failed_operation_leaves_nothing(first: int, tally: Callable[..., None]) -> None:
    """No lease, no role of slr-constructs, and no feature; an update leaves its old target."""
    for number in range(first, first + _SEEDS_A_TEST):
        rollback = Rollback(number)
        try:
            rollback.play()
        except AssertionError as error:
            raise AssertionError(f"seed {number}: {error}") from error
        counts = rollback.counts
        tally(
            "rollbacks",
            seeds=1,
            cancelled=counts.cancelled,
            events_late=counts.late,
            events_delivered_twice=counts.delivered_twice,
            delayed_reads=bool(rollback.world.account.delay_seconds),
            left_over=0,
        )
