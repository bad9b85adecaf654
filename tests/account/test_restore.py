"""A restore: all is as it was, but for what somebody wanted otherwise meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from slr_constructs.account.access import AccountError
from slr_constructs.account.changing import Change, Outcome, Said, Waiting
from slr_constructs.account.restore import Restore
from slr_constructs.account.state import State
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CLOSING_TAG,
    LEASE_TAG,
)
from tests.account.rehearsal import (
    OLD,
    REGIONS,
    Mortal,
    Rehearsal,
    add_role,
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

    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.accounts import FakeAccount
    from tests.fake_services.features import Thing
    from tests.fake_services.world import World

    Rehearse = Callable[[RoleDefinition], Rehearsal]

MEDIATAILOR, IVS = catalogue.MEDIATAILOR, catalogue.IVS_RECORD_TO_S3
LEGACY = catalogue.CHIME_MESSAGING_LEGACY
#: those that can be made again.
ROLES = [each for each in catalogue.ALL if each is not LEGACY]
every_role = pytest.mark.parametrize(
    "definition", [pytest.param(each, id=each.role_name) for each in ROLES]
)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass, and have two regions."""
    few_regions(monkeypatch)
    return let_time_pass(monkeypatch)


@pytest.fixture
def account(world: World) -> FakeAccount:
    """Return the account."""
    return world.account(ACCOUNT)


@pytest.fixture
def released(world: World, tmp_path: Path) -> Rehearse:
    """Return what fills an account with a role and all that uses it, and releases that."""

    def made(definition: RoleDefinition) -> Rehearsal:
        rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
        rehearsed.fill()
        assert rehearsed.release()
        world.calls.clear()
        return rehearsed

    return made


def _said(rehearsed: Rehearsal) -> list[str]:
    return [event.text for event in rehearsed.told if isinstance(event, Said)]


def _texts(rehearsed: Rehearsal, outcome: Outcome) -> list[str]:
    made = [event for event in rehearsed.told if isinstance(event, Change)]
    return [event.text for event in made if event.outcome is outcome]


def _waits(rehearsed: Rehearsal) -> list[tuple[float, str]]:
    return [(each.seconds, each.why) for each in rehearsed.told if isinstance(each, Waiting)]


def _of(world: World, kind: features.Kind) -> list[Thing]:
    return [
        thing
        for thing in world.features._things.values()
        if thing.kind is kind and "thing-99" not in thing.arn and "000099" not in thing.arn
    ]


def _remove(world: World, thing: Thing) -> None:
    del world.features._things[thing.kind, ACCOUNT, thing.region, thing.id]
    del world.features._places[thing.kind, ACCOUNT, thing.region][thing.id]


def _as_before(rehearsed: Rehearsal, before: dict[str, Any]) -> None:
    """Hold all that there is against what there was."""
    assert rehearsed.picture() == before


# as it was


@every_role
def test_all_is_as_it_was(
    world: World, tmp_path: Path, definition: RoleDefinition, account: FakeAccount
) -> None:
    """Settings, the role with its description and tags, and leases of stacks that are there.

    Recording configurations have other ARNs, and their channels point at those.
    """
    rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
    before = rehearsed.fill()
    assert rehearsed.release()
    assert rehearsed.restore()
    _as_before(rehearsed, before)
    stacks = account.roles[definition.role_name].tags.values()
    assert not [each for each in stacks if f"/{OLD}/" in each]
    assert not rehearsed.state().off
    assert rehearsed.state().role is None
    assert not Restore(rehearsed.account, rehearsed.state(), 0, print).needed


