"""A release: nothing is touched that must not be, and wherever it stops, it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from slr_constructs.account.access import AccountError
from slr_constructs.account.changing import Change, Outcome, Said, Waiting
from slr_constructs.account.release import Allowed, Release
from slr_constructs.account.state import State
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CLOSING_TAG,
    LEASE_TAG,
)
from tests.account import specimens
from tests.account.rehearsal import (
    ALL,
    LIVE,
    OLD,
    REGIONS,
    Mortal,
    Rehearsal,
    at_first,
    changes_something,
    changing,
    few_regions,
    finish_threads,
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
    """Let time pass, and have two regions."""
    few_regions(monkeypatch)
    return let_time_pass(monkeypatch)


@pytest.fixture
def rehearse(world: World, tmp_path: Path) -> Rehearse:
    """Return what fills an account with a role and all that uses it."""

    def made(definition: RoleDefinition) -> Rehearsal:
        rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
        rehearsed.fill()
        return rehearsed

    return made


@pytest.fixture
def account(world: World) -> FakeAccount:
    """Return the account."""
    return world.account(ACCOUNT)


def _said(rehearsed: Rehearsal) -> list[str]:
    return [event.text for event in rehearsed.told if isinstance(event, Said)]


def _leases(rehearsed: Rehearsal) -> set[str]:
    """Return the names of the stacks that hold the role."""
    assert rehearsed.role is not None
    tags = rehearsed.role.tags.items()
    return {stack.split("/")[1] for key, stack in tags if key.startswith(LEASE_TAG)}


def _changes(rehearsed: Rehearsal) -> Release | Restore:
    assert rehearsed.going_on is not None
    return rehearsed.going_on


def _on(thing: features.Thing) -> bool:
    return thing.on or bool(thing.data.get("recordingConfigurationArn"))


# what it does


@every_role
def test_all_that_uses_a_role_goes_off_and_the_role_is_deleted(
    world: World, rehearse: Rehearse, definition: RoleDefinition
) -> None:
    """What was off before is not touched."""
    rehearsed = rehearse(definition)
    before = rehearsed.picture()
    off = {each.arn: each.data for each in world.features._things.values() if not _on(each)}
    assert rehearsed.release()
    assert rehearsed.role is None
    assert world.features.uses(ACCOUNT, definition.role_name) == {}
    now = {each.arn: each.data for each in world.features._things.values()}
    assert off
    assert off.items() <= now.items()
    after = rehearsed.picture()
    assert set(before) - set(after) - {"role"} == {
        name for name, data in before.items() if "destinationConfiguration" in data
    }
    assert _said(rehearsed) == [
        f"the lease of {LIVE} is dropped",
        f"the lease of {OLD} is dropped",
        f"IAM is asked to delete {definition.role_name}, which may take minutes",
        f"{definition.role_name} is deleted",
    ]


def test_a_role_goes_after_what_uses_it_and_recorders_after_channels(
    world: World, rehearse: Rehearse
) -> None:
    """In the order of the documents: no later one is asked for while an earlier one is on."""
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


def test_a_role_that_is_not_there_is_not_asked_for(world: World, rehearse: Rehearse) -> None:
    """What uses it all the same goes off, and there is no role to write down."""
    rehearsed = rehearse(MEDIATAILOR)
    del world.account(ACCOUNT).roles[MEDIATAILOR.role_name]
    assert rehearsed.release()
    assert _said(rehearsed) == [f"{MEDIATAILOR.role_name} is gone"]
    assert rehearsed.state().role is None
    assert len(rehearsed.state().off) == 4
    plan = rehearsed.plan()
    assert not plan.needed
    assert not plan.role_unread


def test_what_went_off_or_away_since_the_plan_is_not_changed(
    world: World, rehearse: Rehearse
) -> None:
    """And is not written down as something to put back."""
    rehearsed = rehearse(MEDIATAILOR)
    plan = rehearsed.plan()
    first, second, *_ = [
        each for each in world.features._things.values() if each.kind is features.LINEAR_CHANNEL
    ]
    first.data = {**first.data, "LogConfiguration": {"LogTypes": []}}
    key = (second.kind, ACCOUNT, second.region, second.id)
    del world.features._things[key]
    world.features.remove_use(ACCOUNT, MEDIATAILOR.role_name, first.region, first.arn)
    world.features.remove_use(ACCOUNT, MEDIATAILOR.role_name, second.region, second.arn)
    world.calls.clear()
    assert rehearsed.release(plan=plan)
    assert "ConfigureLogsForChannel" not in changing(world)
    assert not {first.arn, second.arn} & set(rehearsed.state().off)
    texts = [event.text for event in rehearsed.told if isinstance(event, Change)]
    assert f"{first.arn} is off, or gone, by now" in texts
    assert f"{second.arn} is off, or gone, by now" in texts


# what stands against it


def test_nothing_stands_against_a_plan_but_what_was_not_allowed(rehearse: Rehearse) -> None:
    """A stack that is there, and recorders; a lease of a stack that is gone does not."""
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


def test_a_stack_that_nobody_can_look_up_stands_against_it(
    account: FakeAccount, rehearse: Rehearse
) -> None:
    """As one that is there."""
    rehearsed = rehearse(MEDIATAILOR)
    account.denied.add("cloudformation:DescribeStacks")
    plan = rehearsed.plan(Allowed(unread=True))
    assert [each.stack_name for each in plan.holders] == [LIVE, OLD]
    assert not plan.possible


def test_what_was_not_read_stands_against_it(account: FakeAccount, rehearse: Rehearse) -> None:
    """Unless somebody says to go on; and nobody calls a role gone that was not read."""
    rehearsed = rehearse(MEDIATAILOR)
    account.denied.add(f"mediatailor:ListChannels@{REGIONS[1]}")
    assert not rehearsed.plan().possible
    unread = Allowed(stacks=(LIVE,), unread=True)
    assert rehearsed.plan(unread).possible
    assert not rehearsed.plan(unread).role_unread
    account.denied = {"iam:GetRole"}
    account.denied.add("mediatailor:ListPlaybackConfigurations")
    account.denied.add("mediatailor:ListChannels")
    plan = rehearsed.plan(Allowed(unread=True))
    assert plan.role_unread
    assert plan.needed
    with pytest.raises(AccountError, match=r"MediaTailor cannot be read: AccessDenied: "):
        rehearsed.release(plan=plan)


def _arrive(account: FakeAccount, definition: RoleDefinition) -> str:
    """Let a stack take its lease, as it does while it is being created."""
    stack = account.add_stack("Arriving", REGIONS[0])
    role = account.roles[definition.role_name]
    role.tags = {**role.tags, f"{LEASE_TAG}cc": stack}
    return stack


def _arrived(account: FakeAccount) -> None:
    _arrive(account, MEDIATAILOR)


@every_role
def test_a_stack_that_arrives_before_anything_is_changed_stops_it(
    world: World, account: FakeAccount, rehearse: Rehearse, definition: RoleDefinition
) -> None:
    """Whoever is asked may take his time to answer."""
    rehearsed = rehearse(definition)
    plan = rehearsed.plan()
    _arrive(account, definition)
    before = rehearsed.picture()
    with pytest.raises(AccountError) as caught:
        rehearsed.release(plan=plan)
    assert str(caught.value) == (
        f"Arriving holds {definition.role_name} by now, so it is not deleted"
    )
    assert rehearsed.picture() == before
    assert changing(world) == []
    assert not rehearsed.path.exists()


def test_a_stack_that_arrives_while_things_go_off_stops_it(
    world: World, account: FakeAccount, rehearse: Rehearse
) -> None:
    """No lease is dropped, and IAM is not asked."""
    rehearsed = rehearse(MEDIATAILOR)
    at_first(world, "ConfigureLogsForChannel", lambda _: _arrived(account))
    with pytest.raises(AccountError, match="Arriving holds"):
        rehearsed.release()
    assert _leases(rehearsed) == {LIVE, OLD, "Arriving"}
    assert not {"UntagRole", "TagRole", "DeleteServiceLinkedRole"} & set(changing(world))
    assert rehearsed.state().role is None


def test_a_stack_that_arrives_while_the_role_is_being_closed_is_honoured(
    world: World, account: FakeAccount, rehearse: Rehearse
) -> None:
    """It takes its lease as the closing mark is written: the role stays, with all leases."""
    rehearsed = rehearse(MEDIATAILOR)
    arrived: list[str] = []

    def on_call(call: Call) -> None:
        keys = [each["Key"] for each in call.parameters.get("Tags", ())]
        if not arrived and call.operation == "TagRole" and keys[0].startswith(CLOSING_TAG):
            arrived.append(_arrive(account, MEDIATAILOR))

    world.on_call = on_call
    assert rehearsed.release() is False
    assert "DeleteServiceLinkedRole" not in changing(world)
    # that of the stack that is gone is dropped for good
    assert _leases(rehearsed) == {LIVE, "Arriving"}
    assert rehearsed.role is not None
    assert not [key for key in rehearsed.role.tags if key.startswith(CLOSING_TAG)]
    name = MEDIATAILOR.role_name
    assert _said(rehearsed)[-3:] == [
        f"{name} stays: it is held by {arrived[0]}",
        f"{name} is not deleted: it is held by {arrived[0]}",
        f"the lease of {LIVE} is put back",
    ]


# what stops it on the way


def test_a_role_that_stays_in_use_is_asked_for_until_the_wait_is_over(
    world: World, rehearse: Rehearse, waits: list[float]
) -> None:
    """IAM's reason is told each time; then the leases are back."""
    rehearsed = rehearse(MEDIATAILOR)
    world.features.add_use(ACCOUNT, MEDIATAILOR.role_name, "eu-west-1", "arn:something")
    assert rehearsed.release(wait=600) is False
    name = MEDIATAILOR.role_name
    told = [each for each in _said(rehearsed) if each.startswith(f"{name} stays")]
    assert set(told) == {f"{name} stays: it is in use in eu-west-1: arn:something"}
    assert changing(world).count("DeleteServiceLinkedRole") == len(told) > 10
    assert 500 < sum(waits) <= 600
    assert _said(rehearsed)[-2:] == [
        f"{name} is not deleted: it is in use in eu-west-1: arn:something",
        f"the lease of {LIVE} is put back",
    ]
    assert _leases(rehearsed) == {LIVE}
    assert _changes(rehearsed).changes.left == []
    world.features.remove_use(ACCOUNT, name, "eu-west-1", "arn:something")
    assert rehearsed.release()


