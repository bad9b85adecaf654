"""A release: only allowed changes are made, and after any interruption it can continue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from slr_constructs.account.access import AccountError
from slr_constructs.account.changes import Change, Message, Outcome, Waiting
from slr_constructs.account.release import Allowed, Release
from slr_constructs.account.state import State
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    DELETION_LOCK_TAG,
    LEASE_TAG,
)
from tests.account import specimens
from tests.account.rehearsal import (
    ALL,
    LIVE,
    OLD,
    REGIONS,
    KillableProcess,
    Rehearsal,
    at_first,
    changes_something,
    changing,
    few_regions,
    let_time_pass,
)
from tests.fake_services import features
from tests.fake_services.connected import ACCOUNT
from tests.fake_services.wire import Call, Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from slr_constructs.account.restore import Restore
    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.world import World

    Rehearse = Callable[[RoleDefinition], Rehearsal]

MEDIATAILOR, IVS = catalogue.MEDIATAILOR, catalogue.IVS_RECORD_TO_S3
every_role = pytest.mark.parametrize(
    "definition", [pytest.param(each, id=each.role_name) for each in catalogue.ALL]
)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Advance the clock instead of sleeping, and limit services to two regions."""
    few_regions(monkeypatch)
    return let_time_pass(monkeypatch)


@pytest.fixture
def rehearse(world: World, tmp_path: Path) -> Rehearse:
    """Return a function that adds a role and all its usages to an account."""

    def prepare(definition: RoleDefinition) -> Rehearsal:
        rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
        rehearsed.fill()
        return rehearsed

    return prepare


@pytest.fixture
def account(world: World) -> FakeAccount:
    """Return the account."""
    return world.account(ACCOUNT)


def _messages(rehearsed: Rehearsal) -> list[str]:
    return [event.text for event in rehearsed.events if isinstance(event, Message)]


def _leases(rehearsed: Rehearsal) -> set[str]:
    """Return the names of the stacks that hold the role."""
    assert rehearsed.role is not None
    tags = rehearsed.role.tags.items()
    return {stack.split("/")[1] for key, stack in tags if key.startswith(LEASE_TAG)}


def _changes(rehearsed: Rehearsal) -> Release | Restore:
    assert rehearsed.running is not None
    return rehearsed.running


def _on(target: features.TargetResource) -> bool:
    return target.on or bool(target.data.get("recordingConfigurationArn"))


# the changes


@every_role
def test_all_usages_are_disabled_and_the_role_is_deleted(
    world: World, rehearse: Rehearse, definition: RoleDefinition
) -> None:
    """A resource that was disabled before is not changed."""
    rehearsed = rehearse(definition)
    before = rehearsed.picture()
    off = {each.arn: each.data for each in world.features._targets.values() if not _on(each)}
    assert rehearsed.release()
    assert rehearsed.role is None
    assert world.features.uses(ACCOUNT, definition.role_name) == {}
    now = {each.arn: each.data for each in world.features._targets.values()}
    assert bool(off) is bool(catalogue.resource_types_of(definition))
    assert off.items() <= now.items()
    after = rehearsed.picture()
    assert set(before) - set(after) - {"role"} == {
        name for name, data in before.items() if "destinationConfiguration" in data
    }
    assert _messages(rehearsed) == [
        f"the lease of {LIVE} was released although the stack exists",
        f"the lease of {OLD} was released",
        f"IAM is being asked to delete {definition.role_name}, which can take several minutes",
        f"{definition.role_name} is deleted",
    ]


def test_channels_precede_recording_configurations_and_the_role_is_last(
    world: World, rehearse: Rehearse
) -> None:
    """In the order of the AWS documentation: each stage starts after the previous one."""
    rehearsed = rehearse(IVS)
    world.calls.clear()
    assert rehearsed.release()
    assert [each for each in changing(world) if each not in {"TagRole", "UntagRole"}] == [
        "UpdateChannel",
        "UpdateChannel",
        "DeleteRecordingConfiguration",
        "DeleteRecordingConfiguration",
        "DeleteServiceLinkedRole",
    ]


