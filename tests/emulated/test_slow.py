"""IAM on its slow days, and its deletion tasks that go wrong.

AWS's word: the states of a deletion task, its `RoleUsageList`, and that a service may take minutes
to let go of a role. Our model: for how many reads a new role is hidden, how long a task takes, that
one is forgotten, and how often one fails.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import MediaTailorSessionLogging, catalogue
from tests.emulated.stacks import synthesized
from tests.emulated.verdict import broken, left
from tests.features.every_feature import playback_configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.emulated.emulator.journal import Entry
    from tests.emulated.stacks import Account, Template

_NAME = catalogue.MEDIATAILOR.role_name
_ROLE = "Custom::ServiceLinkedRole"
#: "wait for a few minutes", the documents say; for a role that has to go, as long as Lambda allows.
_A_FEW_MINUTES = range(240, 420)
_ALL_THE_TIME = range(780, 900)
_LET_GO = range(240)
#: more often than anybody asks within Lambda's time.
_ALWAYS = ["FAILED"] * 100

_CONFIGURATION = "arn:aws:mediatailor:{}:111122223333:playbackConfiguration/{}"
_USES = {
    "ap-south-1": [_CONFIGURATION.format("ap-south-1", "cricket")],
    "eu-west-1": [_CONFIGURATION.format("eu-west-1", each) for each in ("news", "sport")],
}
_IN_USE = "; ".join(f"{region}: {', '.join(arns)}" for region, arns in _USES.items())


@dataclass(frozen=True, slots=True)
class _Case:
    """What IAM does while a stack that holds a role is deleted.

    `why` is what a person reads if the role is still there then; `goes` tells whether it goes
    later, without anybody asking again.
    """

    behaviour: Mapping[str, Any]
    why: str | None = None
    uses: Mapping[str, list[str]] = field(default_factory=dict)
    goes: bool = False
    seconds: Mapping[str, range] = field(
        default_factory=lambda: {"WHEN_UNUSED": _A_FEW_MINUTES, "REQUIRE": _ALL_THE_TIME}
    )


_ENDS_WELL: dict[str, range] = {"WHEN_UNUSED": _LET_GO, "REQUIRE": _LET_GO}

_CASES = {
    "quick": _Case({"deletion_seconds": 0}, seconds=_ENDS_WELL),
    "in progress for three minutes": _Case({"deletion_seconds": 180}, seconds=_ENDS_WELL),
    "in progress to the end": _Case(
        {"deletion_seconds": 3000},
        "IAM is still deleting it",
        goes=True,
        # the task is followed as long as there is time: it may still be done
        seconds={"WHEN_UNUSED": _ALL_THE_TIME, "REQUIRE": _ALL_THE_TIME},
    ),
    "forgotten once it is done": _Case({"forgets_deletions": True}, seconds=_ENDS_WELL),
    "forgotten, and failed": _Case(
        {"forgets_deletions": True, "deletions": ["FAILED"]}, seconds=_ENDS_WELL
    ),
    "forgotten, and failed to the end": _Case(
        {"forgets_deletions": True, "deletions": _ALWAYS},
        "IAM forgot the deletion, and still shows the role",
    ),
    "failed twice": _Case({"deletions": ["FAILED", "FAILED"]}, seconds=_ENDS_WELL),
    "failed to the end": _Case(
        {"deletions": _ALWAYS},
        "IAM could not delete it: An internal error has occurred. Try again later.",
    ),
    "in use to the end": _Case({}, f"it is in use in {_IN_USE}", uses=_USES),
}


@functools.cache
def _synthesized() -> Template:
    return synthesized(
        lambda stack: MediaTailorSessionLogging(
            stack, "Logs", playback_configuration=playback_configuration(stack)
        )
    )


def _template(removal: str) -> Template:
    body = copy.deepcopy(dict(_synthesized().body))
    (role,) = (each for each in body["Resources"].values() if each["Type"] == _ROLE)
    role["Properties"]["Removal"] = removal
    return dataclasses.replace(_synthesized(), body=body)


def _set(account: Account, case: _Case) -> None:
    for name, value in case.behaviour.items():
        setattr(account.emulator.behaviour, name, copy.copy(value))
    for region, arns in case.uses.items():
        for arn in arns:
            account.emulator.features.add_use(account.id, _NAME, region, arn)


def _good_day(account: Account, case: _Case) -> None:
    account.emulator.reset()
    for region, arns in case.uses.items():
        for arn in arns:
            account.emulator.features.remove_use(account.id, _NAME, region, arn)


def _wait(account: Account, seconds: float) -> None:
    with account.emulator.standing_still() as actor:
        account.emulator.clock.sleep(actor, seconds)


def _answers(account: Account, request: str) -> list[Entry]:
    return [
        entry
        for entry in account.emulator.journal.of(account.id, "answer")
        if (entry.type, entry.action) == (_ROLE, request)
    ]


def _logged(account: Account) -> list[str]:
    """Return the reasons that the function's log gives for its answers about the role."""
    return [
        entry.details["line"]["reason"]
        for entry in account.emulator.journal.of(account.id, "log")
        if entry.type == _ROLE and entry.details["line"]["event"] == "answer"
    ]