def test_a_deletion_that_fails_once_is_asked_for_again(
    account: FakeAccount, rehearse: Rehearse
) -> None:
    """With the reason that IAM gave."""
    rehearsed = rehearse(MEDIATAILOR)
    usage = {"Region": "eu-west-1", "Resources": ["arn:one", "arn:two"]}
    account.failing_deletions = [{"Reason": "in use", "RoleUsageList": [usage]}]
    assert rehearsed.release()
    assert f"{MEDIATAILOR.role_name} stays: it is in use in eu-west-1: arn:one, arn:two" in _said(
        rehearsed
    )


@pytest.mark.parametrize("wait", [0, 30])
def test_iam_gets_a_minute_whatever_the_wait(
    account: FakeAccount, rehearse: Rehearse, waits: list[float], wait: float
) -> None:
    """It takes some seconds to ask once, and to hear how that went."""
    account.in_use_polls = 10_000
    rehearsed = rehearse(MEDIATAILOR)
    assert rehearsed.release(wait=wait) is False
    assert 30 < sum(waits) <= 60
    assert "is not deleted" in _said(rehearsed)[-2]
    assert _leases(rehearsed) == {LIVE}


def test_iam_that_is_throttled_until_the_end_is_told_of(
    world: World, rehearse: Rehearse, waits: list[float]
) -> None:
    """There is no time for the next wait: the role stays, and its leases are put back."""
    rehearsed = rehearse(MEDIATAILOR)
    asked: list[str] = []

    def on_call(call: Call) -> None:
        if call.operation == "DeleteServiceLinkedRole":
            asked.append(call.operation)
            # as long as others take
            waits.append(53)
            if len(asked) == 1:
                raise Refused("Throttling", "Rate exceeded", 400)

    world.on_call = on_call
    assert rehearsed.release(wait=0) is False
    assert _leases(rehearsed) == {LIVE}
    assert any("is not deleted: " in each for each in _said(rehearsed))


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [
        pytest.param(0, "AccessDenied: not you", id="denied"),
        pytest.param(58, "IAM was not done in time", id="late"),
    ],
)
def test_leases_are_put_back_if_iam_cannot_be_asked(
    world: World, rehearse: Rehearse, waits: list[float], seconds: float, reason: str
) -> None:
    """For whichever reason."""
    rehearsed = rehearse(MEDIATAILOR)
    dropped: list[Call] = []

    def on_call(call: Call) -> None:
        if call.operation == "UntagRole":
            dropped.append(call)
        if call.operation == "GetRole" and len(dropped) == 2 and not seconds:
            raise Refused("AccessDenied", "not you", 403)
        if call.operation == "TagRole":
            # as long as the call takes
            waits.append(seconds)

    world.on_call = on_call
    assert rehearsed.release(wait=0) is False
    assert _said(rehearsed)[-2:] == [
        f"{MEDIATAILOR.role_name} is not deleted: {reason}",
        f"the lease of {LIVE} is put back",
    ]
    assert _leases(rehearsed) == {LIVE}


