"""IAM is slow, and its deletion tasks fail.

Documented by AWS: the states of a deletion task, its `RoleUsageList`, and that a service may take
minutes to stop using a role. Our model: how many reads do not show a new role, the duration of a
task, that IAM forgets a task, and how often a task fails.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import MediaTailorSessionLogging, catalogue
from slr_constructs.handler.slr_handler.operations.service_linked_role import KEPT_TAG
from tests.emulated.stacks import synthesized
from tests.emulated.verdict import broken, left
from tests.features.every_feature import playback_configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.emulated.journal import Entry
    from tests.emulated.stacks import Account, Template

_NAME = catalogue.MEDIATAILOR.role_name
_ROLE = "Custom::ServiceLinkedRole"
#: AWS's documentation says "wait for a few minutes"; with a required removal, the function waits as
#: long as Lambda allows.
_A_FEW_MINUTES = range(240, 420)
_ALL_THE_TIME = range(780, 900)
_UNTIL_UNUSED = range(240)
#: more often than the function can retry within Lambda's timeout.
_ALWAYS = ["FAILED"] * 100

_CONFIGURATION = "arn:aws:mediatailor:{}:111122223333:playbackConfiguration/{}"
#: so much of each reason has only characters that IAM accepts in tags.
_READABLE = 24
_USES = {
    "ap-south-1": [_CONFIGURATION.format("ap-south-1", "cricket")],
    "eu-west-1": [_CONFIGURATION.format("eu-west-1", each) for each in ("news", "sport")],
}
_IN_USE = "; ".join(f"{region}: {', '.join(arns)}" for region, arns in _USES.items())


@dataclass(frozen=True, slots=True)
class _Case:
    """IAM's behaviour while a stack with a lease on a role is deleted.

    `why` is the reported reason if the role still exists afterwards; `deleted_later` is whether IAM
    deletes the role later without another request.
    """

    behaviour: Mapping[str, Any]
    why: str | None = None
    uses: Mapping[str, list[str]] = field(default_factory=dict)
    deleted_later: bool = False
    seconds: Mapping[str, range] = field(
        default_factory=lambda: {"WHEN_UNUSED": _A_FEW_MINUTES, "REQUIRE": _ALL_THE_TIME}
    )


_SUCCEEDS: dict[str, range] = {"WHEN_UNUSED": _UNTIL_UNUSED, "REQUIRE": _UNTIL_UNUSED}

_CASES = {
    "quick": _Case({"deletion_seconds": 0}, seconds=_SUCCEEDS),
    "in progress for three minutes": _Case({"deletion_seconds": 180}, seconds=_SUCCEEDS),
    "in progress to the end": _Case(
        {"deletion_seconds": 3000},
        "IAM is still deleting it",
        deleted_later=True,
    ),
    "forgotten after it succeeded": _Case({"forgets_deletions": True}, seconds=_SUCCEEDS),
    "forgotten, and failed": _Case(
        {"forgets_deletions": True, "deletions": ["FAILED"]}, seconds=_SUCCEEDS
    ),
    "forgotten, and failed to the end": _Case(
        {"forgets_deletions": True, "deletions": _ALWAYS, "deletion_seconds": 0},
        "IAM no longer knows the deletion task, but still returns the role",
    ),
    "failed twice": _Case({"deletions": ["FAILED", "FAILED"]}, seconds=_SUCCEEDS),
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


def _reset(account: Account, case: _Case) -> None:
    account.emulator.reset()
    for region, arns in case.uses.items():
        for arn in arns:
            account.emulator.features.remove_use(account.id, _NAME, region, arn)


def _wait(account: Account, seconds: float) -> None:
    with account.emulator.paused() as actor:
        account.emulator.clock.sleep(actor, seconds)


def _responses(account: Account, request: str) -> list[Entry]:
    return [
        entry
        for entry in account.emulator.journal.of(account.id, "response")
        if (entry.type, entry.action) == (_ROLE, request)
    ]


def _logged(account: Account) -> list[str]:
    """Return the reasons in the function's log of its responses about the role."""
    return [
        entry.details["line"]["reason"]
        for entry in account.emulator.journal.of(account.id, "log")
        if entry.type == _ROLE and entry.details["line"]["event"] == "response"
    ]


def _story(account: Account) -> str:
    return "\n".join(map(str, account.emulator.journal.of(account.id, "call", "response", "role")))


