"""Changes between two versions of an app, in templates that CDK writes."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import aws_cdk
import pytest
from aws_cdk import (
    CfnDeletionPolicy,
    Stack,
    Stage,
    aws_chime,
    aws_iam,
    aws_ivs,
    aws_mediapackage,
    aws_mediatailor,
    aws_s3,
    aws_sns,
)
from constructs import Construct

from slr_constructs import (
    IvsRecordingConfiguration,
    MediaPackageAccessLogging,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    RoleRemoval,
    ServiceLinkedRole,
    Thumbnails,
    VoiceConnectorStreaming,
    catalogue,
)
from slr_constructs.templates.app import App
from slr_constructs.templates.comparison import Verdict, compare
from slr_constructs.templates.reading import StackTemplate
from tests.features.every_feature import RECIPES, linear_channel, playback_configuration
from tests.templates.apps import plain, read_back, stack_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.catalogue import RoleDefinition

MEDIATAILOR = catalogue.MEDIATAILOR
#: the role in most texts.
ROLE = "`AWSServiceRoleForMediaTailor`"
OR_FAIL = (
    f"deleting this stack would now delete {ROLE}, or fail while another stack or resource needs it"
)


def changes_between(old: App, new: App) -> list[tuple[str, str, str]]:
    """Return code, verdict and text of the changes."""
    return [(each.code, each.verdict.value, each.text) for each in compare(old, new).changes]


def role(stack: Stack, **options: Any) -> ServiceLinkedRole:  # noqa: ANN401 - props of a role
    """Declare MediaTailor's role."""
    return ServiceLinkedRole(stack, "Role", definition=MEDIATAILOR, **options)


def removing(removal: RoleRemoval) -> App:
    """Return a stack with a role and a removal policy."""
    return stack_of(lambda stack: role(stack, removal=removal))


def sessions(stack: Stack) -> MediaTailorSessionLogging:
    """Log the sessions of a playback configuration with the construct."""
    return MediaTailorSessionLogging(
        stack, "Logs", playback_configuration=playback_configuration(stack)
    )


def l1_role(stack: Stack) -> aws_iam.CfnServiceLinkedRole:
    """Declare MediaTailor's role with an L1 construct."""
    return aws_iam.CfnServiceLinkedRole(stack, "Role", aws_service_name="mediatailor.amazonaws.com")


def l1_sessions(
    stack: Stack, *needs: aws_cdk.CfnResource
) -> aws_mediatailor.CfnPlaybackConfiguration:
    """Log the sessions with an L1 construct."""
    owner = playback_configuration(stack)
    owner.log_configuration = aws_mediatailor.CfnPlaybackConfiguration.LogConfigurationProperty(
        percent_enabled=10
    )
    for each in needs:
        owner.add_resource_dependency(each)
    return owner


# no changes


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_same_stack_has_no_changes(recipe: Any) -> None:  # noqa: ANN401
    """Two syntheses of an app have the same result."""
    first, second = (stack_of(lambda stack: recipe.define(stack, "a", None)) for _ in range(2))

    comparison = compare(first, second)

    assert (comparison.changes, comparison.added, comparison.removed) == ((), 0, 0)
    assert not comparison.is_worse


def test_unrelated_resources_are_only_counted() -> None:
    """`cdk diff` shows added and removed resources."""
    old = stack_of(lambda stack: aws_sns.Topic(stack, "Old"))

    comparison = compare(old, stack_of(lambda stack: [aws_sns.Topic(stack, i) for i in "ab"]))

    assert (comparison.changes, comparison.added, comparison.removed) == ((), 2, 1)


# every dependency of every feature


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_lost_dependency_of_a_feature_is_reported(recipe: Any) -> None:  # noqa: ANN401
    """Removing a DependsOn from a feature's template is worse, unless it is redundant."""
    old = stack_of(lambda stack: recipe.define(stack, "a", None))
    template = old.stacks["Show"].template
    checked = 0
    for logical_id, body in template["Resources"].items():
        named = body.get("DependsOn", [])
        for each in named:
            less = body | {"DependsOn": [other for other in named if other != each]}
            resources = template["Resources"] | {logical_id: less}
            new = App([StackTemplate("Show", {**template, "Resources": resources})])
            implied = new.stacks["Show"].is_before(each, logical_id)
            checked += 1

            assert compare(old, new).is_worse != implied, (logical_id, each)
    assert checked