def test_a_role_that_does_not_exist_is_not_deleted(world: World, rehearse: Rehearse) -> None:
    """Its usages are disabled anyway, and the state file has no role."""
    rehearsed = rehearse(MEDIATAILOR)
    del world.account(ACCOUNT).roles[MEDIATAILOR.role_name]
    assert rehearsed.release()
    assert _messages(rehearsed) == [f"{MEDIATAILOR.role_name} does not exist any more"]
    assert rehearsed.state().role is None
    assert len(rehearsed.state().disabled) == 4
    plan = rehearsed.plan()
    assert not plan.needed
    assert not plan.role_unreadable


def test_a_usage_that_ended_since_the_plan_is_not_changed(world: World, rehearse: Rehearse) -> None:
    """It is not recorded for a restore either."""
    rehearsed = rehearse(MEDIATAILOR)
    plan = rehearsed.plan()
    first, second, *_ = [
        each for each in world.features._targets.values() if each.kind is features.LINEAR_CHANNEL
    ]
    first.data = {**first.data, "LogConfiguration": {"LogTypes": []}}
    key = (second.kind, ACCOUNT, second.region, second.id)
    del world.features._targets[key]
    world.features.remove_use(ACCOUNT, MEDIATAILOR.role_name, first.region, first.arn)
    world.features.remove_use(ACCOUNT, MEDIATAILOR.role_name, second.region, second.arn)
    world.calls.clear()
    assert rehearsed.release(plan=plan)
    assert "ConfigureLogsForChannel" not in changing(world)
    assert not {first.arn, second.arn} & set(rehearsed.state().disabled)
    texts = [event.text for event in rehearsed.events if isinstance(event, Change)]
    assert f"{first.arn} is already disabled or deleted" in texts
    assert f"{second.arn} is already disabled or deleted" in texts


# what blocks a release


def test_a_plan_is_blocked_by_what_was_not_allowed(rehearse: Rehearse) -> None:
    """By active leases and recording configurations, not by the lease of a deleted stack."""
    rehearsed = rehearse(IVS)
    plan = rehearsed.plan(Allowed())
    assert [each.stack_name for each in plan.holders] == [LIVE]
    assert [each.stack_name for each in plan.leases] == [OLD]
    assert [each.kind.name for each in plan.undeletable] == ["IVS recording configuration"] * 2
    assert not plan.possible
    (holder,) = plan.holders
    for stack in (LIVE, holder.stack):
        plan = rehearsed.plan(Allowed(delete_recording_configurations=True, stacks=(stack,)))
        assert plan.possible
        assert plan.needed
        assert [each.stack_name for each in plan.leases] == [LIVE, OLD]
    assert not rehearsed.plan(Allowed(delete_recording_configurations=True)).possible
    assert not rehearsed.plan(Allowed(stacks=(LIVE,))).possible


def test_an_incomplete_audit_blocks_a_plan(account: FakeAccount, rehearse: Rehearse) -> None:
    """Unless this is allowed. A role that cannot be read does not count as deleted."""
    rehearsed = rehearse(MEDIATAILOR)
    account.denied.add(f"mediatailor:ListChannels@{REGIONS[1]}")
    assert not rehearsed.plan().possible
    incomplete = Allowed(stacks=(LIVE,), incomplete=True)
    assert rehearsed.plan(incomplete).possible
    assert not rehearsed.plan(incomplete).role_unreadable
    account.denied = {"iam:GetRole"}
    account.denied.add("mediatailor:ListPlaybackConfigurations")
    account.denied.add("mediatailor:ListChannels")
    plan = rehearsed.plan(Allowed(incomplete=True))
    assert plan.role_unreadable
    assert plan.needed
    with pytest.raises(AccountError, match=r"MediaTailor cannot be read: AccessDenied: "):
        rehearsed.release(plan=plan)


def _arrive(account: FakeAccount, definition: RoleDefinition) -> str:
    """Let a stack acquire a lease, as during its creation."""
    stack = account.add_stack("Arriving", REGIONS[0])
    role = account.roles[definition.role_name]
    role.tags = {**role.tags, f"{LEASE_TAG}cc": stack}
    return stack


def _arrived(account: FakeAccount) -> None:
    _arrive(account, MEDIATAILOR)