def _actions(definition: RoleDefinition) -> list[str]:
    """Return the IAM actions of the calls that a release makes to change something."""
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
        # that of a role is the same for all
        if definition is IVS or not action.startswith("iam:")
    ],
)
def test_a_denial_of_any_call_leaves_the_role_and_the_same_goes_on_afterwards(
    account: FakeAccount, rehearse: Rehearse, definition: RoleDefinition, action: str
) -> None:
    """What can be done is done, what could not is told of, and all can be put back."""
    rehearsed = rehearse(definition)
    before = rehearsed.picture()
    account.denied.add(action)
    try:
        gone = rehearsed.release(wait=0)
    except AccountError as error:
        gone = False
        told = [str(error)]
    else:
        told = [*_said(rehearsed), *(each.text for each in _changes(rehearsed).changes.left)]
    assert not gone
    # where IAM was asked and does not say how it goes, too
    assert any("AccessDenied" in each or "Forbidden" in each for each in told), told
    assert rehearsed.role is not None
    # who may not drop leases drops none, and who may not write them is told what that means
    if action == "iam:TagRole":
        assert any("cannot be put back, so its stack may lose the role" in each for each in told)
    else:
        assert LIVE in _leases(rehearsed)
    if not action.startswith("iam:"):
        left = _changes(rehearsed).changes.left
        assert {each.outcome for each in left} == {Outcome.FAILED}
        assert len(left) == len(REGIONS)
    account.denied.clear()
    assert rehearsed.release()
    assert definition.role_name not in account.roles
    assert rehearsed.restore()
    assert rehearsed.picture() == before


