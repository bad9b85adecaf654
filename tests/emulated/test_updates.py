"""What an update asks of the function, call by call; and what it, and a deploy, leaves alone."""

from __future__ import annotations

import copy
import dataclasses
import functools
import itertools
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import aws_chime, aws_ivs, aws_mediapackage
from botocore.exceptions import ClientError
from constructs import Construct
from ministack.services import iam

from slr_constructs import MediaTailorSessionLogging, RoleRemoval, ServiceLinkedRole, catalogue
from slr_constructs.handler.slr_handler.operations.service_linked_role import LEASE_TAG, MADE_TAG
from tests.emulated.stacks import synthesized_together
from tests.emulated.verdict import broken, left
from tests.fake_services import features
from tests.features import every_feature
from tests.features.every_feature import RECIPES, linear_channel, playback_configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aws_cdk import Stack

    from slr_constructs.catalogue import RoleDefinition
    from tests.emulated.emulator.journal import Entry
    from tests.emulated.stacks import Account, Template
    from tests.fake_services.features import Kind

_REGION = "us-east-1"
_FIRST, _SECOND, _MISSING, _NEIGHBOUR, _STRANGER = "abxyz"

# what happened


@dataclass(frozen=True, slots=True)
class Happened:
    """What an operation on a stack led to.

    `asked` are the events of the function; `calls` are its calls of AWS, with the thing that each
    is about; `switches` are features that went on or off, and things that came or went.
    """

    asked: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    switches: list[str] = field(default_factory=list)


#: how often the function reads depends on how long it waits, and nothing else does.
_READS = {"iam:GetRole", "iam:GetServiceLinkedRoleDeletionStatus"}
_NAMED_BY = (
    "RoleName",
    "AWSServiceName",
    "VoiceConnectorId",
    "AppInstanceArn",
    "arn",
    "PlaybackConfigurationName",
    "ChannelName",
    "Id",
)
_MADE_UP = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Watch:
    """What happens in an account, from one look to the next."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._seen = len(account.emulator.journal.of(account.id))
        self._names: dict[str, str] = {}

    def look(self) -> Happened:
        """Return what happened since the last look."""
        entries = self._account.emulator.journal.of(self._account.id)
        self._learn(entries)
        new, self._seen = entries[self._seen :], len(entries)
        calls = [
            f"{entry.action} {self._thing(entry)}".rstrip() for entry in new if entry.what == "call"
        ]
        return Happened(
            asked=[
                f"{entry.action} {_readable(entry.logical_id)}"
                for entry in new
                if entry.what == "event"
            ],
            calls=[
                call
                for before, call in itertools.pairwise(["", *calls])
                if call != before or call.split()[0] not in _READS
            ],
            switches=[
                f"{entry.action} {self._name(entry.type)}"
                for entry in new
                if entry.what == "switch"
            ],
        )

    def _learn(self, entries: Sequence[Entry]) -> None:
        """Learn what is called by a name that nobody chose: the resource's, or its id."""
        for entry in entries:
            if entry.what == "resource" and entry.action == "create":
                made_up = entry.details["physical_id"].rpartition("/")[2]
                self._names.setdefault(made_up, _readable(entry.logical_id))
        # the end of a live channel's ARN is no name of anybody's
        for (kind, *_, channel), arn in self._account.emulator.features._arns.items():
            if kind is features.LIVE_CHANNEL:
                self._names[arn.rpartition("/")[2]] = channel

    def _thing(self, entry: Entry) -> str:
        parameters = entry.details["parameters"]
        if "DeletionTaskId" in parameters:
            return str(parameters["DeletionTaskId"].split("/")[-2])
        return next((self._name(parameters[name]) for name in _NAMED_BY if name in parameters), "")

    def _name(self, arn_or_id: str) -> str:
        last = arn_or_id.rpartition("/")[2]
        if _MADE_UP.fullmatch(last) or re.fullmatch("[0-9a-f]{32}", last):
            return self._names[last]
        return last[:1] if set(last) == {last[:1]} else last


def _readable(logical_id: str) -> str:
    """Return a logical id without the digests in it."""
    return re.sub("([0-9a-f]{8})?[0-9A-F]{8}$", "", logical_id)


# what is there before

_EXISTING: dict[str, Kind] = {
    "existing-voice": features.VOICE_CONNECTOR,
    "existing-chat": features.APP_INSTANCE,
    "existing-recording": features.IVS_CHANNEL,
    "existing-sessions": features.PLAYBACK_CONFIGURATION,
    "existing-as-run": features.LINEAR_CHANNEL,
    "existing-live": features.LIVE_CHANNEL,
    "existing-vod": features.PACKAGING_GROUP,
}


