"""The experiments of `make probe-aws`, on the emulator: both answers, and the clean-up.

The answers are those of the emulator, and say nothing about AWS.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import signal
from typing import TYPE_CHECKING

import pytest

from slr_constructs.account.interruption import signals_interrupt
from tests.emulated.sandboxes import opened
from tests.emulated.verdict import left
from tests.emulated.worlds import PLAYED
from tests.fake_services.wire import Refused
from tests.integ.experiments import ALL
from tests.integ.experiments.owners import VOICE_CONNECTOR
from tests.integ.probe import problems, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.emulated.emulator.server import Emulator
    from tests.emulated.stacks import Account
    from tests.fake_services.wire import Call
    from tests.integ.bench import Bench
    from tests.integ.experiment import Experiment
    from tests.integ.probe import Found

#: the clean-up of a role that IAM creates for a principal that has none.
_NOT_PLAYED = {
    "unknown-principal": {
        "iam:DeleteServiceLinkedRole",
        "iam:GetServiceLinkedRoleDeletionStatus",
    }
}
_CALL = re.compile(r"([a-z-]+:[A-Z]\w+): ")


def _ask(account: Account, experiment: Experiment) -> tuple[Found, list[str]]:
    """Run an experiment, and return what it found and why the run failed."""
    with opened(account) as sandbox:
        result = run(sandbox, [experiment], lambda _line: None)
    assert result.emulated
    return result.answers[experiment.id], problems(result, [experiment])


@pytest.mark.parametrize("experiment", ALL, ids=[each.id for each in ALL])
def test_an_experiment_notices_both_answers_and_cleans_up(
    experiment: Experiment,
    emulator: Emulator,
    new_account: Callable[[], Account],
    tally: Callable[..., None],
) -> None:
    """Only an answer that contradicts the catalogue fails the run, and it makes all its calls."""
    played = PLAYED[experiment.id]
    first, second = (each.id for each in experiment.answers)
    called: set[str] = set()
    for wanted in (played.answer, second if played.answer == first else first):
        emulator.reset()
        account = new_account()
        if wanted != played.answer:
            played.opposite(account)
        before = left(account)

        found, failures = _ask(account, experiment)

        assert (found.problem, found.answer) == ("", wanted), found.evidence
        stays = played.role_stays and wanted == "keeps"
        contradicted = experiment.answer(wanted).contradicts
        assert [bool(found.left), len(failures)] == [stays, bool(contradicted) + stays]
        assert all(contradicted in each for each in failures[:1])
        assert stays or left(account) == before
        assert account.id not in str(found.evidence)
        called |= {match[1] for match in map(_CALL.match, found.evidence) if match}
    assert {*experiment.calls} - called == _NOT_PLAYED.get(experiment.id, set())
    tally("probes", answers=2)


def test_every_experiment_is_played() -> None:
    """The emulator has a world for each experiment."""
    assert {*PLAYED} == {each.id for each in ALL}


@pytest.mark.parametrize(
    ("name", "first"),
    [
        # the first waits are for a stack, and the next ones for permissions
        *(("messaging-key", first) for first in (0, 1, 5, 20)),
        # these waits are for the deletion of a role
        *(("voice-disabled", first) for first in (0, 1)),
    ],
)
def test_a_signal_stops_an_experiment_only_after_its_clean_up(
    name: str, first: int, account: Account, tally: Callable[..., None]
) -> None:
    """Whenever it waits, SIGTERM ends it; further signals do not stop the clean-up."""
    (experiment,) = (each for each in ALL if each.id == name)
    if name == "messaging-key":
        PLAYED[name].opposite(account)
    before = left(account)
    reported: list[str] = []
    with (
        opened(account, on_sleep=_signals(first)) as sandbox,
        signals_interrupt(),
        pytest.raises(KeyboardInterrupt),
    ):
        run(sandbox, [experiment], reported.append)
    assert [each for each in reported if "left" in each] == []
    assert left(account) == before
    tally("probes", interruptions=1)


def _signals(first: int) -> Callable[[], None]:
    """Return a function that sends a signal at a call, and at each later one."""
    count = itertools.count()
    return lambda: signal.raise_signal(signal.SIGTERM) if next(count) >= first else None


def test_an_unexpected_error_is_raised_after_the_clean_up(account: Account) -> None:
    """A defect of an experiment does not leave resources."""
    before = left(account)

    def ask(bench: Bench) -> str:
        VOICE_CONNECTOR.enable(bench, VOICE_CONNECTOR.add(bench))
        raise ZeroDivisionError

    experiment = dataclasses.replace(ALL[0], calls=VOICE_CONNECTOR.calls, ask=ask)
    account.emulator.roles.make(account.id, VOICE_CONNECTOR.role)
    with opened(account) as sandbox, pytest.raises(ZeroDivisionError):
        run(sandbox, [experiment], lambda _line: None)
    account.emulator.roles.delete(account.id, VOICE_CONNECTOR.role.role_name)
    assert left(account) == before


def test_a_refused_call_is_a_missing_answer(account: Account) -> None:
    """The run names the experiment and the error, and goes on."""
    account.emulator.behaviour.acts_for = _refuse
    experiments = [each for each in ALL if each.id in {"voice-put", "ivs-role"}]
    with opened(account) as sandbox:
        result = run(sandbox, experiments, lambda _line: None)
    assert problems(result, experiments) == [
        "voice-put: no answer: ForbiddenException: not in this account"
    ]


def _refuse(_access_key: str, call: Call) -> None:
    if call.operation == "CreateVoiceConnector":
        raise Refused("ForbiddenException", "not in this account", 403)