@every_role
def test_what_was_changed_between_two_releases_comes_back_as_changed(
    world: World, tmp_path: Path, definition: RoleDefinition
) -> None:
    """With the same file, and another time without a restore between."""
    rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
    rehearsed.fill()
    assert rehearsed.release()
    assert rehearsed.restore()
    for thing in [*world.features._things.values()]:
        data = dict(thing.data)
        if "StreamingConfiguration" in data:
            data["StreamingConfiguration"] |= {"DataRetentionInHours": 72}
        elif data.get("LogConfiguration", {}).get("PercentEnabled"):
            data["LogConfiguration"] |= {"PercentEnabled": 81}
        elif "IngressAccessLogs" in data:
            del data["IngressAccessLogs"]
        elif "StreamingConfigurations" in data:
            data["StreamingConfigurations"] = data["StreamingConfigurations"][1:]
        thing.data = data
    role = rehearsed.role
    assert role is not None
    role.description, role.tags = "changed", {**role.tags, "team": "audio", "more": "1"}
    changed = rehearsed.picture()
    for _ in range(3):
        assert rehearsed.release()
        assert rehearsed.restore()
        _as_before(rehearsed, changed)


def test_the_role_comes_first_then_recorders_then_channels(
    world: World, released: Rehearse
) -> None:
    """In the other order of a release."""
    rehearsed = released(IVS)
    assert rehearsed.restore()
    assert changing(world) == [
        "CreateServiceLinkedRole",
        "CreateRecordingConfiguration",
        "CreateRecordingConfiguration",
        "UpdateChannel",
        "UpdateChannel",
        "TagRole",
        "UpdateRoleDescription",
    ]


# what somebody wanted otherwise


def test_what_is_on_is_left_as_it_is(world: World, released: Rehearse) -> None:
    """With the same settings or others; nothing is asked to change it."""
    rehearsed = released(MEDIATAILOR)
    add_role(world, MEDIATAILOR)
    first, second = _of(world, features.PLAYBACK_CONFIGURATION)
    known = rehearsed.state().off
    logs = known[first.arn].settings
    first.data = {**first.data, "LogConfiguration": logs}
    second.data = {**second.data, "LogConfiguration": {**(logs or {}), "PercentEnabled": 99}}
    assert rehearsed.restore()
    assert first.data["LogConfiguration"] == logs
    assert second.data["LogConfiguration"]["PercentEnabled"] == 99
    assert changing(world) == ["ConfigureLogsForChannel", "ConfigureLogsForChannel"]
    done = _texts(rehearsed, Outcome.DONE)
    assert f"{first.arn} is on already" in done
    assert f"{second.arn} is on already, with other settings: left so" in done
    assert not rehearsed.state().off


def test_a_channel_that_somebody_records_otherwise_is_left_so(
    world: World, released: Rehearse
) -> None:
    """It may be recorded by what was there before, which has another ARN by now."""
    rehearsed = released(IVS)
    channel, _ = _of(world, features.IVS_CHANNEL)
    data = {"name": "mine", "destinationConfiguration": {"s3": {"bucketName": "mine"}}}
    kind = features.RECORDING_CONFIGURATION
    mine = world.features.add(kind, ACCOUNT, channel.region, "mine00000000", data)
    channel.data = {**channel.data, "recordingConfigurationArn": mine.arn}
    assert rehearsed.restore()
    assert channel.data["recordingConfigurationArn"] == mine.arn
    assert f"{channel.arn} is on already, with other settings: left so" in _texts(
        rehearsed, Outcome.DONE
    )


def test_what_is_gone_is_told_of_and_all_else_is_put_back(world: World, released: Rehearse) -> None:
    """And tried again when the same file is restored again."""
    rehearsed = released(MEDIATAILOR)
    gone, there = _of(world, features.LINEAR_CHANNEL)
    _remove(world, gone)
    for _ in range(2):
        assert rehearsed.restore() is False
        (text,) = _texts(rehearsed, Outcome.FAILED)
        assert "was not found" in text
        assert list(rehearsed.state().off) == [gone.arn]
    assert there.data["LogConfiguration"] == {"LogTypes": ["AS_RUN"]}
    assert rehearsed.state().role is None


# the role