@pytest.fixture
def settled(account: Account) -> Account:
    """Return an account that has owners of every kind, and where nobody makes roles unasked."""
    emulator = account.emulator
    emulator.behaviour.makes_every_role = True
    emulator.features.makes_role = dict.fromkeys(emulator.features.makes_role, False)
    for kind in _EXISTING.values():
        for name in (_FIRST, _SECOND, _NEIGHBOUR, _STRANGER):
            # the ids of voice connectors have their length
            called = name * 22 if kind is features.VOICE_CONNECTOR else name
            emulator.features.add(kind, account.id, _REGION, called)
    return account


def _in(account: Account, template: Template) -> Template:
    """Return a template whose existing owners are those of the account."""
    body = json.dumps(template.body).replace(every_feature.ACCOUNT, account.id)
    return dataclasses.replace(template, name="Stack", body=json.loads(body))


def _failing(template: Template) -> Template:
    """Return a template that has one resource more, which fails once all others are done."""
    body = copy.deepcopy(dict(template.body))
    policy = {"RoleName": "nobody", "PolicyName": "None", "PolicyDocument": {"Statement": []}}
    body["Resources"]["Fails"] = {
        "Type": "AWS::IAM::RolePolicy",
        "Properties": policy,
        "DependsOn": list(body["Resources"]),
    }
    return dataclasses.replace(template, body=body)


def _state(account: Account) -> dict[str, object]:
    """Return all that an update could have changed: things, roles, policies, functions and logs."""
    return {
        "there": left(account),
        "features": {
            thing.arn: copy.deepcopy(thing.data)
            for thing in account.emulator.features._things.values()
            if thing.account == account.id and thing.on
        },
        # with their tags and policies
        "roles": {
            name: copy.deepcopy(role)
            for (owner, name), role in iam._roles._data.items()
            if owner == account.id
        },
    }


# a feature beside others: added, its owner replaced, removed


@dataclass(frozen=True, slots=True)
class Changes:
    """What is expected when a feature is added, when its owner is replaced, and when it goes.

    A change that fails is taken back: what is expected of it and of its way back together.
    """

    added: Happened
    replaced: Happened
    removed: Happened
    added_in_vain: Happened
    replaced_in_vain: Happened
    removed_in_vain: Happened = Happened()

    @property
    def undone(self) -> Happened:
        """What takes the feature from its first owner."""
        return Happened(
            self.added_in_vain.asked[len(self.added.asked) :],
            self.added_in_vain.calls[len(self.added.calls) :],
            self.added_in_vain.switches[len(self.added.switches) :],
        )


def _about(calls: Sequence[str], thing: str) -> list[str]:
    return [f"{call} {thing}" for call in calls]


def _put(resource: str, on: Sequence[str], off: Sequence[str], *, of_app: bool = False) -> Changes:
    """Return what is expected of a feature that the function puts."""
    first, second = ("ChangedOwner", "ChangedOther") if of_app else (_FIRST, _SECOND)
    made, gone = ([f"{what} {name}"] if of_app else [] for what, name in _CAME_AND_WENT)
    on_first, on_second = _about(on, first), _about(on, second)
    off_first, off_second = _about(off, first), _about(off, second)
    create, update, delete = (f"{what} {resource}" for what in ("Create", "Update", "Delete"))
    back = ["delete ChangedOther"] if of_app else []
    return Changes(
        added=Happened([create], on_first, [f"on {first}"]),
        replaced=Happened(
            [update, delete],
            [*on_second, *off_first],
            [*made, f"on {second}", f"off {first}", *gone],
        ),
        removed=Happened([delete], off_second, [f"off {second}"]),
        added_in_vain=Happened(
            [create, delete], [*on_first, *off_first], [f"on {first}", f"off {first}"]
        ),
        replaced_in_vain=Happened(
            [update, delete],
            [*on_second, *off_second],
            [*made, f"on {second}", f"off {second}", *back],
        ),
    )


_CAME_AND_WENT = (("create", "ChangedOther"), ("delete", "ChangedOwner"))