# roles


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (
            "KEEP",
            "WHEN_UNUSED",
            f"deleting this stack would now delete {ROLE} if no other stack or resource needs it",
        ),
        ("KEEP", "REQUIRE", OR_FAIL),
        ("WHEN_UNUSED", "REQUIRE", OR_FAIL),
    ],
)
def test_a_removal_that_destroys_more_is_worse(before: str, after: str, text: str) -> None:
    """Each more destructive setting is worse."""
    assert changes_between(removing(RoleRemoval[before]), removing(RoleRemoval[after])) == [
        ("RemovalMoreDestructive", "worse", text)
    ]


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (
            "REQUIRE",
            "WHEN_UNUSED",
            (
                f"deleting this stack would now delete {ROLE} only if no other stack or resource"
                " needs it"
            ),
        ),
        ("REQUIRE", "KEEP", f"deleting this stack would now leave {ROLE} in the account"),
        ("WHEN_UNUSED", "KEEP", f"deleting this stack would now leave {ROLE} in the account"),
    ],
)
def test_a_removal_that_destroys_less_is_better(before: str, after: str, text: str) -> None:
    """Each less destructive setting is better."""
    assert changes_between(removing(RoleRemoval[before]), removing(RoleRemoval[after])) == [
        ("RemovalLessDestructive", "better", text)
    ]


def test_a_native_role_that_is_no_longer_retained_is_worse() -> None:
    """The setting of a native role is `DeletionPolicy`."""

    def retained(stack: Stack) -> None:
        l1_role(stack).cfn_options.deletion_policy = CfnDeletionPolicy.RETAIN

    assert changes_between(stack_of(retained), stack_of(l1_role)) == [
        ("RemovalMoreDestructive", "worse", OR_FAIL)
    ]


def test_a_role_and_its_feature_are_added_and_removed_together() -> None:
    """Both changes are reported, and neither is worse."""
    none = stack_of(playback_configuration)
    logged = stack_of(sessions)

    assert changes_between(none, logged) == [
        (
            "RoleAdded",
            "changed",
            (
                f"{ROLE} is now declared: deleting this stack deletes it if no other stack or"
                " resource needs it"
            ),
        ),
        ("FeatureAdded", "changed", "`Owner` now configures session logging"),
    ]
    assert changes_between(logged, none) == [
        (
            "RoleRemoved",
            "changed",
            (
                f"{ROLE} is no longer declared: this deployment removes it from the stack, and it"
                " is deleted if no other stack or resource needs it"
            ),
        ),
        (
            "FeatureRemoved",
            "changed",
            "`Owner` no longer configures session logging, and the resource stays in the stack",
        ),
    ]


def test_removing_a_role_but_not_its_features_is_worse() -> None:
    """No stack creates or keeps the role for them; a bare template has no trace of an import."""
    bare = App([StackTemplate("Show", stack_of(imported_sessions).stacks["Show"].template)])

    assert changes_between(stack_of(sessions), bare) == [
        (
            "RoleLost",
            "worse",
            (
                f"{ROLE} is no longer declared, so no stack creates or keeps it for `Owner`"
                " and `Logs/CleanUp`"
            ),
        ),
    ]


def imported_sessions(stack: Stack) -> None:
    """Log the sessions with an imported role."""
    ServiceLinkedRole.from_existing(stack, "Role", MEDIATAILOR)
    sessions(stack)


def test_importing_a_role_that_was_declared_is_a_change() -> None:
    """The features keep their role, if it is managed elsewhere."""
    imported = stack_of(imported_sessions)

    assert changes_between(stack_of(sessions), imported) == [
        (
            "RoleImported",
            "changed",
            (
                f"{ROLE} is now imported and no longer declared: this deployment removes it from"
                " the stack, and it is deleted if no other stack or resource needs it; make sure"
                " that it is managed outside of the app"
            ),
        ),
    ]
    assert changes_between(imported, imported) == []