def test_a_role_that_is_there_gets_the_tags_that_it_lacks(
    world: World, account: FakeAccount, released: Rehearse
) -> None:
    """No tag is replaced, and no lease of a stack that is gone, no mark and none of AWS's comes."""
    rehearsed = released(MEDIATAILOR)
    role = account.add_role(MEDIATAILOR, description="mine", tags={"team": "mine"})
    state = rehearsed.state()
    assert state.role is not None
    tags = state.role["tags"] | {f"{CLOSING_TAG}x": "1", "aws:owner": "aws"}
    with rehearsed.path.open("a") as file:
        file.write(str({"role": {"description": "d", "tags": tags}}).replace("'", '"') + "\n")
    assert rehearsed.restore()
    assert role.description == "mine"
    assert role.tags["team"] == "mine"
    assert f"{LEASE_TAG}aa" in role.tags
    assert set(role.tags) == {"team", "slr-constructs:made", f"{LEASE_TAG}aa"}
    assert _waits(rehearsed) == []
    assert _said(rehearsed) == [f"{MEDIATAILOR.role_name} is there as it was"]
    assert "CreateServiceLinkedRole" not in changing(world)


def test_a_role_that_lacks_nothing_is_not_tagged(world: World, released: Rehearse) -> None:
    """There is nothing to ask for."""
    rehearsed = released(MEDIATAILOR)
    add_role(world, MEDIATAILOR)
    assert rehearsed.restore()
    assert "TagRole" not in changing(world)


def test_a_lease_of_a_stack_that_nobody_can_look_up_is_put_back(
    account: FakeAccount, released: Rehearse
) -> None:
    """It may be there."""
    rehearsed = released(MEDIATAILOR)
    account.denied.add("cloudformation:DescribeStacks")
    assert rehearsed.restore()
    assert {key for key in account.roles[MEDIATAILOR.role_name].tags if LEASE_TAG in key} == {
        f"{LEASE_TAG}aa",
        f"{LEASE_TAG}bb",
    }


def test_a_role_without_a_description_is_made_without_one(
    world: World, account: FakeAccount, tmp_path: Path
) -> None:
    """IAM takes no empty one for none."""
    rehearsed = Rehearsal(world, MEDIATAILOR, tmp_path / "state.jsonl")
    account.add_role(MEDIATAILOR)
    assert rehearsed.release()
    assert rehearsed.restore()
    assert account.roles[MEDIATAILOR.role_name].description == ""
    (call,) = [each for each in world.calls if each.operation == "CreateServiceLinkedRole"]
    assert call.parameters == {"AWSServiceName": MEDIATAILOR.service_principal}


def test_a_new_role_is_waited_for_before_anything_needs_it(
    world: World, released: Rehearse, waits: list[float]
) -> None:
    """IAM shows it after a while, and services see it later still."""
    rehearsed = released(MEDIATAILOR)
    hidden = [3]
    asked: list[float] = []

    def on_call(call: Call) -> None:
        if call.operation == "GetRole" and rehearsed.role is not None and hidden[0]:
            hidden[0] -= 1
            raise Refused("NoSuchEntity", "not yet", 404)
        if call.operation.startswith("Configure"):
            asked.append(sum(waits))

    world.on_call = on_call
    begun = sum(waits)
    assert rehearsed.restore()
    name = MEDIATAILOR.role_name
    assert _waits(rehearsed) == [
        *[(2, f"IAM does not show {name} yet")] * 3,
        (15, f"{name} is new"),
    ]
    assert min(asked) - begun == 21


def test_a_role_that_is_never_shown_is_told_of(world: World, released: Rehearse) -> None:
    """After a minute; the rest is tried all the same."""
    rehearsed = released(MEDIATAILOR)

    def on_call(call: Call) -> None:
        if call.operation == "GetRole":
            raise Refused("NoSuchEntity", "not yet", 404)

    world.on_call = on_call
    assert rehearsed.restore() is False
    name = MEDIATAILOR.role_name
    assert _said(rehearsed) == [
        f"{name} is not put back: it was made, and IAM does not show it yet"
    ]
    assert sum(seconds for seconds, _ in _waits(rehearsed)) == 60
    assert not rehearsed.state().off