def _native(first: str, off: str, *, logs_twice: bool = False) -> Changes:
    """Return what is expected of a feature that is its owner's own, and that is released.

    Our model: of a packaging group, CloudFormation says the logs when it makes it, and once more.
    """
    second = "other"
    made = [f"create {second}", f"on {second}", *([f"change {second}"] if logs_twice else [])]
    create, update, delete = (
        f"{what} ChangedFeatureRelease" for what in ("Create", "Update", "Delete")
    )
    return Changes(
        added=Happened([create], [], [f"on {first}"]),
        replaced=Happened(
            [update, delete],
            [f"{off} {first}"],
            [*made, f"off {first}", f"delete {first}"],
        ),
        removed=Happened([delete], [f"{off} {second}"], [f"change {second}", f"off {second}"]),
        added_in_vain=Happened(
            [create, delete],
            [f"{off} {first}"],
            [f"on {first}", f"change {first}", f"off {first}"],
        ),
        replaced_in_vain=Happened(
            [update, delete],
            [f"{off} {second}"],
            [*made, f"off {second}", f"delete {second}"],
        ),
        removed_in_vain=Happened([], [], [f"change {second}"] * 3),
    )


_PUT_VOICE = ["chime-sdk-voice:PutVoiceConnectorStreamingConfiguration"]
_DROP_VOICE = [
    "chime-sdk-voice:DeleteVoiceConnectorStreamingConfiguration",
    "chime-sdk-voice:GetVoiceConnectorStreamingConfiguration",
]
_PUT_CHAT = [
    "chime-sdk-messaging:GetMessagingStreamingConfigurations",
    "chime-sdk-messaging:PutMessagingStreamingConfigurations",
]
_DROP_CHAT = [
    "chime-sdk-messaging:DeleteMessagingStreamingConfigurations",
    "chime-sdk-messaging:GetMessagingStreamingConfigurations",
]
_SESSIONS = "mediatailor:ConfigureLogsForPlaybackConfiguration"
_AS_RUN = "mediatailor:ConfigureLogsForChannel"
_LIVE = "mediapackage:ConfigureLogs"
_VOD = "mediapackage-vod:ConfigureLogs"
_RECORDING = "ChangedFeature"
_RECORDED = "ChangedFeatureChannel"

#: by recipe.
_EXPECTED = {
    "voice": _put("ChangedFeature", _PUT_VOICE, _DROP_VOICE, of_app=True),
    "existing-voice": _put("ChangedFeature", _PUT_VOICE, _DROP_VOICE),
    "chat": _put("ChangedFeature", _PUT_CHAT, _DROP_CHAT, of_app=True),
    "existing-chat": _put("ChangedFeature", _PUT_CHAT, _DROP_CHAT),
    # the function has no part in it
    "recording": Changes(
        added=Happened([], [], [f"create {_RECORDING}", f"on {_RECORDING}"]),
        replaced=Happened(
            [], [], [f"create {_RECORDING}", f"on {_RECORDING}", f"delete {_RECORDING}"]
        ),
        removed=Happened([], [], [f"delete {_RECORDING}"]),
        added_in_vain=Happened(
            [], [], [f"create {_RECORDING}", f"on {_RECORDING}", f"delete {_RECORDING}"]
        ),
        replaced_in_vain=Happened(
            [], [], [f"create {_RECORDING}", f"on {_RECORDING}", f"delete {_RECORDING}"]
        ),
    ),
    "existing-recording": Changes(
        added=Happened(
            [f"Create {_RECORDED}"],
            ["ivs:UpdateChannel a"],
            [f"create {_RECORDING}", f"on {_RECORDING}"],
        ),
        replaced=Happened(
            [f"Create {_RECORDED}", f"Delete {_RECORDED}"],
            ["ivs:UpdateChannel b", "ivs:GetChannel a", "ivs:UpdateChannel a"],
        ),
        removed=Happened(
            [f"Delete {_RECORDED}"],
            ["ivs:GetChannel b", "ivs:UpdateChannel b"],
            [f"delete {_RECORDING}"],
        ),
        added_in_vain=Happened(
            [f"Create {_RECORDED}", f"Delete {_RECORDED}"],
            ["ivs:UpdateChannel a", "ivs:GetChannel a", "ivs:UpdateChannel a"],
            [f"create {_RECORDING}", f"on {_RECORDING}", f"delete {_RECORDING}"],
        ),
        replaced_in_vain=Happened(
            [f"Create {_RECORDED}", f"Delete {_RECORDED}"],
            ["ivs:UpdateChannel b", "ivs:GetChannel b", "ivs:UpdateChannel b"],
        ),
    ),
    "sessions": _native("ads", _SESSIONS),
    "existing-sessions": _put("ChangedFeature", [_SESSIONS], [_SESSIONS]),
    "as-run": _native("linear", _AS_RUN),
    "existing-as-run": _put("ChangedFeature", [_AS_RUN], [_AS_RUN]),
    "live": _native("ours", _LIVE),
    "existing-live": _put("ChangedFeature", [_LIVE], [_LIVE]),
    "vod": _native("ours", _VOD, logs_twice=True),
    "existing-vod": _put("ChangedFeature", [_VOD], [_VOD]),
}