@pytest.mark.parametrize(
    ("removal", "other", "expected"),
    [
        (RoleRemoval.WHEN_UNUSED, MEDIATAILOR, []),
        (RoleRemoval.KEEP, MEDIATAILOR, []),
        # its removal deletes the role, or fails because the other stack has a lease on it
        (RoleRemoval.REQUIRE, MEDIATAILOR, ["RoleImported"]),
        (RoleRemoval.WHEN_UNUSED, catalogue.MEDIAPACKAGE, ["RoleImported"]),
    ],
)
@pytest.mark.parametrize("in_stage", [True, False])
def test_importing_a_role_that_another_stack_declares_is_no_change(
    removal: RoleRemoval, other: RoleDefinition, expected: list[str], *, in_stage: bool
) -> None:
    """Its lease keeps the role."""

    def define(app: aws_cdk.App, *, imports: bool) -> None:
        scope = Stage(app, "Beta") if in_stage else app
        ServiceLinkedRole(Stack(scope, "Roles"), "Role", definition=other)
        ads = Stack(scope, "Ads")
        if not imports:
            role(ads, removal=removal)
            sessions(ads)
        else:
            imported_sessions(ads)

    old, new = (read_back(partial(define, imports=each)) for each in (False, True))

    assert [code for code, *_ in changes_between(old, new)] == expected


def test_a_role_that_another_environment_declares_is_missing_here() -> None:
    """Each stage may be for another account."""

    def define(app: aws_cdk.App, *, imports: bool) -> None:
        role(Stack(Stage(app, "Prod"), "Roles"))
        (imported_sessions if imports else sessions)(Stack(Stage(app, "Beta"), "Ads"))

    old, new = (read_back(partial(define, imports=each)) for each in (False, True))

    assert [code for code, *_ in changes_between(old, new)] == ["RoleImported"]


def test_a_lost_order_of_role_and_feature_is_worse() -> None:
    """The same applies to native resources."""
    ordered = stack_of(lambda stack: l1_sessions(stack, l1_role(stack)))
    loose = stack_of(lambda stack: [l1_role(stack), l1_sessions(stack)])

    assert changes_between(ordered, loose) == [
        (
            "RoleOrderLost",
            "worse",
            f"{ROLE} is no longer created before `Owner` and no longer deleted after it",
        )
    ]
    assert changes_between(loose, ordered) == [
        ("RoleOrderGained", "better", f"{ROLE} is now created before `Owner` and deleted after it")
    ]


def test_a_new_feature_that_does_not_depend_on_its_role_is_worse() -> None:
    """The stack may have the role already or get it with the feature."""
    text = (
        f"`Owner` uses {ROLE} but does not depend on it: CloudFormation may create the role later"
        " and delete it earlier"
    )
    new = stack_of(lambda stack: [l1_role(stack), l1_sessions(stack)])

    for old in (stack_of(l1_role), stack_of(l1_sessions), plain()):
        assert ("RoleOrderMissing", "worse", text) in changes_between(old, new)


def test_a_role_may_be_in_a_stack_that_the_stack_depends_on() -> None:
    """The order of stacks applies to their resources."""

    def two_stacks(*, ordered: bool) -> Callable[[aws_cdk.App], None]:
        def define(app: aws_cdk.App) -> None:
            roles, ads = Stack(app, "Roles"), Stack(app, "Ads")
            l1_role(roles)
            l1_sessions(ads)
            if ordered:
                ads.add_stack_dependency(roles)

        return define

    one = read_back(lambda app: l1_sessions(Stack(app, "Ads")))
    ordered, loose = read_back(two_stacks(ordered=True)), read_back(two_stacks(ordered=False))

    assert [each[:2] for each in changes_between(one, ordered)] == [
        ("StackAdded", "changed"),
        ("RoleAdded", "changed"),
    ]
    # then the stack no longer depends on a stack that declares the role
    assert ("StackOrderLost", "worse", "the stack no longer depends on `Roles`") in changes_between(
        ordered, loose
    )


# clean-up resources