@every_role
def test_a_stack_that_arrives_before_the_first_change_stops_the_release(
    world: World, account: FakeAccount, rehearse: Rehearse, definition: RoleDefinition
) -> None:
    """The confirmation can take a long time."""
    rehearsed = rehearse(definition)
    plan = rehearsed.plan()
    _arrive(account, definition)
    before = rehearsed.picture()
    with pytest.raises(AccountError) as caught:
        rehearsed.release(plan=plan)
    assert str(caught.value) == (
        f"Arriving has acquired a lease on {definition.role_name} since the plan was made, so the"
        " role is not deleted"
    )
    assert rehearsed.picture() == before
    assert changing(world) == []
    assert not rehearsed.path.exists()


def test_a_stack_that_arrives_while_usages_are_disabled_stops_the_release(
    world: World, account: FakeAccount, rehearse: Rehearse
) -> None:
    """No lease is released, and IAM is not asked to delete the role."""
    rehearsed = rehearse(MEDIATAILOR)
    at_first(world, "ConfigureLogsForChannel", lambda _: _arrived(account))
    with pytest.raises(AccountError, match="Arriving has acquired a lease"):
        rehearsed.release()
    assert _leases(rehearsed) == {LIVE, OLD, "Arriving"}
    assert not {"UntagRole", "TagRole", "DeleteServiceLinkedRole"} & set(changing(world))
    assert rehearsed.state().role is None


def test_a_stack_that_arrives_with_the_deletion_lock_keeps_the_role(
    world: World, account: FakeAccount, rehearse: Rehearse
) -> None:
    """It acquires its lease while the lock is written: the role stays with all leases."""
    rehearsed = rehearse(MEDIATAILOR)
    arrived: list[str] = []

    def on_call(call: Call) -> None:
        keys = [each["Key"] for each in call.parameters.get("Tags", ())]
        if not arrived and call.operation == "TagRole" and keys[0].startswith(DELETION_LOCK_TAG):
            arrived.append(_arrive(account, MEDIATAILOR))

    world.on_call = on_call
    assert rehearsed.release() is False
    assert "DeleteServiceLinkedRole" not in changing(world)
    # the lease of the deleted stack stays released
    assert _leases(rehearsed) == {LIVE, "Arriving"}
    assert rehearsed.role is not None
    assert not [key for key in rehearsed.role.tags if key.startswith(DELETION_LOCK_TAG)]
    name = MEDIATAILOR.role_name
    assert _messages(rehearsed)[-3:] == [
        f"{name} still exists: these stacks have a lease on it: {arrived[0]}",
        f"{name} was not deleted: these stacks have a lease on it: {arrived[0]}",
        f"the lease of {LIVE} was restored",
    ]


# what stops a release


def test_the_deletion_of_a_role_in_use_is_retried_until_the_wait_ends(
    world: World, rehearse: Rehearse, waits: list[float]
) -> None:
    """The reason of IAM is reported each time. Then the leases are restored."""
    rehearsed = rehearse(MEDIATAILOR)
    world.features.add_use(ACCOUNT, MEDIATAILOR.role_name, "eu-west-1", "arn:something")
    assert rehearsed.release(wait=600) is False
    name = MEDIATAILOR.role_name
    texts = [each for each in _messages(rehearsed) if each.startswith(f"{name} still exists")]
    assert set(texts) == {f"{name} still exists: it is in use in eu-west-1: arn:something"}
    assert changing(world).count("DeleteServiceLinkedRole") == len(texts) > 10
    assert 500 < sum(waits) <= 600
    assert _messages(rehearsed)[-2:] == [
        f"{name} was not deleted: it is in use in eu-west-1: arn:something",
        f"the lease of {LIVE} was restored",
    ]
    assert _leases(rehearsed) == {LIVE}
    assert _changes(rehearsed).changes.remaining == []
    world.features.remove_use(ACCOUNT, name, "eu-west-1", "arn:something")
    assert rehearsed.release()


def test_a_deletion_that_fails_once_is_retried(account: FakeAccount, rehearse: Rehearse) -> None:
    """The reason of IAM is reported."""
    rehearsed = rehearse(MEDIATAILOR)
    usage = {"Region": "eu-west-1", "Resources": ["arn:one", "arn:two"]}
    account.failing_deletions = [{"Reason": "in use", "RoleUsageList": [usage]}]
    assert rehearsed.release()
    assert (
        f"{MEDIATAILOR.role_name} still exists: it is in use in eu-west-1: arn:one, arn:two"
        in _messages(rehearsed)
    )


