"""Creation and teardown under many of the orders that the templates allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.emulated.verdict import broken, left

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.emulated.stacks import Account, Template

_SEEDS = 24


@pytest.mark.parametrize("seed", range(_SEEDS))
def test_every_order_that_the_sample_app_allows_works(
    seed: int, account: Account, sample_app: Mapping[str, Template], tally: Callable[..., None]
) -> None:
    """Roles exist before features, clean-up precedes the deletion of owners, roles are last."""
    behaviour = account.emulator.behaviour
    behaviour.order_seed = str(seed)
    behaviour.creates_every_role = True
    stacks = list(sample_app.values())

    with account.emulator.paused():
        begun = [account.begin_deploy(stack) for stack in stacks]
    assert [each.end().status for each in begun] == ["CREATE_COMPLETE"] * len(stacks)
    assert len(account.emulator.roles.of(account.id)) == 5
    # not the reverse of the creation order: AWS, too, allows several orders
    behaviour.order_seed = f"{seed} back"
    with account.emulator.paused():
        begun = [account.begin_destroy(stack) for stack in reversed(stacks)]
    assert [each.end().status for each in begun] == ["DELETE_COMPLETE"] * len(stacks)

    assert broken(account.emulator.journal.of(account.id)) == []
    left_over = left(account)
    assert left_over == []
    tally("orders", seeds=1, stacks_deployed_and_destroyed=len(stacks), left_over=len(left_over))
