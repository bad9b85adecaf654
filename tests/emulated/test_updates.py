"""The calls of the function in an update, and the resources that updates do not change."""

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
from slr_constructs.catalogue import usage_lists_of
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    CREATED_TAG,
    KEPT_TAG,
    LEASE_TAG,
)
from tests.emulated.recipes import EXISTING, add_existing
from tests.emulated.stacks import synthesized_together
from tests.emulated.verdict import broken, left
from tests.fake_services import features
from tests.features import every_feature
from tests.features.every_feature import RECIPES, linear_channel, playback_configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aws_cdk import Stack

    from slr_constructs.catalogue import RoleDefinition
    from tests.emulated.journal import Entry
    from tests.emulated.stacks import Account, Template

_REGION = "us-east-1"
_FIRST, _SECOND, _MISSING, _NEIGHBOUR, _STRANGER = "abxyz"

# effects


@dataclass(frozen=True, slots=True)
class Effects:
    """The effects of an operation on a stack.

    `events` are the events of the function; `calls` are its calls of AWS with their targets;
    `settings` are features that were enabled or disabled, and owners that were created or deleted.
    """

    events: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)


#: only the number of these reads depends on how long the function waits.
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
    "Name",
    "ResourceARN",
    "ResourceArn",
    "resourceArn",
)
_GENERATED = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Watch:
    """Reports the effects in an account since the last look."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._seen = len(account.emulator.journal.of(account.id))
        self._names: dict[str, str] = {}

    def look(self) -> Effects:
        """Return the effects since the last look."""
        entries = self._account.emulator.journal.of(self._account.id)
        self._learn(entries)
        new, self._seen = entries[self._seen :], len(entries)
        calls = [
            f"{entry.action} {self._target(entry)}".rstrip()
            for entry in new
            # questions to CloudFormation change nothing, and precede each attempt of a change
            if entry.what == "call" and not entry.action.startswith("cloudformation:")
        ]
        return Effects(
            events=[
                f"{entry.action} {_readable(entry.logical_id)}"
                for entry in new
                if entry.what == "event"
            ],
            calls=[
                call
                for before, call in itertools.pairwise(["", *calls])
                if call != before or call.split()[0] not in _READS
            ],
            settings=[
                f"{entry.action} {self._name(entry.type)}"
                for entry in new
                if entry.what == "feature"
            ],
        )

    def _learn(self, entries: Sequence[Entry]) -> None:
        """Record readable names for generated names and ids."""
        for entry in entries:
            if entry.what == "resource" and entry.action == "create":
                generated = entry.details["physical_id"].rpartition("/")[2]
                self._names.setdefault(generated, _readable(entry.logical_id))
        # the last part of a live channel's ARN is a generated id
        for (kind, *_, channel), arn in self._account.emulator.features._arns.items():
            if kind is features.LIVE_CHANNEL:
                self._names[arn.rpartition("/")[2]] = channel

    def _target(self, entry: Entry) -> str:
        parameters = entry.details["parameters"]
        if "DeletionTaskId" in parameters:
            return str(parameters["DeletionTaskId"].split("/")[-2])
        return next((self._name(parameters[name]) for name in _NAMED_BY if name in parameters), "")

    def _name(self, arn_or_id: str) -> str:
        last = arn_or_id.rpartition("/")[2]
        if _GENERATED.fullmatch(last) or re.fullmatch("[0-9a-f]{32}", last):
            return self._names[last]
        return last[:1] if set(last) == {last[:1]} else last


def _readable(logical_id: str) -> str:
    """Return a logical id without its hashes."""
    return re.sub("([0-9a-f]{8})?[0-9A-F]{8}$", "", logical_id)


# existing owners


@pytest.fixture
def settled(account: Account) -> Account:
    """Return an account with owners of every kind, in which services do not create roles."""
    emulator = account.emulator
    emulator.behaviour.creates_every_role = True
    emulator.features.makes_role = dict.fromkeys(emulator.features.makes_role, False)
    for recipe in EXISTING:
        for name in (_FIRST, _SECOND, _NEIGHBOUR, _STRANGER):
            add_existing(account, recipe, name)
    return account


def _in(account: Account, template: Template) -> Template:
    """Return a template whose existing owners are those of the account."""
    body = json.dumps(template.body).replace(every_feature.ACCOUNT, account.id)
    return dataclasses.replace(template, name="Stack", body=json.loads(body))


def _failing(template: Template) -> Template:
    """Return a template with an additional resource, which fails after all others succeeded."""
    body = copy.deepcopy(dict(template.body))
    policy = {"RoleName": "missing", "PolicyName": "None", "PolicyDocument": {"Statement": []}}
    body["Resources"]["Fails"] = {
        "Type": "AWS::IAM::RolePolicy",
        "Properties": policy,
        "DependsOn": list(body["Resources"]),
    }
    return dataclasses.replace(template, body=body)


def _state(account: Account) -> dict[str, object]:
    """Return the state that an update could change: resources, roles, policies, functions, logs."""
    return {
        "resources": left(account),
        "features": {
            target.arn: copy.deepcopy(target.data)
            for target in account.emulator.features._targets.values()
            if target.account == account.id and target.on
        },
        # including their tags and policies
        "roles": {
            name: copy.deepcopy(role)
            for (owner, name), role in iam._roles._data.items()
            if owner == account.id
        },
    }


# one of several features: added, its owner replaced, removed


@dataclass(frozen=True, slots=True)
class Changes:
    """The expected effects when a feature is added, its owner is replaced, and it is removed.

    The effects of a failed change include those of its rollback.
    """

    added: Effects
    replaced: Effects
    removed: Effects
    added_rolled_back: Effects
    replaced_rolled_back: Effects
    removed_rolled_back: Effects = Effects()

    @property
    def undone(self) -> Effects:
        """The effects of removing the feature from its first owner."""
        return Effects(
            self.added_rolled_back.events[len(self.added.events) :],
            self.added_rolled_back.calls[len(self.added.calls) :],
            self.added_rolled_back.settings[len(self.added.settings) :],
        )


def _about(calls: Sequence[str], target: str) -> list[str]:
    return [f"{call} {target}" for call in calls]


def _configured(
    resource: str, on: Sequence[str], off: Sequence[str], *, of_app: bool = False
) -> Changes:
    """Return the expected effects for a feature that the function configures."""
    first, second = ("ChangedOwner", "ChangedOther") if of_app else (_FIRST, _SECOND)
    created, deleted = ([f"{what} {name}"] if of_app else [] for what, name in _CREATED_AND_DELETED)
    on_first, on_second = _about(on, first), _about(on, second)
    off_first, off_second = _about(off, first), _about(off, second)
    create, update, delete = (f"{what} {resource}" for what in ("Create", "Update", "Delete"))
    back = ["delete ChangedOther"] if of_app else []
    return Changes(
        added=Effects([create], on_first, [f"on {first}"]),
        replaced=Effects(
            [update, delete],
            [*on_second, *off_first],
            [*created, f"on {second}", f"off {first}", *deleted],
        ),
        removed=Effects([delete], off_second, [f"off {second}"]),
        added_rolled_back=Effects(
            [create, delete], [*on_first, *off_first], [f"on {first}", f"off {first}"]
        ),
        replaced_rolled_back=Effects(
            [update, delete],
            [*on_second, *off_second],
            [*created, f"on {second}", f"off {second}", *back],
        ),
    )


def _marked(
    resource: str, tags: str, read: Sequence[str], on: Sequence[str], off: Sequence[str]
) -> Changes:
    """Return the expected effects for an existing owner: it is read and marked before the change.

    Args:
        resource: The custom resource.

        tags: The client with the operations for tags.

        read: The calls that read the settings and the tags.

        on: The calls that configure the feature.

        off: The calls that disable it.
    """
    tag, untag = (f"{tags}:{verb}Resource" for verb in ("Tag", "Untag"))
    return _configured(resource, [*read, tag, *read, *on], [*read, *off, untag])


_CREATED_AND_DELETED = (("create", "ChangedOther"), ("delete", "ChangedOwner"))


def _native(first: str, off: str, *, logs_twice: bool = False) -> Changes:
    """Return the expected effects for a feature in its owner's properties, with clean-up.

    Our model: CloudFormation configures the logs of a packaging group twice on create.
    """
    second = "other"
    created = [f"create {second}", f"on {second}", *([f"change {second}"] if logs_twice else [])]
    create, update, delete = (
        f"{what} ChangedFeatureCleanUp" for what in ("Create", "Update", "Delete")
    )
    return Changes(
        added=Effects([create], [], [f"on {first}"]),
        replaced=Effects(
            [update, delete],
            [f"{off} {first}"],
            [*created, f"off {first}", f"delete {first}"],
        ),
        removed=Effects([delete], [f"{off} {second}"], [f"change {second}", f"off {second}"]),
        added_rolled_back=Effects(
            [create, delete],
            [f"{off} {first}"],
            [f"on {first}", f"change {first}", f"off {first}"],
        ),
        replaced_rolled_back=Effects(
            [update, delete],
            [f"{off} {second}"],
            [*created, f"off {second}", f"delete {second}"],
        ),
        removed_rolled_back=Effects([], [], [f"change {second}"] * 3),
    )


_CONFIGURE_VOICE = ["chime-sdk-voice:PutVoiceConnectorStreamingConfiguration"]
_REMOVE_VOICE = [
    "chime-sdk-voice:DeleteVoiceConnectorStreamingConfiguration",
    "chime-sdk-voice:GetVoiceConnectorStreamingConfiguration",
]
_CONFIGURE_CHAT = [
    "chime-sdk-messaging:GetMessagingStreamingConfigurations",
    "chime-sdk-messaging:PutMessagingStreamingConfigurations",
]
_REMOVE_CHAT = [
    "chime-sdk-messaging:DeleteMessagingStreamingConfigurations",
    "chime-sdk-messaging:GetMessagingStreamingConfigurations",
]
#: the paths of these operations do not tell the Chime clients apart.
_CHIME_TAGS = "chime-sdk-voice"
_READ_SESSIONS = "mediatailor:GetPlaybackConfiguration"
_SESSIONS = "mediatailor:ConfigureLogsForPlaybackConfiguration"
_AS_RUN = "mediatailor:ConfigureLogsForChannel"
_LIVE = "mediapackage:ConfigureLogs"
_VOD = "mediapackage-vod:ConfigureLogs"
_RECORDING = "ChangedFeature"
_RECORDED = "ChangedFeatureChannel"


def _recorded(channel: str) -> list[str]:
    calls = ["ivs:GetChannel", "ivs:TagResource", "ivs:GetChannel", "ivs:UpdateChannel"]
    return _about(calls, channel)


def _no_longer_recorded(channel: str) -> list[str]:
    return _about(["ivs:GetChannel", "ivs:UpdateChannel", "ivs:UntagResource"], channel)


#: by recipe.
_EXPECTED = {
    "voice": _configured("ChangedFeature", _CONFIGURE_VOICE, _REMOVE_VOICE, of_app=True),
    "existing-voice": _marked(
        "ChangedFeature",
        _CHIME_TAGS,
        [f"{_CHIME_TAGS}:ListTagsForResource", _REMOVE_VOICE[-1]],
        _CONFIGURE_VOICE,
        _REMOVE_VOICE,
    ),
    "chat": _configured("ChangedFeature", _CONFIGURE_CHAT, _REMOVE_CHAT, of_app=True),
    "existing-chat": _marked(
        "ChangedFeature",
        _CHIME_TAGS,
        [f"{_CHIME_TAGS}:ListTagsForResource", _REMOVE_CHAT[-1]],
        _CONFIGURE_CHAT,
        _REMOVE_CHAT,
    ),
    # the function does nothing
    "recording": Changes(
        added=Effects([], [], [f"create {_RECORDING}", f"on {_RECORDING}"]),
        replaced=Effects(
            [], [], [f"create {_RECORDING}", f"on {_RECORDING}", f"delete {_RECORDING}"]
        ),
        removed=Effects([], [], [f"delete {_RECORDING}"]),
        added_rolled_back=Effects(
            [], [], [f"create {_RECORDING}", f"on {_RECORDING}", f"delete {_RECORDING}"]
        ),
        replaced_rolled_back=Effects(
            [], [], [f"create {_RECORDING}", f"on {_RECORDING}", f"delete {_RECORDING}"]
        ),
    ),
    "existing-recording": Changes(
        added=Effects(
            [f"Create {_RECORDED}"],
            _recorded("a"),
            [f"create {_RECORDING}", f"on {_RECORDING}"],
        ),
        replaced=Effects(
            [f"Create {_RECORDED}", f"Delete {_RECORDED}"],
            [*_recorded("b"), *_no_longer_recorded("a")],
        ),
        removed=Effects(
            [f"Delete {_RECORDED}"],
            _no_longer_recorded("b"),
            [f"delete {_RECORDING}"],
        ),
        added_rolled_back=Effects(
            [f"Create {_RECORDED}", f"Delete {_RECORDED}"],
            [*_recorded("a"), *_no_longer_recorded("a")],
            [f"create {_RECORDING}", f"on {_RECORDING}", f"delete {_RECORDING}"],
        ),
        replaced_rolled_back=Effects(
            [f"Create {_RECORDED}", f"Delete {_RECORDED}"],
            [*_recorded("b"), *_no_longer_recorded("b")],
        ),
    ),
    "sessions": _native("ads", _SESSIONS),
    "existing-sessions": _marked(
        "ChangedFeature", "mediatailor", [_READ_SESSIONS], [_SESSIONS], [_SESSIONS]
    ),
    "as-run": _native("linear", _AS_RUN),
    "existing-as-run": _marked(
        "ChangedFeature", "mediatailor", ["mediatailor:DescribeChannel"], [_AS_RUN], [_AS_RUN]
    ),
    "live": _native("ours", _LIVE),
    "existing-live": _marked(
        "ChangedFeature", "mediapackage", ["mediapackage:DescribeChannel"], [_LIVE], [_LIVE]
    ),
    "vod": _native("ours", _VOD, logs_twice=True),
    "existing-vod": _marked(
        "ChangedFeature",
        "mediapackage-vod",
        ["mediapackage-vod:DescribePackagingGroup"],
        [_VOD],
        [_VOD],
    ),
}

#: an owner of the app without a feature.
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

#: a change that replaces the owner; a recording configuration is replaced itself.
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
    same = next(name for name in EXISTING if RECIPES[name].definition is RECIPES[recipe].definition)
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
            # without their feature, stacks with different existing owners are equal
            if feature or owner == _FIRST or recipe not in EXISTING
        }
    )


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_feature_is_added_moved_and_removed_next_to_others(
    recipe: str, settled: Account, tally: Callable[..., None]
) -> None:
    """Only the expected calls are made, with and without a rollback; the others stay enabled."""
    expected = _EXPECTED[recipe]
    stacks = _stacks_beside()
    off, on, moved, moved_off = (
        _in(settled, stacks.get(f"{recipe}-{name}") or stacks[f"{recipe}-a-off"])
        for name in ("a-off", "a-on", "b-on", "b-off")
    )
    before = left(settled)
    assert settled.deploy(off).succeeded
    watch = Watch(settled)
    watch.look()

    for template, rolled_back_effects, done in (
        (on, expected.added_rolled_back, expected.added),
        (moved, expected.replaced_rolled_back, expected.replaced),
        (moved_off, expected.removed_rolled_back, expected.removed),
    ):
        state = _state(settled)
        assert settled.deploy(_failing(template)).status == "UPDATE_ROLLBACK_COMPLETE"
        effects = watch.look()
        assert effects == rolled_back_effects, effects
        assert _state(settled) == state
        ended = settled.deploy(template)
        assert (ended.status, ended.reasons) == ("UPDATE_COMPLETE", ())
        effects = watch.look()
        assert effects == done, effects

    settled.destroy(moved_off)
    assert left(settled) == before
    assert broken(settled.emulator.journal.of(settled.id)) == []
    tally("updates", updates=3, taken_back=3, features_beside_untouched=2)


@pytest.mark.parametrize("recipe", EXISTING)
def test_a_move_to_a_missing_owner_keeps_the_previous_owner(
    recipe: str, settled: Account, tally: Callable[..., None]
) -> None:
    """The rollback configures the feature on the first owner again; it was always enabled."""
    before = _in(settled, _stacks_beside()[f"{recipe}-a-on"])
    missing = _in(settled, _stacks_missing()[recipe])
    assert settled.deploy(before).succeeded
    state = _state(settled)
    watch = Watch(settled)
    watch.look()

    ended = settled.deploy(missing)

    assert ended.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "Feature" in ended.reasons[0], ended.reasons
    assert _state(settled) == state
    effects = watch.look()
    assert [each for each in effects.settings if not each.startswith("change ")] == []
    assert {call.split()[-1] for call in effects.calls} <= {_FIRST, _MISSING}, effects
    tally("updates", taken_back=1, features_beside_untouched=2)


@functools.cache
def _stacks_missing() -> Mapping[str, Template]:
    return synthesized_together(
        {recipe: functools.partial(_beside, recipe, _MISSING, feature=True) for recipe in EXISTING}
    )


# a changed setting


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
        pytest.param("", Effects([], [], ["change ads"]), id="of the app"),
        pytest.param(
            _FIRST,
            Effects(
                ["Update ChangedFeature"],
                [f"{_READ_SESSIONS} a", f"{_SESSIONS} a"],
                ["change a"],
            ),
            id="existing",
        ),
    ],
)
def test_an_update_changes_only_the_percentage(
    owner: str, expected: Effects, settled: Account, tally: Callable[..., None]
) -> None:
    """The logs stay enabled; if the update fails, the previous percentage is restored."""
    stacks = synthesized_together(
        {
            f"percent-{percent}": functools.partial(_sessions_logged, owner, percent)
            for percent in (100, 50)
        }
    )
    all_of_them, half = (_in(settled, stacks[f"percent-{percent}"]) for percent in (100, 50))
    assert settled.deploy(all_of_them).succeeded
    watch = Watch(settled)
    watch.look()
    state = _state(settled)

    assert settled.deploy(_failing(half)).status == "UPDATE_ROLLBACK_COMPLETE"
    rolled_back = watch.look()
    assert _state(settled) == state
    assert settled.deploy(half).status == "UPDATE_COMPLETE"
    updated = watch.look()

    assert (updated.events, updated.calls) == (expected.events, expected.calls)
    assert (rolled_back.events, rolled_back.calls) == (expected.events * 2, expected.calls * 2)
    # CloudFormation may set an owner's properties with more than one call
    assert {*updated.settings, *rolled_back.settings} == {*expected.settings}
    configuration = settled.emulator.features.find(
        features.PLAYBACK_CONFIGURATION, settled.id, _REGION, owner or "ads"
    )
    assert configuration is not None
    assert configuration.data["LogConfiguration"]["PercentEnabled"] == 50
    tally("updates", updates=1, taken_back=1, features_beside_untouched=2)


# the role

#: a role that IAM creates today, and a recipe that uses it.
_ROLES = {RECIPES[recipe].definition.role_name: recipe for recipe in reversed(EXISTING)}


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
def test_a_role_is_added_changed_and_removed_next_to_others(
    role: str, settled: Account, tally: Callable[..., None]
) -> None:
    """The function changes its feature only on create and delete, and other features never."""
    recipe = _ROLES[role]
    stacks = {step: _in(settled, _stacks_with_role()[f"{recipe}-{step}"]) for step in _ROLE_STEPS}
    feature = _EXPECTED[recipe]
    acquire_lease = _iam(role, "GetRole", "TagRole", "GetRole")
    principal = RECIPES[recipe].definition.service_principal
    create = [
        *_iam(role, "GetRole"),
        f"iam:CreateServiceLinkedRole {principal}",
        *acquire_lease,
        # until this tag, the description marks the role as ours
        *_iam(role, "TagRole"),
    ]
    drop = _iam(role, "GetRole", "UntagRole", "GetRole")
    definition = RECIPES[recipe].definition
    delete = [
        *_iam(role, "TagRole", "GetRole"),
        # in every region of the service
        *(each for each in usage_lists_of(definition) for _ in definition.regions or ()),
        *_iam(role, "DeleteServiceLinkedRole", "GetServiceLinkedRoleDeletionStatus"),
    ]
    assert settled.deploy(stacks["without"]).succeeded
    watch = Watch(settled)
    watch.look()

    steps = (
        (
            "with",
            Effects(
                ["Create Role", *feature.added.events],
                [*create, *feature.added.calls],
                feature.added.settings,
            ),
        ),
        ("required", Effects(["Update Role"], _iam(role, "GetRole"))),
        ("described", Effects(["Update Role"], _iam(role, "GetRole", "UpdateRoleDescription"))),
        ("unrequired", Effects(["Update Role"], _iam(role, "GetRole"))),
        (
            "without",
            Effects(
                [*feature.undone.events, "Delete Role"],
                [*feature.undone.calls, *drop, *delete],
                feature.undone.settings,
            ),
        ),
    )
    for step, expected in steps:
        ended = settled.deploy(stacks[step])
        assert (ended.status, ended.reasons) == ("UPDATE_COMPLETE", ()), step
        effects = watch.look()
        assert effects == expected, f"{step}: {effects}"
    assert not settled.emulator.roles.exists(settled.id, role)
    tally("updates", updates=len(steps), features_beside_untouched=1)


@pytest.mark.parametrize("recipe", ["voice", "chat", "sessions", "vod"])
def test_fails_when_a_feature_is_given_another_construct_id(
    recipe: str, settled: Account, tally: Callable[..., None]
) -> None:
    """Its policy name exists already, so that the old feature cannot disable the new one."""
    before = _in(settled, _stacks_beside()[f"{recipe}-a-on"])
    _assert_rolled_back(settled, before, _renamed(before), tally)


#: a role that is declared for its feature, on its own as README.md shows, and under another id.
_DECLARATIONS: dict[str, dict[str, Any]] = {
    "automatic": {},
    "kept": {"id": "RecordingRole", "removal": RoleRemoval.KEEP},
    "required": {"id": "RecordingRole", "removal": RoleRemoval.REQUIRE},
    "renamed": {"id": "Renamed", "removal": RoleRemoval.REQUIRE},
}


def _declared(
    recipe: str, stack: Stack, *, id: str = "", removal: RoleRemoval = RoleRemoval.WHEN_UNUSED
) -> None:
    if id:
        ServiceLinkedRole(stack, id, definition=RECIPES[recipe].definition, removal=removal)
    RECIPES[recipe].define(Construct(stack, "Feature"), _FIRST, None)


@functools.cache
def _stacks_declaring() -> Mapping[str, Template]:
    return synthesized_together(
        {
            f"{recipe}-{name}": functools.partial(_declared, recipe, **how)
            for recipe in ("recording", "sessions", "existing-voice")
            for name, how in _DECLARATIONS.items()
        }
    )


@pytest.mark.parametrize("recipe", ["recording", "sessions", "existing-voice"])
def test_the_declaration_of_a_role_moves_without_a_gap(
    recipe: str, settled: Account, tally: Callable[..., None]
) -> None:
    """Each move is one deployment, and the role has a lease of the stack all the time."""
    definition = RECIPES[recipe].definition
    role = definition.role_name

    def stack(step: str) -> Template:
        return _in(settled, _stacks_declaring()[f"{recipe}-{step}"])

    ended = settled.deploy(stack("automatic"))
    assert ended.status == "CREATE_COMPLETE"
    shared = settled.emulator.roles.role(settled.id, role)
    assert shared is not None
    gaps: list[Entry] = []
    watch = Watch(settled)
    watch.look()

    def look(entry: Entry) -> None:
        if entry.account == settled.id and ended.stack_id not in _leases_in(shared.tags):
            gaps.append(entry)

    settled.emulator.journal.listeners.append(look)
    steps = ["automatic", "kept", "automatic", "required", "renamed", "kept", "automatic"]
    for before, after in itertools.pairwise(steps):
        moved = settled.deploy(stack(after))

        assert (moved.status, moved.reasons) == ("UPDATE_COMPLETE", ()), (before, after)
        effects = watch.look()
        ids = [_DECLARATIONS[step].get("id", role) for step in (before, after)]
        expected = (
            ["Update RecordingRole"]
            if ids[0] == ids[1]
            else [f"Create {ids[1]}", f"Delete {ids[0]}"]
        )
        assert (effects.events, effects.settings) == (expected, []), (before, after)
        assert _leases_in(shared.tags) == [ended.stack_id], (before, after)
        assert gaps == [], (before, after)
    settled.emulator.journal.listeners.remove(look)

    assert settled.destroy(stack("automatic")).status == "DELETE_COMPLETE"
    assert not settled.emulator.roles.exists(settled.id, role)
    assert broken(settled.emulator.journal.of(settled.id)) == []
    tally("updates", updates=len(steps) - 1, leases_without_a_gap=len(steps) - 1)


def test_a_failed_move_of_a_role_keeps_its_first_lease(
    settled: Account, tally: Callable[..., None]
) -> None:
    """The rollback deletes the new resource, and the old one has had its lease all the time."""
    before, after = (
        _in(settled, _stacks_declaring()[f"sessions-{step}"]) for step in ("automatic", "required")
    )
    assert settled.deploy(before).succeeded
    state = _state(settled)

    ended = settled.deploy(_failing(after))

    assert ended.status == "UPDATE_ROLLBACK_COMPLETE"
    assert _state(settled) == state
    tally("updates", taken_back=1)


def _renamed(template: Template) -> Template:
    """Return a template in which the changed feature has another construct id."""
    text = json.dumps(template.body).replace("ChangedFeature", "ChangedRenamed")
    return dataclasses.replace(template, body=json.loads(text))


def _assert_rolled_back(
    account: Account, before: Template, after: Template, tally: Callable[..., None]
) -> None:
    assert account.deploy(before).succeeded
    state = _state(account)
    watch = Watch(account)
    watch.look()

    ended = account.deploy(after)

    assert ended.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "already exists" in str(ended.reasons)
    assert _state(account) == state
    effects = watch.look()
    assert (effects.events, effects.calls) == ([], [])
    tally("updates", taken_back=1)


def test_importing_a_role_instead_of_owning_it_removes_only_the_role(
    settled: Account, tally: Callable[..., None]
) -> None:
    """The feature stays enabled, so that IAM does not delete its role."""
    recipe, role = "existing-voice", catalogue.CHIME_VOICE_CONNECTOR.role_name
    owned, imported = (
        _in(settled, _stacks_with_role()[f"{recipe}-{step}"]) for step in ("with", "imported")
    )
    assert settled.deploy(owned).succeeded
    watch = Watch(settled)
    watch.look()

    ended = settled.deploy(imported)

    assert (ended.status, ended.reasons) == ("UPDATE_COMPLETE", ())
    effects = watch.look()
    assert (effects.events, effects.settings) == (["Delete Role"], [])
    assert {call for call in effects.calls if not call.endswith(f" {role}")} == {
        "chime-sdk-voice:ListSipMediaApplications"
    }
    assert f"iam:DeleteServiceLinkedRole {role}" in effects.calls
    tags = settled.emulator.roles.tags(settled.id, role)
    assert tags.keys() == {CREATED_TAG, KEPT_TAG}
    assert "it is in use in us-east-1" in tags[KEPT_TAG]
    tally("updates", updates=1, features_beside_untouched=2)


# no change


def test_a_second_deploy_does_nothing(
    account: Account, sample_app: Mapping[str, Template], tally: Callable[..., None]
) -> None:
    """CloudFormation has nothing to update; a new resource causes no event of the function."""
    emulator = account.emulator
    emulator.behaviour.creates_every_role = True
    with emulator.paused():
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


# roles that slr-constructs did not create

#: their tags differ from those of the library.
_THEIR_TAGS = [{"Key": "team", "Value": "broadcast"}, {"Key": "cost-centre", "Value": "7"}]
_THEIR_DESCRIPTION = "Created manually"
_BY_NAME = {
    definition.role_name: definition
    for definition in catalogue.ALL
    if catalogue.resource_types_of(definition)
}


def _feature_with_role(definition: RoleDefinition, removal: RoleRemoval, stack: Stack) -> None:
    recipe = next(
        # the older messaging role is for the same feature as the current one
        name
        for name in EXISTING
        if RECIPES[name].definition.feature == definition.feature
    )
    role = ServiceLinkedRole(stack, "Role", definition=definition, removal=removal)
    RECIPES[recipe].define(stack, _FIRST, role)


@functools.cache
def _stacks_adopting() -> Mapping[str, Template]:
    return synthesized_together(
        {
            f"{name}-{removal.name}".replace("_", "-"): functools.partial(
                _feature_with_role, definition, removal
            )
            for name, definition in _BY_NAME.items()
            for removal in RoleRemoval
        }
    )


def _adopting(account: Account, role: str, removal: RoleRemoval) -> Template:
    return _in(account, _stacks_adopting()[f"{role}-{removal.name}".replace("_", "-")])


@pytest.fixture
def theirs(settled: Account) -> Callable[[str], dict[str, Any]]:
    """Return a function that creates a role without slr-constructs, and returns its data."""
    emulator = settled.emulator
    # for the older role's feature, the service always creates the current role
    today = catalogue.CHIME_MESSAGING.role_name
    emulator.features.makes_role = emulator.features.makes_role | {today: True}

    def create(role: str) -> dict[str, Any]:
        emulator.roles.make(settled.id, _BY_NAME[role], description=_THEIR_DESCRIPTION)
        iam = emulator.client("iam", settled.id, _REGION)
        iam.tag_role(RoleName=role, Tags=_THEIR_TAGS)
        return _all_of(settled, role)

    return create


def _all_of(account: Account, role: str) -> dict[str, Any]:
    """Return the data that IAM returns for a role."""
    iam = account.emulator.client("iam", account.id, _REGION)
    return dict(iam.get_role(RoleName=role)["Role"])


def _leases(role: Mapping[str, Any]) -> list[str]:
    return _leases_in({tag["Key"]: tag["Value"] for tag in role["Tags"]})


def _leases_in(tags: Mapping[str, str]) -> list[str]:
    return [stack for tag, stack in tags.items() if tag.startswith(LEASE_TAG)]


@pytest.mark.parametrize("removal", [RoleRemoval.WHEN_UNUSED, RoleRemoval.KEEP])
@pytest.mark.parametrize("role", _BY_NAME)
def test_an_adopted_role_stays_unchanged(
    role: str,
    removal: RoleRemoval,
    settled: Account,
    theirs: Callable[[str], dict[str, Any]],
    tally: Callable[..., None],
) -> None:
    """A stack acquires and releases its lease, and changes nothing else of the role."""
    before = theirs(role)
    template = _adopting(settled, role, removal)
    watch = Watch(settled)

    deployed = settled.deploy(template)
    adopted = _all_of(settled, role)
    destroyed = settled.destroy(template)

    assert (deployed.status, destroyed.status) == ("CREATE_COMPLETE", "DELETE_COMPLETE")
    assert _leases(adopted) == [deployed.stack_id]
    ours = [tag for tag in adopted["Tags"] if tag not in _THEIR_TAGS]
    assert len(ours) == 1
    assert {**adopted, "Tags": before["Tags"]} == before
    assert _all_of(settled, role) == before
    assert "iam:DeleteServiceLinkedRole" not in str(watch.look().calls)
    # for the older role's feature, the service creates the current role
    assert [each for each in broken(settled.emulator.journal.of(settled.id)) if role in each] == []
    tally("adoption", adopted=1, kept_unchanged=1)


@pytest.mark.parametrize("role", _BY_NAME)
def test_an_adopted_role_with_required_removal_is_deleted_when_it_is_unused(
    role: str,
    settled: Account,
    theirs: Callable[[str], dict[str, Any]],
    tally: Callable[..., None],
) -> None:
    """The failed deletion names the usage, and changes only the lease of the role."""
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
    tally("adoption", adopted=1, refused_while_used=1, deleted_when_unused=1)


@pytest.mark.parametrize(
    "role", [name for name in _BY_NAME if name != catalogue.CHIME_MESSAGING_LEGACY.role_name]
)
def test_a_role_that_a_stack_keeps_is_not_deleted_by_the_next_one(
    role: str, settled: Account, tally: Callable[..., None]
) -> None:
    """KEEP is final, until the created tag gets its first value back as README.md says."""
    keep, when_unused = (
        _adopting(settled, role, removal) for removal in (RoleRemoval.KEEP, RoleRemoval.WHEN_UNUSED)
    )
    deployed = settled.deploy(keep)
    assert deployed.status == "CREATE_COMPLETE"
    assert settled.destroy(keep).status == "DELETE_COMPLETE"
    kept = {CREATED_TAG: f"kept for {deployed.stack_id}"}
    assert settled.emulator.roles.tags(settled.id, role) == kept

    assert settled.deploy(when_unused).status == "CREATE_COMPLETE"
    assert settled.destroy(when_unused).status == "DELETE_COMPLETE"
    assert settled.emulator.roles.tags(settled.id, role) == kept

    iam = settled.emulator.client("iam", settled.id, _REGION)
    iam.tag_role(RoleName=role, Tags=[{"Key": CREATED_TAG, "Value": "true"}])
    assert settled.deploy(when_unused).status == "CREATE_COMPLETE"
    assert settled.destroy(when_unused).status == "DELETE_COMPLETE"
    assert not settled.emulator.roles.exists(settled.id, role)
    tally("adoption", adopted=2, of_ours_kept=2, deleted_when_unused=1)


def test_a_required_stack_deletes_a_role_that_another_stack_kept(
    settled: Account, tally: Callable[..., None]
) -> None:
    """It was asked to."""
    role = catalogue.MEDIATAILOR.role_name
    keep, require = (
        _adopting(settled, role, removal) for removal in (RoleRemoval.KEEP, RoleRemoval.REQUIRE)
    )
    assert settled.deploy(keep).succeeded
    assert settled.destroy(keep).succeeded
    assert settled.deploy(require).succeeded
    assert settled.destroy(require).succeeded

    assert not settled.emulator.roles.exists(settled.id, role)
    tally("adoption", adopted=1, of_ours_kept=1, deleted_although_kept=1)


@pytest.mark.parametrize("removal", RoleRemoval)
@pytest.mark.parametrize("existed", [True, False], ids=["existed", "new"])
def test_a_create_that_is_rolled_back_leaves_the_role_as_it_was(
    removal: RoleRemoval,
    settled: Account,
    theirs: Callable[[str], dict[str, Any]],
    tally: Callable[..., None],
    *,
    existed: bool,
) -> None:
    """With every removal setting: a role that existed stays, and a new one is deleted.

    With KEEP, the function may not delete the new one. It stays, and the next stack deletes it.
    """
    role = catalogue.MEDIATAILOR.role_name
    before = theirs(role) if existed else None
    template = _adopting(settled, role, removal)

    ended = settled.deploy(_failing(template))

    assert ended.status == "ROLLBACK_COMPLETE"
    if before is None and removal is RoleRemoval.KEEP:
        assert settled.emulator.roles.tags(settled.id, role) == {CREATED_TAG: "true"}
        following = dataclasses.replace(
            _adopting(settled, role, RoleRemoval.WHEN_UNUSED), name="Following"
        )
        assert settled.deploy(following).succeeded
        assert settled.destroy(following).succeeded
    if before is None:
        assert not settled.emulator.roles.exists(settled.id, role)
    else:
        assert _all_of(settled, role) == before
    tally("adoption", rolled_back=1)


@pytest.mark.parametrize("removal", RoleRemoval)
def test_an_update_that_is_rolled_back_leaves_the_role_as_it_was(
    removal: RoleRemoval,
    settled: Account,
    theirs: Callable[[str], dict[str, Any]],
    tally: Callable[..., None],
) -> None:
    """The update added the role."""
    role = catalogue.MEDIATAILOR.role_name
    before = theirs(role)
    template = _adopting(settled, role, removal)
    # the stack has no role at first
    first = _in(settled, _stacks_with_role()[f"{_ROLES[role]}-without"])
    assert settled.deploy(first).succeeded

    ended = settled.deploy(_failing(template))

    assert ended.status == "UPDATE_ROLLBACK_COMPLETE"
    assert _all_of(settled, role) == before
    tally("adoption", rolled_back=1)


def test_fails_if_the_older_messaging_role_does_not_exist(
    settled: Account, tally: Callable[..., None]
) -> None:
    """IAM creates another role for its principal today, so that no role is created."""
    role = catalogue.CHIME_MESSAGING_LEGACY.role_name

    ended = settled.deploy(_adopting(settled, role, RoleRemoval.WHEN_UNUSED))

    assert ended.status == "ROLLBACK_COMPLETE"
    assert "Declare the role that replaced it" in str(ended.reasons)
    assert settled.emulator.roles.of(settled.id) == []
    tally("adoption", failed_without_the_older_role=1)