@pytest.mark.parametrize("wait", [0, 30])
def test_iam_gets_at_least_a_minute(
    account: FakeAccount, rehearse: Rehearse, waits: list[float], wait: float
) -> None:
    """A deletion request and its result take some seconds."""
    account.in_use_polls = 10_000
    rehearsed = rehearse(MEDIATAILOR)
    assert rehearsed.release(wait=wait) is False
    assert 30 < sum(waits) <= 60
    assert "may still delete it: IAM is still deleting it" in _messages(rehearsed)[-2]
    assert _leases(rehearsed) == {LIVE}


def test_a_throttled_iam_is_reported(world: World, rehearse: Rehearse, waits: list[float]) -> None:
    """Without time for the next retry, the role stays, and its leases are restored."""
    rehearsed = rehearse(MEDIATAILOR)
    asked: list[str] = []

    def on_call(call: Call) -> None:
        if call.operation == "DeleteServiceLinkedRole":
            asked.append(call.operation)
            # as long as other clients use the limit
            waits.append(53)
            if len(asked) == 1:
                raise Refused("Throttling", "Rate exceeded", 400)

    world.on_call = on_call
    assert rehearsed.release(wait=0) is False
    assert _leases(rehearsed) == {LIVE}
    assert any("may still delete it: " in each for each in _messages(rehearsed))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        pytest.param(
            "AccessDenied",
            (
                "IAM does not show it (check the permissions and the service control policies):"
                " AccessDenied: not you"
            ),
            id="denied",
        ),
        pytest.param("InvalidInput", "InvalidInput: not you", id="refused"),
        pytest.param(None, "IAM did not finish in time", id="late"),
    ],
)
def test_leases_are_restored_if_iam_cannot_be_called(
    world: World, rehearse: Rehearse, waits: list[float], code: str | None, reason: str
) -> None:
    """For any reason."""
    rehearsed = rehearse(MEDIATAILOR)
    dropped: list[Call] = []

    def on_call(call: Call) -> None:
        if call.operation == "UntagRole":
            dropped.append(call)
        if call.operation == "GetRole" and len(dropped) == 2 and code is not None:
            raise Refused(code, "not you", 403)
        if call.operation == "TagRole" and code is None:
            # as long as the call takes
            waits.append(58)

    world.on_call = on_call
    assert rehearsed.release(wait=0) is False
    assert _messages(rehearsed)[-2:] == [
        f"{MEDIATAILOR.role_name} was not deleted: {reason}",
        f"the lease of {LIVE} was restored",
    ]
    assert _leases(rehearsed) == {LIVE}


def _actions(definition: RoleDefinition) -> list[str]:
    """Return the IAM actions of the changing calls of a release."""
    kinds: dict[str, list[str]] = {
        catalogue.CHIME_VOICE_CONNECTOR.role_name: [
            "chime:DeleteVoiceConnectorStreamingConfiguration"
        ],
        catalogue.CHIME_MESSAGING.role_name: ["chime:DeleteMessagingStreamingConfigurations"],
        IVS.role_name: ["ivs:UpdateChannel", "ivs:DeleteRecordingConfiguration"],
        MEDIATAILOR.role_name: [
            "mediatailor:ConfigureLogsForPlaybackConfiguration",
            "mediatailor:ConfigureLogsForChannel",
        ],
        catalogue.MEDIAPACKAGE.role_name: [
            "mediapackage:ConfigureLogs",
            "mediapackage-vod:ConfigureLogs",
        ],
    }
    return [
        *kinds.get(definition.role_name, ()),
        "iam:UntagRole",
        "iam:TagRole",
        "iam:DeleteServiceLinkedRole",
        "iam:GetServiceLinkedRoleDeletionStatus",
    ]