#: an owner of the app, alone.
_OWNERS: dict[str, Callable[[Construct], object]] = {
    "voice": lambda scope: aws_chime.CfnVoiceConnector(
        scope, "Owner", name="lines", require_encryption=True
    ),
    "chat": lambda scope: aws_chime.CfnAppInstance(scope, "Owner", name="chat"),
    "recording": lambda scope: aws_ivs.CfnChannel(scope, "Owner"),
    "sessions": playback_configuration,
    "as-run": linear_channel,
    "live": lambda scope: aws_mediapackage.CfnChannel(scope, "Owner", id="ours"),
    "vod": lambda scope: aws_mediapackage.CfnPackagingGroup(scope, "Owner", id="ours"),
}

#: what makes it another one; a recording configuration is replaced itself.
_REPLACED: dict[str, Callable[[Any], None]] = {
    "voice": lambda scope: scope.node.find_child("Owner").override_logical_id("ChangedOther"),
    "chat": lambda scope: scope.node.find_child("Owner").override_logical_id("ChangedOther"),
    "recording": lambda scope: _name(scope.node.find_child("Feature").resource, name="other"),
    "sessions": lambda scope: _name(scope.node.find_child("Owner"), name="other"),
    "as-run": lambda scope: _name(scope.node.find_child("Owner"), channel_name="other"),
    "live": lambda scope: _name(scope.node.find_child("Owner"), id="other"),
    "vod": lambda scope: _name(scope.node.find_child("Owner"), id="other"),
}


def _name(l1: object, **names: str) -> None:
    for prop, name in names.items():
        setattr(l1, prop, name)


def _neighbours(stack: Stack, recipe: str) -> None:
    """Define two features that do not change: one with the same role, and one with another."""
    same = next(
        name for name in _EXISTING if RECIPES[name].definition is RECIPES[recipe].definition
    )
    another = "existing-sessions" if same == "existing-live" else "existing-live"
    RECIPES[same].define(Construct(stack, "Neighbour"), _NEIGHBOUR, None)
    RECIPES[another].define(Construct(stack, "Stranger"), _STRANGER, None)


def _beside(recipe: str, owner: str, stack: Stack, *, feature: bool) -> None:
    _neighbours(stack, recipe)
    scope = Construct(stack, "Changed")
    if feature:
        letter = "ours" if recipe in {"live", "vod"} else owner
        RECIPES[recipe].define(scope, letter, None)
    elif recipe in _OWNERS:
        _OWNERS[recipe](scope)
    if owner == _SECOND and recipe in _REPLACED and (feature or recipe != "recording"):
        _REPLACED[recipe](scope)


@functools.cache
def _stacks_beside() -> Mapping[str, Template]:
    return synthesized_together(
        {
            f"{recipe}-{owner}-{'on' if feature else 'off'}": functools.partial(
                _beside, recipe, owner, feature=feature
            )
            for recipe in RECIPES
            for owner in (_FIRST, _SECOND)
            for feature in (True, False)
            # without their feature, two existing owners are the same nothing
            if feature or owner == _FIRST or recipe not in _EXISTING
        }
    )


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_feature_comes_moves_and_goes_beside_others(
    recipe: str, settled: Account, tally: Callable[..., None]
) -> None:
    """Only the expected calls are made, whether it is done or taken back; the others stay on."""
    expected = _EXPECTED[recipe]
    stacks = _stacks_beside()
    off, on, moved, moved_off = (
        _in(settled, stacks.get(f"{recipe}-{name}") or stacks[f"{recipe}-a-off"])
        for name in ("a-off", "a-on", "b-on", "b-off")
    )
    before = left(settled)
    assert settled.deploy(off).well
    watch = Watch(settled)
    watch.look()

    for template, in_vain, done in (
        (on, expected.added_in_vain, expected.added),
        (moved, expected.replaced_in_vain, expected.replaced),
        (moved_off, expected.removed_in_vain, expected.removed),
    ):
        state = _state(settled)
        assert settled.deploy(_failing(template)).status == "UPDATE_ROLLBACK_COMPLETE"
        happened = watch.look()
        assert happened == in_vain, happened
        assert _state(settled) == state
        ended = settled.deploy(template)
        assert (ended.status, ended.reasons) == ("UPDATE_COMPLETE", ())
        happened = watch.look()
        assert happened == done, happened

    settled.destroy(moved_off)
    assert left(settled) == before
    assert broken(settled.emulator.journal.of(settled.id)) == []
    tally("updates", updates=3, taken_back=3, features_beside_untouched=2)