@every_role
def test_throttling_of_every_change_passes(
    world: World, rehearse: Rehearse, definition: RoleDefinition
) -> None:
    """Each is refused twice, with the codes of its service."""
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
    assert not [each for each in rehearsed.told if isinstance(each, Waiting)]


# what is busy


def _channels(world: World) -> list[features.Thing]:
    return [
        thing
        for thing in world.features._things.values()
        if thing.kind is features.IVS_CHANNEL and thing.data["recordingConfigurationArn"]
    ]


def test_a_live_channel_is_waited_for_and_holds_up_no_other(
    world: World, rehearse: Rehearse, waits: list[float]
) -> None:
    """It goes off when its stream ends, and then the recorders and the role go."""
    rehearsed = rehearse(IVS)
    live, other = _channels(world)
    world.features.live = {live.arn}
    states: list[tuple[str, str]] = []

    def on_call(call: Call) -> None:
        if call.operation == "UpdateChannel" and call.parameters["arn"] == live.arn:
            # whatever is not busy is off before the second try
            states.append((other.data["recordingConfigurationArn"], live.arn))
            if len(states) == 4:
                world.features.live.clear()

    world.on_call = on_call
    assert rehearsed.release()
    assert len(states) == 4
    assert {pointer for pointer, _ in states[1:]} == {""}
    pauses = [event for event in rehearsed.told if isinstance(event, Waiting)]
    assert [event.seconds for event in pauses] == waits[:3] == [5, 7.5, 11.25]
    assert {event.why for event in pauses} == {"1 busy"}
    assert rehearsed.role is None