@pytest.mark.parametrize(
    ("definition", "action"),
    [
        pytest.param(definition, action, id=f"{definition.role_name} {action}")
        for definition in catalogue.ALL
        if definition is not catalogue.CHIME_MESSAGING_LEGACY
        for action in _actions(definition)
        # the IAM actions are the same for every role
        if definition is IVS or not action.startswith("iam:")
    ],
)
def test_a_denied_call_keeps_the_role_and_a_second_release_continues(
    account: FakeAccount, rehearse: Rehearse, definition: RoleDefinition, action: str
) -> None:
    """Other changes are made, the failure is reported, and everything can be restored."""
    rehearsed = rehearse(definition)
    before = rehearsed.picture()
    account.denied.add(action)
    try:
        deleted = rehearsed.release(wait=0)
    except AccountError as error:
        deleted = False
        texts = [str(error)]
    else:
        texts = [
            *_messages(rehearsed),
            *(each.text for each in _changes(rehearsed).changes.remaining),
        ]
    assert not deleted
    # also if IAM accepts the deletion but does not return its status
    assert any("AccessDenied" in each or "Forbidden" in each for each in texts), texts
    assert rehearsed.role is not None
    # without permission to release leases none is released; without permission to restore them, the
    if action == "iam:TagRole":
        assert any(
            "cannot be restored, so another stack may delete the role" in each for each in texts
        )
    else:
        assert LIVE in _leases(rehearsed)
    if not action.startswith("iam:"):
        left = _changes(rehearsed).changes.remaining
        assert {each.outcome for each in left} == {Outcome.FAILED}
        assert len(left) == len(REGIONS)
    account.denied.clear()
    assert rehearsed.release()
    assert definition.role_name not in account.roles
    assert rehearsed.restore()
    assert rehearsed.picture() == before


@every_role
def test_throttled_changes_are_retried(
    world: World, rehearse: Rehearse, definition: RoleDefinition
) -> None:
    """Each call is throttled twice, with the error code of its service."""
    rehearsed = rehearse(definition)
    refused: dict[str, int] = {}

    def on_call(call: Call) -> None:
        key = f"{call.service} {call.operation} {sorted(call.parameters.items())}"
        if changes_something(call) and refused.setdefault(key, 0) < 2:
            refused[key] += 1
            if call.service == "iam":
                raise Refused("Throttling", "Rate exceeded", 400)
            raise Refused("ThrottledClientException", "slowly", 429)

    world.on_call = on_call
    assert rehearsed.release()
    assert set(refused.values()) == {2}
    assert not [each for each in rehearsed.events if isinstance(each, Waiting)]


# busy resources


def _channels(world: World) -> list[features.TargetResource]:
    return [
        target
        for target in world.features._targets.values()
        if target.kind is features.IVS_CHANNEL and target.data["recordingConfigurationArn"]
    ]


def test_a_live_channel_is_retried_and_does_not_delay_others(
    world: World, rehearse: Rehearse, waits: list[float]
) -> None:
    """It is disabled when its stream ends. Then the other stages follow."""
    rehearsed = rehearse(IVS)
    live, other = _channels(world)
    world.features.live = {live.arn}
    states: list[tuple[str, str]] = []

    def on_call(call: Call) -> None:
        if call.operation == "UpdateChannel" and call.parameters["arn"] == live.arn:
            # all other resources are disabled before the second attempt
            states.append((other.data["recordingConfigurationArn"], live.arn))
            if len(states) == 4:
                world.features.live.clear()

    world.on_call = on_call
    assert rehearsed.release()
    assert len(states) == 4
    assert {pointer for pointer, _ in states[1:]} == {""}
    pauses = [event for event in rehearsed.events if isinstance(event, Waiting)]
    assert [event.seconds for event in pauses] == waits[:3] == [5, 7.5, 11.25]
    assert {event.reason for event in pauses} == {"1 resource is busy"}
    assert rehearsed.role is None


def test_a_channel_that_stays_live_keeps_recording_configurations_and_the_role(
    world: World, rehearse: Rehearse, waits: list[float]
) -> None:
    """Everything that can be disabled is disabled, and nothing is deleted."""
    rehearsed = rehearse(IVS)
    live, other = _channels(world)
    world.features.live = {live.arn}
    assert rehearsed.release(wait=60) is False
    assert other.data["recordingConfigurationArn"] == ""
    assert live.data["recordingConfigurationArn"] != ""
    assert sum(waits) <= 60
    changes = _changes(rehearsed).changes
    assert [(each.target.arn, each.outcome) for each in changes.remaining] == [
        (live.arn, Outcome.BUSY)
    ]
    assert "live" in changes.remaining[0].text
    assert not {"DeleteRecordingConfiguration", "UntagRole", "TagRole"} & set(changing(world))
    assert _leases(rehearsed) == {LIVE, OLD}
    world.features.live.clear()
    assert rehearsed.release(wait=60)


# interruptions


class _Interrupted(BaseException):
    """The exception of a signal, in any thread."""


