"""The experiments of `make probe-aws`, on the emulator: both answers, and the clean-up.

The answers are those of the emulator, and say nothing about AWS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.emulated.sandboxes import opened
from tests.emulated.verdict import left
from tests.emulated.worlds import PLAYED
from tests.integ.experiments import ALL
from tests.integ.probe import problems, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.emulated.stacks import Account
    from tests.integ.experiment import Experiment
    from tests.integ.probe import Found

_each = pytest.mark.parametrize("experiment", ALL, ids=[each.id for each in ALL])


def _ask(account: Account, experiment: Experiment) -> tuple[Found, list[str]]:
    """Run an experiment, and return what it found and why the run failed."""
    with opened(account) as sandbox:
        result = run(sandbox, [experiment], lambda _line: None)
    assert result.emulated
    return result.answers[experiment.id], problems(result, [experiment])


@_each
@pytest.mark.parametrize("world", ["model", "opposite"])
def test_an_experiment_notices_both_answers_and_cleans_up(
    experiment: Experiment, world: str, account: Account, tally: Callable[..., None]
) -> None:
    """An answer that contradicts the catalogue fails the run; nothing else does, or is left."""
    played = PLAYED[experiment.id]
    first, second = (each.id for each in experiment.answers)
    wanted = played.answer
    if world == "opposite":
        wanted = second if wanted == first else first
        played.opposite(account)
    before = left(account)

    found, failures = _ask(account, experiment)

    assert (found.problem, found.answer) == ("", wanted), found.evidence
    stays = played.role_stays and wanted == "keeps"
    assert [bool(found.left), len(failures)] == [
        stays,
        bool(experiment.answer(wanted).contradicts) + stays,
    ]
    assert stays or left(account) == before
    tally("probes", answers=1)


def test_every_experiment_is_played() -> None:
    """The emulator has a world for each experiment."""
    assert {*PLAYED} == {each.id for each in ALL}