def test_a_channel_that_stays_live_leaves_the_recorders_and_the_role(
    world: World, rehearse: Rehearse, waits: list[float]
) -> None:
    """What can be switched off is; nothing is deleted that may not have to be."""
    rehearsed = rehearse(IVS)
    live, other = _channels(world)
    world.features.live = {live.arn}
    assert rehearsed.release(wait=60) is False
    assert other.data["recordingConfigurationArn"] == ""
    assert live.data["recordingConfigurationArn"] != ""
    assert sum(waits) <= 60
    changes = _changes(rehearsed).changes
    assert [(each.thing.arn, each.outcome) for each in changes.left] == [(live.arn, Outcome.BUSY)]
    assert "live" in changes.left[0].text
    assert not {"DeleteRecordingConfiguration", "UntagRole", "TagRole"} & set(changing(world))
    assert _leases(rehearsed) == {LIVE, OLD}
    world.features.live.clear()
    assert rehearsed.release(wait=60)


def test_what_is_refused_for_one_kind_holds_up_no_other_kind(
    account: FakeAccount, rehearse: Rehearse, world: World
) -> None:
    """Channels log no more although playback configurations may not be changed."""
    rehearsed = rehearse(MEDIATAILOR)
    account.denied.add("mediatailor:ConfigureLogsForPlaybackConfiguration")
    assert rehearsed.release() is False
    left = world.features.uses(ACCOUNT, MEDIATAILOR.role_name)
    assert all("playbackConfiguration" in arn for arns in left.values() for arn in arns)
    assert sum(map(len, left.values())) == 2


# who stops it


class _Interrupted(BaseException):
    """What a signal raises, in whichever thread."""


@pytest.mark.parametrize(
    "operation",
    ["UntagRole", "DeleteServiceLinkedRole", "GetServiceLinkedRoleDeletionStatus"],
)
@pytest.mark.parametrize("error", [KeyboardInterrupt, _Interrupted])
def test_leases_are_put_back_whoever_stops_it(
    world: World, rehearse: Rehearse, operation: str, error: type[BaseException]
) -> None:
    """Of stacks that are there; those that are gone hold nothing."""
    rehearsed = rehearse(MEDIATAILOR)

    def stop(_: Call) -> None:
        raise error

    at_first(world, operation, stop)
    with pytest.raises(error):
        rehearsed.release()
    assert LIVE in _leases(rehearsed)
    assert _said(rehearsed)[-1] == f"the lease of {LIVE} is put back"
    assert rehearsed.release()


def test_leases_are_put_back_one_by_one(
    world: World, account: FakeAccount, rehearse: Rehearse
) -> None:
    """One that IAM refuses keeps no other from its role; which, and why it matters, is told."""
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
    assert sorted(_said(rehearsed)[-2:]) == [
        (
            f"the lease of Arriving on {MEDIATAILOR.role_name} cannot be put back, so its stack may"
            " lose the role to another: AccessDenied: nor that"
        ),
        f"the lease of {LIVE} is put back",
    ]


def test_leases_are_put_back_even_if_the_role_cannot_be_read(
    world: World, account: FakeAccount, rehearse: Rehearse
) -> None:
    """It may be there."""
    rehearsed = rehearse(MEDIATAILOR)

    def deny(_: Call) -> None:
        account.denied |= {"iam:DeleteServiceLinkedRole", "iam:ListRolePolicies"}

    at_first(world, "DeleteServiceLinkedRole", deny)
    assert rehearsed.release() is False
    assert _leases(rehearsed) == {LIVE}


def test_no_lease_is_put_back_on_a_role_that_is_gone(
    world: World, account: FakeAccount, rehearse: Rehearse
) -> None:
    """Somebody stops it when IAM has deleted the role, and has not said so."""
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


def test_a_file_that_cannot_be_written_stops_it_before_anything_is_off(
    world: World, rehearse: Rehearse, tmp_path: Path
) -> None:
    """Nothing goes off that nobody could put back."""
    rehearsed = rehearse(MEDIATAILOR)
    before = rehearsed.picture()
    rehearsed.path = tmp_path / "missing" / "state.jsonl"
    with pytest.raises(AccountError, match="cannot be written: No such file or directory"):
        rehearsed.release()
    finish_threads()
    assert changing(world) == []
    assert rehearsed.picture() == before