def test_a_role_that_another_restore_made_just_now_is_waited_for(
    account: FakeAccount, released: Rehearse, waits: list[float]
) -> None:
    """The rest of the time that it takes services to see it."""
    rehearsed = released(MEDIATAILOR)
    account.add_role(MEDIATAILOR, created=datetime.now(UTC) - timedelta(seconds=4.5))
    waits.clear()
    assert rehearsed.restore()
    assert [why for _, why in _waits(rehearsed)] == [f"{MEDIATAILOR.role_name} is new"]
    assert waits == [seconds for seconds, _ in _waits(rehearsed)]
    assert waits[0] in {10, 11}


def test_a_clock_that_is_wrong_does_not_make_anybody_wait_for_ever(
    account: FakeAccount, released: Rehearse, waits: list[float]
) -> None:
    """What was made in an hour is new, and no newer than that."""
    rehearsed = released(MEDIATAILOR)
    account.add_role(MEDIATAILOR, created=datetime.now(UTC) + timedelta(hours=1))
    waits.clear()
    assert rehearsed.restore()
    assert waits == [15]


def test_what_does_not_see_a_new_role_yet_is_tried_again(
    world: World, tmp_path: Path, account: FakeAccount
) -> None:
    """But only where the role is new: it is a refusal like others where it is not."""
    definition = catalogue.CHIME_VOICE_CONNECTOR
    rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
    rehearsed.fill()
    refusals = [2]

    def on_call(call: Call) -> None:
        if call.operation.startswith("PutVoiceConnector") and refusals[0]:
            refusals[0] -= 1
            raise Refused("BadRequestException", "Unable to create service linked role", 400)

    assert rehearsed.release()
    world.on_call = on_call
    assert rehearsed.restore()
    assert [why for _, why in _waits(rehearsed)][1:] in (["2 busy"], ["1 busy", "1 busy"])
    assert len(_texts(rehearsed, Outcome.BUSY)) == 2
    assert rehearsed.release()
    add_role(world, definition)
    refusals[0] = 1
    assert rehearsed.restore() is False
    (text,) = _texts(rehearsed, Outcome.FAILED)
    assert text == "BadRequestException: Unable to create service linked role"
    assert account.roles


def test_what_is_busy_is_waited_for(world: World, released: Rehearse) -> None:
    """A channel that went live meanwhile: until the wait is over, and all else is put back."""
    rehearsed = released(IVS)
    live, other = _of(world, features.IVS_CHANNEL)
    world.features.live = {live.arn}
    assert rehearsed.restore(wait=30) is False
    assert [seconds for seconds, _ in _waits(rehearsed)] == [5, 7.5, 11.25]
    assert other.data["recordingConfigurationArn"]
    assert not live.data["recordingConfigurationArn"]
    world.features.live.clear()
    assert rehearsed.restore(wait=30)
    assert live.data["recordingConfigurationArn"]


def test_an_older_role_is_not_made_again_and_all_else_is_put_back(
    world: World, tmp_path: Path
) -> None:
    """IAM makes another one for its principal; app instances stream with today's."""
    rehearsed = Rehearsal(world, LEGACY, tmp_path / "state.jsonl")
    before = rehearsed.fill()
    assert rehearsed.release()
    assert rehearsed.restore() is False
    assert _said(rehearsed) == [
        f"{LEGACY.role_name} is not put back: IAM makes another role for chime.amazonaws.com today"
    ]
    del before["role"]
    assert rehearsed.picture() == before
    assert not rehearsed.state().off


def test_a_role_that_iam_does_not_make_is_left_to_its_service_and_tagged_afterwards(
    released: Rehearse, account: FakeAccount
) -> None:
    """IVS makes its role with the first recording configuration."""
    rehearsed = released(IVS)
    assert rehearsed.restore()
    assert _said(rehearsed) == [
        (
            f"{IVS.role_name} is not put back: it is left to its service, which makes it with the"
            " feature"
        ),
        f"{IVS.role_name} is there as it was",
    ]
    assert account.roles[IVS.role_name].tags["team"] == "video"