@pytest.mark.parametrize("recipe", _EXISTING)
def test_an_owner_that_is_not_there_leaves_the_one_before_as_it_was(
    recipe: str, settled: Account, tally: Callable[..., None]
) -> None:
    """The feature is put on the first owner once more, and was on all the time."""
    there = _in(settled, _stacks_beside()[f"{recipe}-a-on"])
    missing = _in(settled, _stacks_missing()[recipe])
    assert settled.deploy(there).well
    state = _state(settled)
    watch = Watch(settled)
    watch.look()

    ended = settled.deploy(missing)

    assert ended.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "Feature" in ended.reasons[0], ended.reasons
    assert _state(settled) == state
    happened = watch.look()
    assert [each for each in happened.switches if not each.startswith("change ")] == []
    assert {call.split()[-1] for call in happened.calls} <= {_FIRST, _MISSING}, happened
    tally("updates", taken_back=1, features_beside_untouched=2)


@functools.cache
def _stacks_missing() -> Mapping[str, Template]:
    return synthesized_together(
        {recipe: functools.partial(_beside, recipe, _MISSING, feature=True) for recipe in _EXISTING}
    )


# a setting changed


def _sessions_logged(owner: str, percent: int, stack: Stack) -> None:
    _neighbours(stack, "sessions")
    scope = Construct(stack, "Changed")
    MediaTailorSessionLogging(
        scope,
        "Feature",
        playback_configuration=owner or playback_configuration(scope),
        percent_enabled=percent,
    )


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        pytest.param("", Happened([], [], ["change ads"]), id="of the app"),
        pytest.param(
            _FIRST,
            Happened(["Update ChangedFeature"], [f"{_SESSIONS} a"], ["change a"]),
            id="existing",
        ),
    ],
)
def test_another_percentage_is_set_and_nothing_else(
    owner: str, expected: Happened, settled: Account, tally: Callable[..., None]
) -> None:
    """The logs are never off in between; if the update fails, the former percentage is back."""
    stacks = synthesized_together(
        {
            f"percent-{percent}": functools.partial(_sessions_logged, owner, percent)
            for percent in (100, 50)
        }
    )
    all_of_them, half = (_in(settled, stacks[f"percent-{percent}"]) for percent in (100, 50))
    assert settled.deploy(all_of_them).well
    watch = Watch(settled)
    watch.look()
    state = _state(settled)

    assert settled.deploy(_failing(half)).status == "UPDATE_ROLLBACK_COMPLETE"
    there_and_back = watch.look()
    assert _state(settled) == state
    assert settled.deploy(half).status == "UPDATE_COMPLETE"
    there = watch.look()

    assert (there.asked, there.calls) == (expected.asked, expected.calls)
    assert (there_and_back.asked, there_and_back.calls) == (expected.asked * 2, expected.calls * 2)
    # CloudFormation may say an owner's properties in more than one call
    assert {*there.switches, *there_and_back.switches} == {*expected.switches}
    configuration = settled.emulator.features.find(
        features.PLAYBACK_CONFIGURATION, settled.id, _REGION, owner or "ads"
    )
    assert configuration is not None
    assert configuration.data["LogConfiguration"]["PercentEnabled"] == 50
    tally("updates", updates=1, taken_back=1, features_beside_untouched=2)


# the role

#: a role that IAM makes today, and a recipe that uses it.
_ROLES = {RECIPES[recipe].definition.role_name: recipe for recipe in reversed(_EXISTING)}


def _with_role(
    recipe: str,
    stack: Stack,
    *,
    role: str | None = None,
    removal: RoleRemoval = RoleRemoval.WHEN_UNUSED,
    description: str | None = None,
    imported: bool = False,
) -> None:
    another = "existing-sessions" if recipe == "existing-live" else "existing-live"
    RECIPES[another].define(Construct(stack, "Stranger"), _STRANGER, None)
    definition = RECIPES[recipe].definition
    if imported:
        ServiceLinkedRole.from_existing(stack, "Imported", definition)
    elif role is not None:
        ServiceLinkedRole(
            stack, role, definition=definition, removal=removal, description=description
        )
    if imported or role is not None:
        RECIPES[recipe].define(Construct(stack, "Changed"), _FIRST, None)