def test_removing_a_clean_up_resource_is_worse() -> None:
    """The owner is deleted while the feature is enabled, and the role may stay in use."""

    def without_clean_up(stack: Stack) -> None:
        sessions(stack).node.try_remove_child("CleanUp")

    assert changes_between(stack_of(sessions), stack_of(without_clean_up)) == [
        (
            "CleanUpLost",
            "worse",
            (
                "session logging is no longer disabled before `Owner` is deleted: `Logs/CleanUp`"
                " was removed"
            ),
        )
    ]
    assert changes_between(stack_of(without_clean_up), stack_of(sessions)) == [
        (
            "CleanUpGained",
            "better",
            "session logging is now disabled before `Owner` is deleted",
        )
    ]


def test_a_clean_up_resource_of_another_library_counts() -> None:
    """It makes an SDK call on deletion."""
    call = {
        "service": "MediaTailor",
        "action": "configureLogsForPlaybackConfiguration",
        "parameters": {"PlaybackConfigurationName": "ads", "PercentEnabled": 0},
    }
    owner = {
        "Type": "AWS::MediaTailor::PlaybackConfiguration",
        "Properties": {"Name": "ads", "LogConfiguration": {"PercentEnabled": 5}},
    }
    clean_up = {
        "Type": "Custom::AWS",
        "Properties": {"Delete": json.dumps(call)},
        "DependsOn": "Owner",
    }

    changes = changes_between(plain(Owner=owner, CleanUp=clean_up), plain(Owner=owner))

    assert [each[0] for each in changes] == ["CleanUpLost"]


def test_a_retained_clean_up_resource_does_not_count() -> None:
    """It does not disable the feature, because it is not deleted."""

    def retained(stack: Stack) -> None:
        sessions(stack).clean_up.cfn_options.deletion_policy = CfnDeletionPolicy.RETAIN

    assert changes_between(stack_of(sessions), stack_of(retained)) == [
        (
            "CleanUpLost",
            "worse",
            (
                "session logging is no longer disabled before `Owner` is deleted: `Logs/CleanUp` is"
                " now retained"
            ),
        )
    ]


def test_a_clean_up_resource_for_another_owner_does_not_count() -> None:
    """The change names the former owner."""

    def logs(which: str) -> Callable[[Stack], None]:
        def define(stack: Stack) -> None:
            for name in ("a", "b"):
                channel = aws_mediatailor.CfnChannel(
                    stack,
                    name,
                    channel_name=name,
                    outputs=[],
                    playback_mode="LOOP",
                    log_configuration=aws_mediatailor.CfnChannel.LogConfigurationForChannelProperty(
                        log_types=["AS_RUN"]
                    ),
                )
                if name == which:
                    channel.log_configuration = None
                    MediaTailorAsRunLogging(stack, "Logs", channel=channel)

        return define

    lost = changes_between(stack_of(logs("a")), stack_of(logs("b")))

    assert (
        "CleanUpLost",
        "worse",
        (
            "as-run logging is no longer disabled before `a` is deleted: `Logs/CleanUp` is now for"
            " another resource"
        ),
    ) in lost
    assert (
        "Replaced",
        "changed",
        "`Logs/CleanUp` will be replaced: `ChannelName` changes",
    ) in lost


def test_retaining_a_feature_is_worse() -> None:
    """It stays enabled after the stack is deleted."""

    def streaming(stack: Stack) -> VoiceConnectorStreaming:
        return VoiceConnectorStreaming(stack, "Streaming", voice_connector="abcdef1ghij2klmno3pqr4")

    def retained(stack: Stack) -> None:
        resource = streaming(stack).node.find_child("Resource")
        assert isinstance(resource, aws_cdk.CfnResource)
        resource.cfn_options.deletion_policy = CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE

    assert changes_between(stack_of(streaming), stack_of(retained)) == [
        (
            "FeatureRetained",
            "worse",
            (
                "`Streaming/Resource` is now retained: after this stack is deleted, media streaming"
                " would stay enabled and the role in use"
            ),
        )
    ]


# types, replacements and construct ids


def recording(stack: Stack, **options: Any) -> None:  # noqa: ANN401 - props of a recording
    """Record a channel of the app."""
    bucket = aws_s3.Bucket(stack, "Bucket", bucket_name=options.pop("bucket_name", None))
    each = IvsRecordingConfiguration(stack, "Recording", bucket=bucket, **options)
    each.record(aws_ivs.CfnChannel(stack, "Studio"))