def test_a_role_that_its_service_has_not_made_is_not_there(
    account: FakeAccount, world: World, tmp_path: Path
) -> None:
    """Nothing used it, so nothing makes it again."""
    account.add_role(IVS)
    rehearsed = Rehearsal(world, IVS, tmp_path / "state.jsonl")
    assert rehearsed.release()
    assert rehearsed.restore() is False
    assert len(_said(rehearsed)) == 1
    assert rehearsed.state().role is not None


def test_a_role_that_somebody_makes_at_the_same_time_is_taken_for_ours(
    world: World, released: Rehearse, account: FakeAccount
) -> None:
    """IAM says that its name has been taken."""
    rehearsed = released(MEDIATAILOR)

    def on_call(call: Call) -> None:
        if call.operation == "CreateServiceLinkedRole":
            account.add_role(MEDIATAILOR)

    world.on_call = on_call
    assert rehearsed.restore()
    assert account.roles[MEDIATAILOR.role_name].tags["team"] == "video"


def test_a_principal_that_iam_does_not_take_is_told_of(world: World, released: Rehearse) -> None:
    """Where IAM makes the role, as a rule."""
    rehearsed = released(MEDIATAILOR)

    def on_call(call: Call) -> None:
        if call.operation == "CreateServiceLinkedRole":
            raise Refused("InvalidInput", "not that one", 400)

    world.on_call = on_call
    assert rehearsed.restore() is False
    assert _said(rehearsed) == [
        f"{MEDIATAILOR.role_name} is not put back: InvalidInput: not that one"
    ]


@pytest.mark.parametrize(
    ("definition", "action"),
    [
        pytest.param(definition, action, id=f"{definition.role_name} {action}")
        for definition, action in (
            (MEDIATAILOR, "iam:CreateServiceLinkedRole"),
            (MEDIATAILOR, "iam:TagRole"),
            (MEDIATAILOR, "iam:GetRole"),
            (MEDIATAILOR, "mediatailor:ConfigureLogsForChannel"),
            (MEDIATAILOR, "mediatailor:ConfigureLogsForPlaybackConfiguration"),
            (IVS, "ivs:CreateRecordingConfiguration"),
            (IVS, "ivs:UpdateChannel"),
            (IVS, "iam:TagRole"),
            (catalogue.CHIME_VOICE_CONNECTOR, "chime:PutVoiceConnectorStreamingConfiguration"),
            (catalogue.CHIME_MESSAGING, "chime:PutMessagingStreamingConfigurations"),
            (catalogue.MEDIAPACKAGE, "mediapackage:ConfigureLogs"),
            (catalogue.MEDIAPACKAGE, "mediapackage-vod:ConfigureLogs"),
        )
    ],
)
def test_a_denial_of_any_call_is_told_of_and_the_same_goes_on_afterwards(
    world: World, tmp_path: Path, account: FakeAccount, definition: RoleDefinition, action: str
) -> None:
    """What can be put back is."""
    rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
    before = rehearsed.fill()
    assert rehearsed.release()
    account.denied.add(action)
    assert rehearsed.restore() is False
    told = [*_said(rehearsed), *_texts(rehearsed, Outcome.FAILED)]
    assert any("AccessDenied" in each or "Forbidden" in each for each in told)
    account.denied.clear()
    assert rehearsed.restore()
    _as_before(rehearsed, before)


@every_role
def test_throttling_of_every_change_passes(
    world: World, tmp_path: Path, definition: RoleDefinition
) -> None:
    """Each is refused once."""
    rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
    before = rehearsed.fill()
    assert rehearsed.release()
    refused: set[str] = set()

    def on_call(call: Call) -> None:
        key = f"{call.service} {call.operation} {sorted(call.parameters.items())}"
        if changes_something(call) and key not in refused:
            refused.add(key)
            raise Refused("Throttling", "slowly", 400)

    world.on_call = on_call
    assert rehearsed.restore()
    assert refused
    _as_before(rehearsed, before)


# what is refused