_ROLE_STEPS: dict[str, dict[str, Any]] = {
    "without": {},
    "with": {"role": "Role"},
    "required": {"role": "Role", "removal": RoleRemoval.REQUIRE},
    "described": {"role": "Role", "removal": RoleRemoval.REQUIRE, "description": "Ours"},
    "unrequired": {"role": "Role", "description": "Ours"},
    "renamed": {"role": "Renamed"},
    "imported": {"imported": True},
}


@functools.cache
def _stacks_with_role() -> Mapping[str, Template]:
    return synthesized_together(
        {
            f"{recipe}-{step}": functools.partial(_with_role, recipe, **how)
            for recipe in _ROLES.values()
            for step, how in _ROLE_STEPS.items()
        }
    )


def _iam(role: str, *operations: str) -> list[str]:
    return [f"iam:{operation} {role}" for operation in operations]


@pytest.mark.parametrize("role", _ROLES)
def test_a_role_comes_changes_and_goes_beside_others(
    role: str, settled: Account, tally: Callable[..., None]
) -> None:
    """The feature that uses it is asked only when it comes and goes, and the others never."""
    recipe = _ROLES[role]
    stacks = {step: _in(settled, _stacks_with_role()[f"{recipe}-{step}"]) for step in _ROLE_STEPS}
    feature = _EXPECTED[recipe]
    hold = _iam(role, "GetRole", "TagRole", "GetRole")
    principal = RECIPES[recipe].definition.service_principal
    make = [
        *_iam(role, "GetRole"),
        f"iam:CreateServiceLinkedRole {principal}",
        *hold,
        # known for ours by its description until now
        *_iam(role, "TagRole"),
    ]
    drop = _iam(role, "GetRole", "UntagRole", "GetRole")
    delete = _iam(
        role, "TagRole", "GetRole", "DeleteServiceLinkedRole", "GetServiceLinkedRoleDeletionStatus"
    )
    assert settled.deploy(stacks["without"]).well
    watch = Watch(settled)
    watch.look()

    steps = (
        (
            "with",
            Happened(
                ["Create Role", *feature.added.asked],
                [*make, *feature.added.calls],
                feature.added.switches,
            ),
        ),
        ("required", Happened(["Update Role"], _iam(role, "GetRole"))),
        ("described", Happened(["Update Role"], _iam(role, "GetRole", "UpdateRoleDescription"))),
        ("unrequired", Happened(["Update Role"], _iam(role, "GetRole"))),
        (
            "without",
            Happened(
                [*feature.undone.asked, "Delete Role"],
                [*feature.undone.calls, *drop, *delete],
                feature.undone.switches,
            ),
        ),
    )
    for step, expected in steps:
        ended = settled.deploy(stacks[step])
        assert (ended.status, ended.reasons) == ("UPDATE_COMPLETE", ()), step
        happened = watch.look()
        assert happened == expected, f"{step}: {happened}"
    assert not settled.emulator.roles.exists(settled.id, role)
    tally("updates", updates=len(steps), features_beside_untouched=1)


@pytest.mark.parametrize("recipe", ["existing-voice", "existing-recording", "sessions", "vod"])
def test_fails_when_a_feature_is_given_another_construct_id(
    recipe: str, settled: Account, tally: Callable[..., None]
) -> None:
    """Its policy keeps its name, and so the former one cannot switch off what the new one put."""
    before = _in(settled, _stacks_beside()[f"{recipe}-a-on"])
    _hold_back_what_is_renamed(settled, before, _renamed(before), tally)


def test_fails_when_a_role_is_given_another_construct_id(
    settled: Account, tally: Callable[..., None]
) -> None:
    """Its policy keeps its name, and so the new one is refused."""
    before, after = (
        _in(settled, _stacks_with_role()[f"existing-voice-{step}"]) for step in ("with", "renamed")
    )
    _hold_back_what_is_renamed(settled, before, after, tally)


def _renamed(template: Template) -> Template:
    """Return a template in which the feature that is changed has another construct id."""
    text = json.dumps(template.body).replace("ChangedFeature", "ChangedRenamed")
    return dataclasses.replace(template, body=json.loads(text))


def _hold_back_what_is_renamed(
    account: Account, before: Template, after: Template, tally: Callable[..., None]
) -> None:
    assert account.deploy(before).well
    state = _state(account)
    watch = Watch(account)
    watch.look()

    ended = account.deploy(after)

    assert ended.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "already exists" in str(ended.reasons)
    assert _state(account) == state
    happened = watch.look()
    assert (happened.asked, happened.calls) == ([], [])
    tally("updates", taken_back=1)