@pytest.mark.parametrize("removal", ["WHEN_UNUSED", "REQUIRE"])
@pytest.mark.parametrize("name", _CASES)
def test_a_deletion_that_fails_ends_and_is_explained(
    name: str, removal: str, account: Account, tally: Callable[..., None]
) -> None:
    """The role is deleted, or the reason is reported; the stack waits no longer than documented."""
    case = _CASES[name]
    template = _template(removal)
    assert account.deploy(template).succeeded
    _set(account, case)
    ended = account.destroy(template)
    story = f"{ended}\n{_story(account)}"
    kept, why = case.why is not None, case.why or ""

    response = _responses(account, "Delete")[-1]
    assert response.details["seconds"] in _Within(case.seconds[removal]), story
    assert account.emulator.roles.exists(account.id, _NAME) == kept, story
    if not kept:
        assert ended.succeeded, story
        assert response.details["reason"] == f"{_NAME} is deleted", story
    elif removal == "WHEN_UNUSED":
        # the stack is deleted nevertheless, and its function's log explains why the role was not
        assert ended.status == "DELETE_COMPLETE", story
        logged = (
            f"{_NAME} is not deleted yet: {case.why}. The stack does not wait longer. If that"
            " deletion fails, the role stays"
            if case.deleted_later
            else f"{_NAME} is kept: {case.why}"
        )
        assert _logged(account)[-1] == logged, story
        # and so does the role, after the log was deleted with the stack
        noted = account.emulator.roles.tags(account.id, _NAME)[KEPT_TAG].partition(": ")[2]
        assert noted.startswith(why[:_READABLE]), story
    else:
        # the console and the command line show this event
        assert ended.status == "DELETE_FAILED", story
        text = f"{_NAME} must be deleted with this stack, but {case.why}"
        assert any(reason.endswith(f": {text}") for reason in ended.reasons), story

    _reset(account, case)
    if case.deleted_later:
        _wait(account, case.behaviour["deletion_seconds"])
        assert not account.emulator.roles.exists(account.id, _NAME), story
    if not ended.succeeded:
        assert account.destroy(template).succeeded, _story(account)
    elif kept and not case.deleted_later:
        # the next stack deletes the role
        assert account.deploy(template).succeeded, _story(account)
        assert account.destroy(template).succeeded, _story(account)
    assert broken(account.emulator.journal.of(account.id)) == [], _story(account)
    assert left(account) == [], _story(account)
    tally("slow", deletions=1, explained=int(kept), left_over=0)


class _Within:
    """A range that contains fractions too."""

    def __init__(self, numbers: range) -> None:
        self._numbers = numbers

    def __contains__(self, number: float) -> bool:
        return self._numbers.start <= number < self._numbers.stop

    def __repr__(self) -> str:
        return repr(self._numbers)


@pytest.mark.parametrize("hidden", [1, 2, 5, 12])
def test_the_function_waits_for_a_role_that_is_not_visible_at_first(
    hidden: int, account: Account, tally: Callable[..., None]
) -> None:
    """The feature is created after several consecutive reads have returned the role."""
    account.emulator.behaviour.hidden_reads = hidden
    template = _template("WHEN_UNUSED")
    assert account.deploy(template).succeeded, _story(account)
    assert account.destroy(template).succeeded, _story(account)
    assert broken(account.emulator.journal.of(account.id)) == [], _story(account)
    assert left(account) == [], _story(account)
    tally("slow", slow_creations=1, left_over=0)


def test_a_role_that_stays_invisible_is_reported_and_found_later(
    account: Account, tally: Callable[..., None]
) -> None:
    """The stack rolls back with the reason; the next stack recognizes the role as ours."""
    account.emulator.behaviour.hidden_reads = 10_000
    template = _template("WHEN_UNUSED")
    ended = account.deploy(template)
    assert ended.status == "ROLLBACK_COMPLETE", _story(account)
    text = f"IAM does not return {_NAME} consistently in account {account.id}"
    assert any(text in reason for reason in ended.reasons), ended
    assert account.destroy(template).succeeded
    role = account.emulator.roles.role(account.id, _NAME)
    assert role is not None

    account.emulator.reset()
    role.hidden_reads = 0
    assert account.deploy(template).succeeded, _story(account)
    assert account.destroy(template).succeeded, _story(account)
    assert left(account) == [], _story(account)
    tally("slow", slow_creations=1, explained=1, left_over=0)