def _story(account: Account) -> str:
    return "\n".join(map(str, account.emulator.journal.of(account.id, "call", "answer", "role")))


@pytest.mark.parametrize("removal", ["WHEN_UNUSED", "REQUIRE"])
@pytest.mark.parametrize("name", _CASES)
def test_a_deletion_that_goes_wrong_ends_and_is_explained(
    name: str, removal: str, account: Account, tally: Callable[..., None]
) -> None:
    """The role goes, or a person is told what holds it; the stack waits no longer than it says."""
    case = _CASES[name]
    template = _template(removal)
    assert account.deploy(template).well
    _set(account, case)
    ended = account.destroy(template)
    story = f"{ended}\n{_story(account)}"
    kept = case.why is not None

    answer = _answers(account, "Delete")[-1]
    assert answer.details["seconds"] in _Within(case.seconds[removal]), story
    assert account.emulator.roles.exists(account.id, _NAME) == kept, story
    if not kept:
        assert ended.well, story
        assert answer.details["reason"] == f"{_NAME} is deleted", story
    elif removal == "WHEN_UNUSED":
        # the stack goes all the same, and its function's log says why the role did not
        assert ended.status == "DELETE_COMPLETE", story
        assert _logged(account)[-1] == f"{_NAME} is kept: {case.why}", story
    else:
        # the event that the console and the command line show
        assert ended.status == "DELETE_FAILED", story
        said = f"{_NAME} is required to go with this stack, but {case.why}"
        assert any(reason.endswith(f": {said}") for reason in ended.reasons), story

    _good_day(account, case)
    if case.goes:
        _wait(account, case.behaviour["deletion_seconds"])
        assert not account.emulator.roles.exists(account.id, _NAME), story
    if not ended.well:
        assert account.destroy(template).well, _story(account)
    elif kept and not case.goes:
        # the next one that comes and goes takes it along
        assert account.deploy(template).well, _story(account)
        assert account.destroy(template).well, _story(account)
    assert broken(account.emulator.journal.of(account.id)) == [], _story(account)
    assert left(account) == [], _story(account)
    tally("slow", deletions=1, explained=int(kept), left_over=0)


class _Within:
    """A range that holds what lies between its numbers, too."""

    def __init__(self, numbers: range) -> None:
        self._numbers = numbers

    def __contains__(self, number: float) -> bool:
        return self._numbers.start <= number < self._numbers.stop

    def __repr__(self) -> str:
        return repr(self._numbers)


@pytest.mark.parametrize("hidden", [1, 2, 5, 12])
def test_a_role_that_is_not_visible_at_first_is_waited_for(
    hidden: int, account: Account, tally: Callable[..., None]
) -> None:
    """The feature comes once several reads in a row have shown the role."""
    account.emulator.behaviour.hidden_reads = hidden
    template = _template("WHEN_UNUSED")
    assert account.deploy(template).well, _story(account)
    assert account.destroy(template).well, _story(account)
    assert broken(account.emulator.journal.of(account.id)) == [], _story(account)
    assert left(account) == [], _story(account)
    tally("slow", slow_creations=1, left_over=0)


def test_a_role_that_stays_invisible_is_explained_and_found_later(
    account: Account, tally: Callable[..., None]
) -> None:
    """The stack rolls back with the reason; the next one knows the role for ours."""
    account.emulator.behaviour.hidden_reads = 10_000
    template = _template("WHEN_UNUSED")
    ended = account.deploy(template)
    assert ended.status == "ROLLBACK_COMPLETE", _story(account)
    said = f"IAM does not show {_NAME} steadily in account {account.id}"
    assert any(said in reason for reason in ended.reasons), ended
    assert account.destroy(template).well
    role = account.emulator.roles.role(account.id, _NAME)
    assert role is not None

    account.emulator.reset()
    role.hidden_reads = 0
    assert account.deploy(template).well, _story(account)
    assert account.destroy(template).well, _story(account)
    assert left(account) == [], _story(account)
    tally("slow", slow_creations=1, explained=1, left_over=0)