def test_a_role_that_somebody_else_looks_after_from_now_on_is_let_go_alone(
    settled: Account, tally: Callable[..., None]
) -> None:
    """The feature stays on, and so IAM does not delete its role."""
    recipe, role = "existing-voice", catalogue.CHIME_VOICE_CONNECTOR.role_name
    held, imported = (
        _in(settled, _stacks_with_role()[f"{recipe}-{step}"]) for step in ("with", "imported")
    )
    assert settled.deploy(held).well
    watch = Watch(settled)
    watch.look()

    ended = settled.deploy(imported)

    assert (ended.status, ended.reasons) == ("UPDATE_COMPLETE", ())
    happened = watch.look()
    assert (happened.asked, happened.switches) == (["Delete Role"], [])
    assert {call.split()[1] for call in happened.calls} == {role}
    assert f"iam:DeleteServiceLinkedRole {role}" in happened.calls
    assert settled.emulator.roles.tags(settled.id, role) == {MADE_TAG: "true"}
    tally("updates", updates=1, features_beside_untouched=2)


# nothing to do


def test_a_second_deploy_does_nothing(
    account: Account, sample_app: Mapping[str, Template], tally: Callable[..., None]
) -> None:
    """CloudFormation has nothing to update; with another resource more, it asks nobody but that."""
    emulator = account.emulator
    emulator.behaviour.makes_every_role = True
    with emulator.standing_still():
        begun = [account.begin_deploy(stack) for stack in sample_app.values()]
    assert {each.end().status for each in begun} == {"CREATE_COMPLETE"}
    before = len(emulator.journal.of(account.id))

    refused = []
    for stack in sample_app.values():
        with pytest.raises(ClientError) as caught:
            account.deploy(stack)
        refused.append(caught.value.response["Error"])
    updated = []
    for stack in sample_app.values():
        more = {**stack.body["Resources"], "Unrelated": {"Type": "AWS::SNS::Topic"}}
        updated.append(
            account.deploy(dataclasses.replace(stack, body={**stack.body, "Resources": more}))
        )

    assert {(error["Code"], error["Message"]) for error in refused} == {
        ("ValidationError", "No updates are to be performed.")
    }
    assert {(ended.status, ended.reasons) for ended in updated} == {("UPDATE_COMPLETE", ())}
    since = emulator.journal.of(account.id)[before:]
    assert [str(entry) for entry in since] == []
    tally(
        "no change",
        second_deploys=len(refused),
        updates_elsewhere=len(updated),
        events_and_calls=len(since),
    )


# roles of others

#: theirs, and not all of it what this library would write.
_THEIR_TAGS = [{"Key": "team", "Value": "broadcast"}, {"Key": "cost-centre", "Value": "7"}]
_THEIR_WORDS = "Made by hand, long ago"
_BY_NAME = {definition.role_name: definition for definition in catalogue.ALL}


def _held_by_feature(definition: RoleDefinition, removal: RoleRemoval, stack: Stack) -> None:
    recipe = next(
        # the older messaging role is for the same feature as today's
        name
        for name in _EXISTING
        if RECIPES[name].definition.feature == definition.feature
    )
    role = ServiceLinkedRole(stack, "Role", definition=definition, removal=removal)
    RECIPES[recipe].define(stack, _FIRST, role)


@functools.cache
def _stacks_adopting() -> Mapping[str, Template]:
    return synthesized_together(
        {
            f"{name}-{removal.name}".replace("_", "-"): functools.partial(
                _held_by_feature, definition, removal
            )
            for name, definition in _BY_NAME.items()
            for removal in RoleRemoval
        }
    )


def _adopting(account: Account, role: str, removal: RoleRemoval) -> Template:
    return _in(account, _stacks_adopting()[f"{role}-{removal.name}".replace("_", "-")])


@pytest.fixture
def theirs(settled: Account) -> Callable[[str], dict[str, Any]]:
    """Return what makes a role as somebody else made it, and returns all of it."""
    emulator = settled.emulator
    # for the older role's feature, the service makes today's, whatever IAM is asked for
    today = catalogue.CHIME_MESSAGING.role_name
    emulator.features.makes_role = emulator.features.makes_role | {today: True}

    def make(role: str) -> dict[str, Any]:
        emulator.roles.make(settled.id, _BY_NAME[role], description=_THEIR_WORDS)
        iam = emulator.client("iam", settled.id, _REGION)
        iam.tag_role(RoleName=role, Tags=_THEIR_TAGS)
        return _all_of(settled, role)

    return make


def _all_of(account: Account, role: str) -> dict[str, Any]:
    """Return all that IAM says of a role."""
    iam = account.emulator.client("iam", account.id, _REGION)
    return dict(iam.get_role(RoleName=role)["Role"])