def test_every_change_replaces_a_recording_configuration() -> None:
    """IVS does not have an operation that updates it."""
    changed = stack_of(lambda stack: recording(stack, thumbnails=Thumbnails.disabled()))

    assert changes_between(stack_of(recording), changed) == [
        (
            "Replaced",
            "changed",
            (
                "`Recording/Resource` will be replaced: AWS::IVS::RecordingConfiguration cannot be"
                " updated, and `ThumbnailConfiguration` changes"
            ),
        )
    ]


def test_a_reference_to_a_replaced_resource_may_replace_too() -> None:
    """A new name replaces the bucket, and so the recording configuration."""
    renamed = stack_of(lambda stack: recording(stack, bucket_name="recordings-of-the-show"))

    assert changes_between(stack_of(recording), renamed) == [
        (
            "Replaced",
            "changed",
            (
                "`Recording/Resource` will be replaced: AWS::IVS::RecordingConfiguration cannot be"
                " updated, and `DestinationConfiguration` refers to `Bucket/Resource`, which is"
                " replaced"
            ),
        )
    ]


def test_a_feature_with_another_target_is_replaced() -> None:
    """A custom resource of this library is replaced if its target changes."""

    def streaming(connector: str) -> App:
        return stack_of(
            lambda stack: VoiceConnectorStreaming(stack, "Streaming", voice_connector=connector)
        )

    assert changes_between(streaming("a" * 22), streaming("b" * 22)) == [
        ("Replaced", "changed", "`Streaming/Resource` will be replaced: `VoiceConnectorId` changes")
    ]


def tagged(stack: Stack) -> None:
    """Log a channel with tags."""
    MediaPackageAccessLogging(
        stack, "Logs", channel=aws_mediapackage.CfnChannel(stack, "Live", id="live")
    )
    aws_cdk.Tags.of(stack).add("CostCentre", "1")


def test_a_replacement_under_the_same_name_is_worse() -> None:
    """CloudFormation creates the new resource before it deletes the old one."""

    def untagged(stack: Stack) -> None:
        tagged(stack)
        aws_cdk.Tags.of(stack).remove("CostCentre", priority=300)

    for old, new in ((untagged, tagged), (tagged, untagged)):
        assert changes_between(stack_of(old), stack_of(new)) == [
            (
                "ReplacementFails",
                "worse",
                (
                    "`Live` cannot be replaced under the same name (`Id`): `Tags` changes, and the"
                    " creation of the new resource fails while the old one exists; undo the change,"
                    " or change the name too"
                ),
            )
        ]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_rename_is_reported_once(recipe: Any) -> None:  # noqa: ANN401
    """Wrap a feature and its owner in a construct: each resource is reported at most once.

    A resource that keeps its name or target cannot be deployed. AWS generates other names, and then
    the feature moves to the new owner.
    """
    old = stack_of(lambda stack: recipe.define(stack, "a", None))
    new = stack_of(lambda stack: recipe.define(Construct(stack, "Wrapper"), "a", None))

    changes = [each for each in compare(old, new).changes if each.code != "OrderGained"]

    assert {each.code for each in changes} == {"Renamed"}
    places = [each.resource for each in changes]
    assert len(places) == len({*places})


def test_a_resource_of_a_moved_resource_with_another_name_moves_with_it() -> None:
    """The new connector has another id, so both streaming resources can exist."""

    def streaming(id: str) -> App:
        def define(stack: Stack) -> None:
            connector = aws_chime.CfnVoiceConnector(
                stack, f"{id}Lines", name="lines", require_encryption=True
            )
            VoiceConnectorStreaming(stack, id, voice_connector=connector)

        return stack_of(define)

    assert changes_between(streaming("Audio"), streaming("Calls")) == [
        (
            "Renamed",
            "changed",
            (
                "media streaming moves from `Audio/Resource` to `Calls/Resource` in one deployment:"
                " CloudFormation creates the new resource before it deletes the old one"
            ),
        )
    ]