@pytest.mark.parametrize(
    "operation",
    ["UntagRole", "DeleteServiceLinkedRole", "GetServiceLinkedRoleDeletionStatus"],
)
@pytest.mark.parametrize("error", [KeyboardInterrupt, _Interrupted])
def test_leases_are_restored_after_any_interruption(
    world: World, rehearse: Rehearse, operation: str, error: type[BaseException]
) -> None:
    """Those of existing stacks. Leases of deleted stacks have no effect."""
    rehearsed = rehearse(MEDIATAILOR)

    def stop(_: Call) -> None:
        raise error

    at_first(world, operation, stop)
    with pytest.raises(error):
        rehearsed.release()
    assert LIVE in _leases(rehearsed)
    assert _messages(rehearsed)[-1] == f"the lease of {LIVE} was restored"
    assert rehearsed.release()


def test_leases_are_restored_one_by_one(
    world: World, account: FakeAccount, rehearse: Rehearse
) -> None:
    """A lease that IAM refuses does not stop the others. Its consequence is reported."""
    rehearsed = rehearse(MEDIATAILOR)
    _arrive(account, MEDIATAILOR)
    allowed = Allowed(stacks=(LIVE, "Arriving"))
    denied: list[str] = []

    def on_call(call: Call) -> None:
        if call.operation == "DeleteServiceLinkedRole":
            raise Refused("AccessDenied", "not you", 403)
        tags = call.parameters.get("Tags", ())
        if any(each["Key"] == f"{LEASE_TAG}cc" for each in tags):
            denied.append(call.operation)
            raise Refused("AccessDenied", "nor that", 403)

    world.on_call = on_call
    assert rehearsed.release(allowed) is False
    assert denied
    assert _leases(rehearsed) == {LIVE}
    assert sorted(_messages(rehearsed)[-2:]) == [
        (
            f"the lease of Arriving on {MEDIATAILOR.role_name} cannot be restored, so another stack"
            " may delete the role although Arriving needs it: AccessDenied: nor that"
        ),
        f"the lease of {LIVE} was restored",
    ]


def test_leases_are_restored_even_if_the_role_cannot_be_read(
    world: World, account: FakeAccount, rehearse: Rehearse
) -> None:
    """The role may exist."""
    rehearsed = rehearse(MEDIATAILOR)

    def deny(_: Call) -> None:
        account.denied |= {"iam:DeleteServiceLinkedRole", "iam:ListRolePolicies"}

    at_first(world, "DeleteServiceLinkedRole", deny)
    assert rehearsed.release() is False
    assert _leases(rehearsed) == {LIVE}


def test_no_lease_is_restored_on_a_deleted_role(
    world: World, account: FakeAccount, rehearse: Rehearse
) -> None:
    """The interruption comes after IAM deleted the role and before it returned the status."""
    rehearsed = rehearse(MEDIATAILOR)

    def stop(_: Call) -> None:
        del account.roles[MEDIATAILOR.role_name]
        raise KeyboardInterrupt

    at_first(world, "GetServiceLinkedRoleDeletionStatus", stop)
    with pytest.raises(KeyboardInterrupt):
        rehearsed.release()
    assert rehearsed.role is None
    world.calls.clear()
    plan = rehearsed.plan()
    assert not plan.needed
    assert rehearsed.restore()
    assert _leases(rehearsed) == {LIVE}


# interruption at any call


def _end(rehearsed: Rehearsal, before: dict[str, Any]) -> None:
    """Release again, which must succeed, and restore: the state is as before."""
    if rehearsed.plan().needed:
        assert rehearsed.release(), rehearsed.events
    assert rehearsed.role is None
    if not rehearsed.path.exists():
        return
    restored = rehearsed.restore()
    after = rehearsed.picture()
    if rehearsed.definition is catalogue.CHIME_MESSAGING_LEGACY:
        assert not restored
        after["role"] = before["role"]
    else:
        assert restored, rehearsed.events
    assert after == before