def test_a_file_of_another_account_is_refused(world: World, released: Rehearse) -> None:
    """Before anything is asked for."""
    rehearsed = released(MEDIATAILOR)
    text = rehearsed.path.read_text().replace(ACCOUNT, "444455556666", 1)
    rehearsed.path.write_text(text)
    with pytest.raises(AccountError) as caught:
        rehearsed.restore()
    assert str(caught.value) == (
        f"{rehearsed.path} is about account 444455556666, and these credentials are for {ACCOUNT}"
    )
    assert changing(world) == []


# wherever it stops


@pytest.mark.parametrize(
    ("definition", "then", "carried_out"),
    [
        # what is made again is made once; the others differ in how many kinds they have
        pytest.param(IVS, "restore", False, id="recording, unasked", marks=pytest.mark.exhaustive),
        pytest.param(IVS, "restore", True, id="recording, unheard"),
        pytest.param(
            IVS, "release", True, id="recording, unheard and released", marks=pytest.mark.exhaustive
        ),
        pytest.param(
            MEDIATAILOR, "restore", True, id="logging, unheard", marks=pytest.mark.exhaustive
        ),
        pytest.param(catalogue.CHIME_MESSAGING, "release", True, id="messaging, released"),
    ],
)
def test_whoever_dies_at_any_call_is_followed_by_one_who_ends_it(
    world: World,
    tmp_path: Path,
    definition: RoleDefinition,
    monkeypatch: pytest.MonkeyPatch,
    then: str,
    *,
    carried_out: bool,
) -> None:
    """Restored again with the same file, all is back, and nothing is made twice.

    Also if it is released again before that.
    """
    few_regions(monkeypatch, REGIONS[0])
    mortal = Mortal(world)
    rehearsed = Rehearsal(world, definition, tmp_path / "state.jsonl")
    number = 0
    while True:
        number += 1
        before = rehearsed.fill(regions=REGIONS[:1])
        assert rehearsed.release()
        mortal.die_at(number, carried_out=carried_out)
        try:
            rehearsed.restore()
        except BaseException:  # noqa: BLE001 - whatever it is that dying looks like
            assert mortal.rise()
            if carried_out and not mortal.changed:
                # it is the same as if it had not been asked for
                continue
        else:
            mortal.rise()
            break
        if then == "release" and rehearsed.plan().needed:
            assert rehearsed.release(), rehearsed.told
        assert rehearsed.restore(), rehearsed.told
        _as_before(rehearsed, before)
    assert number > 5
    _as_before(rehearsed, before)


# recording configurations that were made, and not written down


def _twins(world: World, tmp_path: Path, number: int) -> Rehearsal:
    """Release channels, each with a recording configuration of its own, which are all alike."""
    rehearsed = Rehearsal(world, IVS, tmp_path / "state.jsonl")
    data = {"name": "twin", "destinationConfiguration": {"s3": {"bucketName": "recordings"}}}
    for each in range(number):
        kind = features.RECORDING_CONFIGURATION
        made = world.features.add(kind, ACCOUNT, REGIONS[0], f"twin0000{each:04}", data)
        pointer = {"recordingConfigurationArn": made.arn, "name": f"c{each}"}
        world.features.add(features.IVS_CHANNEL, ACCOUNT, REGIONS[0], f"c{each:011}", pointer)
    assert rehearsed.release()
    return rehearsed


def _pointers(world: World) -> list[str]:
    return [each.data["recordingConfigurationArn"] for each in _of(world, features.IVS_CHANNEL)]