def test_an_owner_that_keeps_its_name_cannot_move() -> None:
    """The reference to the owner changes too, but this is the same rename."""

    def logged(id: str) -> App:
        return stack_of(
            lambda stack: MediaTailorAsRunLogging(
                stack, "Logs", channel=linear_channel(Construct(stack, id))
            )
        )

    assert changes_between(logged("A"), logged("B")) == [
        (
            "Renamed",
            "worse",
            (
                "as-run logging moves from `A/Owner` to `B/Owner` in one deployment:"
                " CloudFormation creates the new resource before it deletes the old one, and the"
                " creation fails while the old one exists; remove the old one in one deployment and"
                " add the new one in the next"
            ),
        )
    ]


def test_an_owner_without_a_property_of_the_feature_cannot_move_either() -> None:
    """A custom resource configures the feature, and finds its owner by its name."""

    def logged(id: str, name: str) -> App:
        owner = {"Type": "AWS::MediaPackage::Channel", "Properties": {"Id": name}}
        feature = {"Type": "Custom::MediaPackageChannelLogging", "Properties": {"ChannelId": name}}
        return plain(Logs=feature, **{id: owner})

    (change,) = changes_between(logged("A", "live"), logged("B", "live"))

    assert change[:2] == ("Renamed", "worse")
    assert change[2].startswith("AWS::MediaPackage::Channel moves from `A` to `B`")
    assert [each[:2] for each in changes_between(logged("A", "live"), logged("B", "news"))] == [
        ("Replaced", "changed")
    ]


def test_the_type_of_a_resource_cannot_change() -> None:
    """CloudFormation refuses it only during the deployment."""
    changes = changes_between(
        removing(RoleRemoval.REQUIRE), stack_of(lambda stack: role(stack, native=True))
    )

    assert changes == [
        (
            "TypeChanged",
            "worse",
            (
                "`Role/Resource` changes its type from Custom::ServiceLinkedRole to"
                " AWS::IAM::ServiceLinkedRole, which CloudFormation refuses; use another construct"
                " id"
            ),
        )
    ]


def test_a_new_construct_id_in_one_deployment_is_worse() -> None:
    """Deleting the old resource undoes what the new one configured before."""

    def streaming(id: str) -> App:
        return stack_of(lambda stack: VoiceConnectorStreaming(stack, id, voice_connector="a" * 22))

    (change,) = changes_between(streaming("Audio"), streaming("Calls"))
    assert change == (
        "Renamed",
        "worse",
        (
            "media streaming moves from `Audio/Resource` to `Calls/Resource` in one deployment:"
            " CloudFormation creates the new resource before it deletes the old one, and deleting"
            " the old one undoes what the new one configured, unless CloudFormation refuses the"
            " deployment; remove the old one in one deployment and add the new one in the next"
        ),
    )
    # another target with another id is another feature
    others = stack_of(
        lambda stack: VoiceConnectorStreaming(stack, "Calls", voice_connector="b" * 22)
    )
    assert "Renamed" not in [each[0] for each in changes_between(streaming("Audio"), others)]


def test_a_native_role_under_a_new_construct_id_is_worse() -> None:
    """It fails, because the role exists already."""
    ((code, verdict, text),) = changes_between(*_roles(native=True))

    assert (code, verdict) == ("Renamed", "worse")
    assert text.startswith(f"{ROLE} moves from `A/Resource` to `B/Resource` in one deployment")
    assert "and the creation fails while the old one exists" in text


def test_a_role_under_a_new_construct_id_is_no_change() -> None:
    """The new resource acquires its own lease before the old one releases its lease."""
    assert changes_between(*_roles(native=False)) == []


def _roles(*, native: bool) -> list[App]:
    """Return two apps whose role has another construct id."""

    def declared(id: str) -> App:
        return stack_of(
            lambda stack: ServiceLinkedRole(stack, id, definition=MEDIATAILOR, native=native)
        )

    return [declared("A"), declared("B")]


# order in general