@pytest.mark.parametrize(
    ("definition", "carried_out"),
    [
        # roles with two stages, with two kinds, with settings that take a second call, and one that
        # cannot be created again. A call without a response leaves more behind than no call
        pytest.param(IVS, False, id="recording, unasked", marks=pytest.mark.exhaustive),
        pytest.param(IVS, True, id="recording, unheard"),
        pytest.param(MEDIATAILOR, True, id="logging, unheard", marks=pytest.mark.exhaustive),
        pytest.param(
            catalogue.CHIME_MESSAGING, True, id="messaging, unheard", marks=pytest.mark.exhaustive
        ),
        pytest.param(
            catalogue.CHIME_MESSAGING_LEGACY,
            True,
            id="older messaging, unheard",
            marks=pytest.mark.exhaustive,
        ),
    ],
)
def test_a_release_that_was_killed_at_any_call_can_continue(
    world: World,
    tmp_path: Path,
    definition: RoleDefinition,
    monkeypatch: pytest.MonkeyPatch,
    *,
    carried_out: bool,
) -> None:
    """A second release with the same file deletes the role, and a restore restores everything.

    Dying means that no other call is answered either. With every number of calls that were, and
    with the last one carried out, but not heard of.
    """
    few_regions(monkeypatch, REGIONS[0])
    process = KillableProcess(world)
    rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
    number = 0
    while True:
        number += 1
        before = rehearsed.fill(regions=REGIONS[:1])
        plan = rehearsed.plan()
        process.kill_at(number, carried_out=carried_out)
        try:
            rehearsed.release(plan=plan)
        except BaseException:  # noqa: BLE001 - whatever it is that dying looks like
            killed = process.revive()
            assert killed
            if carried_out and not process.changed:
                # this is the same as a call that was not made
                continue
        else:
            process.revive()
            break
        _end(rehearsed, before)
    assert number > 15
    _end(rehearsed, before)


def test_hundreds_of_usages_are_disabled_eight_at_a_time(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is listed once, read once and changed once, in any number of regions."""
    regions = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1")
    few_regions(monkeypatch, *regions)
    world.account(ACCOUNT).add_role(MEDIATAILOR)
    for number in range(400):
        specimen = (specimens.PLAYBACK_CONFIGURATION, specimens.LINEAR_CHANNEL)[number % 2]
        specimen.add(world, number, region=regions[number % len(regions)])
    rehearsed = Rehearsal(world, MEDIATAILOR, tmp_path / "state.jsonl")
    plan = rehearsed.plan()
    assert len(plan.report.usages) == 400
    world.calls.clear()
    world.most_at_once = 0
    world.latency = 0.0005
    assert rehearsed.release(plan=plan)
    assert 1 < world.most_at_once <= 8
    calls = [call.operation for call in world.calls if call.service == "mediatailor"]
    assert {each: calls.count(each) for each in set(calls)} == {
        "GetPlaybackConfiguration": 200,
        "ConfigureLogsForPlaybackConfiguration": 200,
        "DescribeChannel": 200,
        "ConfigureLogsForChannel": 200,
    }
    assert len(State.read(rehearsed.path).disabled) == 400
    world.calls.clear()
    world.most_at_once = 0
    assert rehearsed.restore()
    assert world.most_at_once <= 8
    assert len(world.calls) < 2020
    assert sum(map(len, world.features.uses(ACCOUNT, MEDIATAILOR.role_name).values())) == 400


def test_nothing_is_allowed_by_default() -> None:
    """Every exception must be explicit."""
    assert Allowed() == Allowed(delete_recording_configurations=False, stacks=(), incomplete=False)
    assert Allowed() != ALL


def test_streaming_stays_enabled_if_the_successor_of_the_role_exists(
    world: World, tmp_path: Path, waits: list[float]
) -> None:
    """It is unknown which of the two roles is used, and the documentation has only one."""
    rehearsed = Rehearsal(world, catalogue.CHIME_MESSAGING_LEGACY, tmp_path / "state.jsonl")
    rehearsed.fill()
    world.account(ACCOUNT).add_role(catalogue.CHIME_MESSAGING)
    before = features_on(world)

    plan = rehearsed.plan()

    assert plan.successor is not None
    assert [*plan.stages] == [[], []]
    assert rehearsed.release(), rehearsed.events
    assert rehearsed.role is None
    assert features_on(world) == before != []
    assert sum(waits) < 60


def features_on(world: World) -> list[str]:
    """Return the ARNs of the streamed app instances."""
    used = world.features.uses(ACCOUNT, catalogue.CHIME_MESSAGING.role_name)
    return [arn for arns in used.values() for arn in arns]