def _leases(role: Mapping[str, Any]) -> list[str]:
    return [tag["Value"] for tag in role["Tags"] if tag["Key"].startswith(LEASE_TAG)]


@pytest.mark.parametrize("removal", [RoleRemoval.WHEN_UNUSED, RoleRemoval.KEEP])
@pytest.mark.parametrize("role", _BY_NAME)
def test_a_role_of_somebody_else_stays_as_it_is(
    role: str,
    removal: RoleRemoval,
    settled: Account,
    theirs: Callable[[str], dict[str, Any]],
    tally: Callable[..., None],
) -> None:
    """A stack adds its lease, and takes that away again; nothing else of the role changes."""
    before = theirs(role)
    template = _adopting(settled, role, removal)
    watch = Watch(settled)

    deployed = settled.deploy(template)
    held = _all_of(settled, role)
    destroyed = settled.destroy(template)

    assert (deployed.status, destroyed.status) == ("CREATE_COMPLETE", "DELETE_COMPLETE")
    assert _leases(held) == [deployed.stack_id]
    ours = [tag for tag in held["Tags"] if tag not in _THEIR_TAGS]
    assert len(ours) == 1
    assert {**held, "Tags": before["Tags"]} == before
    assert _all_of(settled, role) == before
    assert "iam:DeleteServiceLinkedRole" not in str(watch.look().calls)
    # for the older role's feature, today's is made by the service
    assert [each for each in broken(settled.emulator.journal.of(settled.id)) if role in each] == []
    tally("adoption", adopted=1, kept_as_they_were=1)


@pytest.mark.parametrize("role", _BY_NAME)
def test_a_role_of_somebody_else_goes_if_it_is_required_to_and_nobody_uses_it(
    role: str,
    settled: Account,
    theirs: Callable[[str], dict[str, Any]],
    tally: Callable[..., None],
) -> None:
    """Whoever uses it is named; and while they do, nothing of the role changes but our lease."""
    before = theirs(role)
    template = _adopting(settled, role, RoleRemoval.REQUIRE)
    used_by = "arn:aws:elsewhere:eu-west-1:111122223333:something/of-theirs"
    use = (settled.id, role, "eu-west-1", used_by)

    assert settled.deploy(template).status == "CREATE_COMPLETE"
    settled.emulator.features.add_use(*use)
    refused = settled.destroy(template)
    during = _all_of(settled, role)
    settled.emulator.features.remove_use(*use)
    destroyed = settled.destroy(template)

    assert refused.status == "DELETE_FAILED"
    assert used_by in str(refused.reasons)
    assert during == before
    assert destroyed.status == "DELETE_COMPLETE"
    assert not settled.emulator.roles.exists(settled.id, role)
    tally("adoption", adopted=1, required_and_refused_while_used=1, deleted_when_unused=1)


@pytest.mark.parametrize(
    "role", [name for name in _BY_NAME if name != catalogue.CHIME_MESSAGING_LEGACY.role_name]
)
def test_a_role_of_ours_that_is_kept_is_known_for_ours_by_the_next_stack(
    role: str, settled: Account, tally: Callable[..., None]
) -> None:
    """Kept, it has no lease; the next stack adopts it, and may delete it."""
    keeping, letting_go = (
        _adopting(settled, role, removal) for removal in (RoleRemoval.KEEP, RoleRemoval.WHEN_UNUSED)
    )
    assert settled.deploy(keeping).status == "CREATE_COMPLETE"
    assert settled.destroy(keeping).status == "DELETE_COMPLETE"
    assert settled.emulator.roles.tags(settled.id, role) == {MADE_TAG: "true"}

    assert settled.deploy(letting_go).status == "CREATE_COMPLETE"
    assert settled.destroy(letting_go).status == "DELETE_COMPLETE"
    assert not settled.emulator.roles.exists(settled.id, role)
    tally("adoption", adopted=1, of_ours_kept=1, deleted_when_unused=1)


def test_fails_when_the_older_messaging_role_is_not_there(
    settled: Account, tally: Callable[..., None]
) -> None:
    """IAM makes another role for its principal today, so none is made."""
    role = catalogue.CHIME_MESSAGING_LEGACY.role_name

    ended = settled.deploy(_adopting(settled, role, RoleRemoval.WHEN_UNUSED))

    assert ended.status == "ROLLBACK_COMPLETE"
    assert "declare the current role" in str(ended.reasons)
    assert settled.emulator.roles.of(settled.id) == []
    tally("adoption", refused_for_want_of_the_older_role=1)