def test_a_lost_depends_on_is_worse_but_a_lost_reference_is_not() -> None:
    """Without the reference, the order is not needed; a `DependsOn` is only for the order."""
    independent = plain(A={}, B={}, C={})

    assert changes_between(
        plain(A={}, B={"DependsOn": "A"}, C={"DependsOn": ["A", "B"]}), independent
    ) == [
        ("OrderLost", "worse", "`B` no longer depends on `A`"),
        ("OrderLost", "worse", "`C` no longer depends on `A` and `B`"),
    ]
    refers = {"Properties": {"Name": {"Ref": "A"}}}
    assert changes_between(plain(A={}, B=refers, C={}), independent) == [
        ("OrderLost", "changed", "`B` no longer depends on `A`")
    ]
    assert changes_between(independent, plain(A={}, B=refers, C={})) == [
        ("OrderGained", "changed", "`B` now depends on `A`")
    ]


def test_an_order_that_another_chain_keeps_is_not_lost() -> None:
    """Only the resulting order counts."""
    old = plain(A={}, B={"DependsOn": "A"}, C={"DependsOn": ["A", "B"]})

    assert changes_between(old, plain(A={}, B={"DependsOn": "A"}, C={"DependsOn": "B"})) == []


def test_an_order_is_lost_with_the_resource_between() -> None:
    """The two resources did not declare it themselves, so it is not worse."""
    old = plain(A={}, B={"DependsOn": "A"}, C={"DependsOn": "B"})

    assert changes_between(old, plain(A={}, C={})) == [
        ("OrderLost", "changed", "`C` no longer depends on `A`")
    ]


def test_a_reversed_order_is_worse() -> None:
    """The source of the former dependency does not matter."""
    old = plain(A={}, B={"Properties": {"Name": {"Ref": "A"}}})

    assert changes_between(old, plain(A={"DependsOn": "B"}, B={})) == [
        (
            "OrderReversed",
            "worse",
            "`B` no longer depends on `A`: the dependency is now reversed",
        )
    ]


def test_the_order_of_a_feature_that_is_removed_is_not_needed() -> None:
    """The channel of a recording configuration stays, without recording."""

    def recording(*, of_the_channel: bool) -> App:
        def define(stack: Stack) -> None:
            bucket = aws_s3.Bucket(stack, "Recordings")
            recording = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)
            channel = aws_ivs.CfnChannel(stack, "Studio")
            if of_the_channel:
                recording.record(channel)

        return stack_of(define)

    changes = changes_between(recording(of_the_channel=True), recording(of_the_channel=False))

    assert {(code, verdict) for code, verdict, _ in changes} == {
        ("OrderLost", "changed"),
        ("FeatureRemoved", "changed"),
    }


def test_a_lost_order_of_owner_and_feature_is_always_worse() -> None:
    """A reference counts too, if the literal name of the owner replaces it."""

    def streaming(*, by_name: bool) -> App:
        def define(stack: Stack) -> None:
            owner = linear_channel(stack)
            name = owner.channel_name if by_name else owner.ref
            MediaTailorAsRunLogging(stack, "Logs", channel=name)

        return stack_of(define)

    by_reference, by_name = streaming(by_name=False), streaming(by_name=True)

    assert (
        "OrderLost",
        "worse",
        "`Logs/Resource` no longer depends on `Owner`",
    ) in changes_between(by_reference, by_name)
    assert ("OrderGained", "better", "`Logs/Resource` now depends on `Owner`") in changes_between(
        by_name, by_reference
    )


# stacks


def two(*, reference: bool = False, dependency: str = "") -> App:
    """Return two stacks, with a reference or a dependency between them."""

    def define(app: aws_cdk.App) -> None:
        first, second = Stack(app, "First"), Stack(app, "Second")
        topic = aws_sns.Topic(first, "Topic")
        aws_sns.Topic(second, "Topic")
        if reference:
            aws_cdk.CfnOutput(second, "First's", value=topic.topic_arn)
        else:
            # keep the export, so that the stacks can be deployed one after the other
            first.export_value(topic.topic_arn)
        if dependency == "Second depends":
            second.add_stack_dependency(first)
        if dependency == "First depends":
            first.add_stack_dependency(second)

    return read_back(define)


def test_a_lost_stack_dependency_is_worse_unless_a_reference_was_removed() -> None:
    """The rules for resources apply."""
    assert changes_between(two(dependency="Second depends"), two()) == [
        ("StackOrderLost", "worse", "the stack no longer depends on `First`")
    ]
    assert changes_between(two(reference=True), two()) == [
        ("StackOrderLost", "changed", "the stack no longer depends on `First`")
    ]
    assert changes_between(two(), two(reference=True)) == [
        ("StackOrderGained", "changed", "the stack now depends on `First`")
    ]
    assert changes_between(two(dependency="Second depends"), two(dependency="First depends")) == [
        (
            "StackOrderReversed",
            "worse",
            "the stack no longer depends on `First`: the dependency is now reversed",
        )
    ]