@pytest.mark.parametrize("page_size", [100, 2])
def test_twins_that_were_made_are_each_taken_for_one(
    world: World, tmp_path: Path, page_size: int
) -> None:
    """All were made before somebody died: none is made again, and each has its channel."""
    world.page_size = page_size
    rehearsed = _twins(world, tmp_path, 5)
    mortal = Mortal(world)
    made: list[str] = []

    def on_call(call: Call) -> None:
        if call.operation == "CreateRecordingConfiguration":
            made.append(call.operation)

    world.on_call = on_call
    real = State.switched_on
    with pytest.MonkeyPatch.context() as patch:
        # made, and not written down
        patch.setattr(State, "switched_on", _dies)
        with pytest.raises(_Died):
            rehearsed.restore()
        mortal.rise()
    assert State.switched_on is real
    begun = len(made)
    assert begun >= 1
    other = {"name": "twin", "destinationConfiguration": {"s3": {"bucketName": "others"}}}
    kind = features.RECORDING_CONFIGURATION
    world.features.add(kind, ACCOUNT, REGIONS[0], "other0000000", other)
    world.calls.clear()
    assert rehearsed.restore()
    assert len(made) == 5
    assert len(set(_pointers(world))) == 5
    assert f"arn:aws:ivs:{REGIONS[0]}:{ACCOUNT}:recording-configuration/other0000000" not in (
        _pointers(world)
    )
    if page_size == 100:
        # one list, and a look at what it says nothing against
        calls = [call.operation for call in world.calls]
        assert calls.count("ListRecordingConfigurations") == 1
        assert calls.count("GetRecordingConfiguration") == 5 + begun


class _Died(BaseException):
    pass


def _dies(*_: object) -> None:
    raise _Died


def test_what_differs_where_a_list_says_nothing_is_not_taken(world: World, tmp_path: Path) -> None:
    """Thumbnails, say: a list has the name and the destination alone."""
    rehearsed = _twins(world, tmp_path, 1)
    (thing,) = [each for each in rehearsed.state().off.values() if each.kind.deleted]
    rehearsed.state().making(thing)
    data = {**(thing.settings or {}), "recordingReconnectWindowSeconds": 30}
    kind = features.RECORDING_CONFIGURATION
    other = world.features.add(kind, ACCOUNT, REGIONS[0], "other0000000", data)
    assert rehearsed.restore()
    assert other.arn not in _pointers(world)


def test_what_was_there_before_is_not_taken_for_what_was_made(world: World, tmp_path: Path) -> None:
    """A twin that was never deleted, or that is back already."""
    rehearsed = _twins(world, tmp_path, 1)
    (thing,) = [each for each in rehearsed.state().off.values() if each.kind.deleted]
    kind = features.RECORDING_CONFIGURATION
    twin = world.features.add(kind, ACCOUNT, REGIONS[0], "twin0000abcd", dict(thing.settings or {}))
    state = rehearsed.state()
    known = thing.kind.listed(REGIONS[0], {**twin.data, "arn": twin.arn})
    assert known is not None
    state.switching_off(known.having(thing.settings or {}))
    state.switched_on(known, twin.arn)
    state.making(thing)
    assert rehearsed.restore()
    assert _pointers(world) != [twin.arn]
    assert len(set(_of_recorders(world))) == 2


def _of_recorders(world: World) -> list[str]:
    return [each.arn for each in _of(world, features.RECORDING_CONFIGURATION)]


def test_nothing_is_made_while_nobody_can_tell_whether_it_was(
    world: World, tmp_path: Path, account: FakeAccount
) -> None:
    """It could be made twice; the reason is told, and the same goes on afterwards."""
    rehearsed = _twins(world, tmp_path, 2)
    things = [each for each in rehearsed.state().off.values() if each.kind.deleted]
    for thing in things:
        rehearsed.state().making(thing)
    account.denied.add("ivs:ListRecordingConfigurations")
    assert rehearsed.restore(wait=0) is False
    assert len([each for each in _texts(rehearsed, Outcome.FAILED) if "AccessDenied" in each]) == 2
    assert _of_recorders(world) == []
    account.denied.clear()
    assert rehearsed.restore()
    assert len(_of_recorders(world)) == 2


def test_a_channel_follows_what_was_made_again_twice(world: World, tmp_path: Path) -> None:
    """It could not be put back the first time, so the file has the first ARN for it."""
    rehearsed = _twins(world, tmp_path, 1)
    (channel,) = _of(world, features.IVS_CHANNEL)
    world.features.live = {channel.arn}
    assert rehearsed.restore(wait=0) is False
    world.features.live.clear()
    assert rehearsed.release()
    assert rehearsed.restore()
    assert _pointers(world) == _of_recorders(world)