# wherever it stops


def _end(rehearsed: Rehearsal, before: dict[str, Any]) -> None:
    """Release again, which must do, and restore: all is as it was."""
    if rehearsed.plan().needed:
        assert rehearsed.release(), rehearsed.told
    assert rehearsed.role is None
    if not rehearsed.path.exists():
        return
    restored = rehearsed.restore()
    after = rehearsed.picture()
    if rehearsed.definition is catalogue.CHIME_MESSAGING_LEGACY:
        assert not restored
        after["role"] = before["role"]
    else:
        assert restored, rehearsed.told
    assert after == before


@pytest.mark.parametrize(
    ("definition", "carried_out"),
    [
        # one that is deleted in two stages, one with two kinds, one that is looked at, and one that
        # cannot come back; what a call that nobody hears of leaves is more than one unasked leaves
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
def test_whoever_dies_at_any_call_is_followed_by_one_who_ends_it(
    world: World,
    tmp_path: Path,
    definition: RoleDefinition,
    monkeypatch: pytest.MonkeyPatch,
    *,
    carried_out: bool,
) -> None:
    """Released again with the same file, the role is gone, and a restore brings back all of it.

    Dying means that no other call is answered either. With every number of calls that were, and
    with the last one carried out, but not heard of.
    """
    few_regions(monkeypatch, REGIONS[0])
    mortal = Mortal(world)
    rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
    number = 0
    while True:
        number += 1
        before = rehearsed.fill(regions=REGIONS[:1])
        plan = rehearsed.plan()
        mortal.die_at(number, carried_out=carried_out)
        try:
            rehearsed.release(plan=plan)
        except BaseException:  # noqa: BLE001 - whatever it is that dying looks like
            died = mortal.rise()
            assert died
            if carried_out and not mortal.changed:
                # it is the same as if it had not been asked for
                continue
        else:
            mortal.rise()
            break
        _end(rehearsed, before)
    assert number > 15
    _end(rehearsed, before)


def test_hundreds_of_things_go_off_eight_at_a_time(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is listed once, looked at once and changed once, whatever the regions are."""
    regions = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1")
    few_regions(monkeypatch, *regions)
    world.account(ACCOUNT).add_role(MEDIATAILOR)
    for number in range(400):
        specimen = (specimens.PLAYBACK_CONFIGURATION, specimens.LINEAR_CHANNEL)[number % 2]
        specimen.add(world, number, region=regions[number % len(regions)])
    rehearsed = Rehearsal(world, MEDIATAILOR, tmp_path / "state.jsonl")
    plan = rehearsed.plan()
    assert len(plan.report.users) == 400
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
    assert len(State.read(rehearsed.path).off) == 400
    world.calls.clear()
    world.most_at_once = 0
    assert rehearsed.restore()
    assert world.most_at_once <= 8
    assert len(world.calls) < 2020
    assert sum(map(len, world.features.uses(ACCOUNT, MEDIATAILOR.role_name).values())) == 400


def test_what_is_allowed_by_default_is_nothing() -> None:
    """All has to be said."""
    assert Allowed() == Allowed(delete_recording_configurations=False, stacks=(), unread=False)
    assert Allowed() != ALL


def test_what_streams_by_the_role_of_today_stays_on_when_the_older_one_goes(
    world: World, tmp_path: Path, waits: list[float]
) -> None:
    """Nobody can tell which of two roles is used, and the documents know one."""
    rehearsed = Rehearsal(world, catalogue.CHIME_MESSAGING_LEGACY, tmp_path / "state.jsonl")
    rehearsed.fill()
    world.account(ACCOUNT).add_role(catalogue.CHIME_MESSAGING)
    before = features_on(world)

    plan = rehearsed.plan()

    assert plan.successor is not None
    assert [*plan.stages] == [[], []]
    assert rehearsed.release(), rehearsed.told
    assert rehearsed.role is None
    assert features_on(world) == before != []
    assert sum(waits) < 60


def features_on(world: World) -> list[str]:
    """Return the ARNs of what is streamed."""
    used = world.features.uses(ACCOUNT, catalogue.CHIME_MESSAGING.role_name)
    return [arn for arns in used.values() for arn in arns]