def test_a_stack_that_is_removed_from_the_app_stays_in_the_account() -> None:
    """CDK does not delete unknown stacks, so the stack keeps its leases."""
    both = read_back(lambda app: [sessions(Stack(app, "Ads")), Stack(app, "Others")])
    none = read_back(lambda app: Stack(app, "Others"))

    assert changes_between(both, none) == [
        (
            "StackRemoved",
            "changed",
            (
                f"the stack is no longer in the app: it stays in the account, and keeps {ROLE},"
                " until you delete it"
            ),
        )
    ]


def test_a_removed_stack_does_not_count_as_a_lost_dependency() -> None:
    """The other stack does not need it any more."""
    second = read_back(lambda app: aws_sns.Topic(Stack(app, "Second"), "Topic"))

    assert [each[0] for each in changes_between(two(dependency="Second depends"), second)] == [
        "StackRemoved"
    ]


def test_a_nested_stack_is_compared_and_removed_with_its_parent() -> None:
    """It is identified by its construct path."""

    def nested(*, ordered: bool) -> Callable[[aws_cdk.App], None]:
        def define(app: aws_cdk.App) -> None:
            inner = aws_cdk.NestedStack(Stack(app, "Show"), "Inner")
            declared = l1_role(inner)
            l1_sessions(inner, *([declared] if ordered else []))

        return define

    ordered, loose = read_back(nested(ordered=True)), read_back(nested(ordered=False))
    parent_only = read_back(lambda app: Stack(app, "Show"))

    (change,) = compare(ordered, loose).changes
    assert (change.stack, change.code, change.resource) == ("Show/Inner", "RoleOrderLost", "Owner")
    assert changes_between(ordered, parent_only) == [
        (
            "StackRemoved",
            "changed",
            "the stack is no longer in the app: it is deleted when its parent is deployed",
        )
    ]


def test_a_nested_stack_may_depend_on_a_role_in_its_parent() -> None:
    """All resources in the nested stack then depend on the role."""

    def define(*, ordered: bool) -> Callable[[aws_cdk.App], None]:
        def parent(app: aws_cdk.App) -> None:
            show = Stack(app, "Show")
            declared = l1_role(show)
            inner = aws_cdk.NestedStack(show, "Inner")
            l1_sessions(inner)
            if ordered:
                inner.node.add_dependency(declared)
            else:
                del declared

        return parent

    changes = compare(read_back(define(ordered=True)), read_back(define(ordered=False))).changes

    assert [(each.stack, each.code, each.verdict) for each in changes] == [
        ("Show", "OrderLost", Verdict.WORSE),
        ("Show/Inner", "RoleOrderLost", Verdict.WORSE),
    ]


def test_stages_have_stacks_with_the_same_name() -> None:
    """Their paths distinguish them."""

    def stages(app: aws_cdk.App, *, removal: RoleRemoval) -> None:
        for name in ("Test", "Prod"):
            stage = Stage(app, name)
            role(Stack(stage, "Ads"), removal=removal if name == "Prod" else RoleRemoval.KEEP)

    old = read_back(lambda app: stages(app, removal=RoleRemoval.KEEP))
    new = read_back(lambda app: stages(app, removal=RoleRemoval.WHEN_UNUSED))

    (change,) = compare(old, new).changes
    assert (change.stack, change.verdict) == ("Prod/Ads", Verdict.WORSE)


def test_changes_are_sorted_by_verdict() -> None:
    """Worse changes come first."""
    old = plain(A={}, B={"DependsOn": "A"}, C={}, D={"Properties": {"X": {"Ref": "A"}}})
    new = plain(A={}, B={}, C={"Properties": {"X": {"Ref": "A"}}}, D={})

    assert [each.verdict.value for each in compare(old, new).changes] == [
        "worse",
        "changed",
        "changed",
    ]
