"""What a change does, said of templates that CDK has written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk
import pytest
from aws_cdk import (
    CfnDeletionPolicy,
    Stack,
    Stage,
    aws_iam,
    aws_ivs,
    aws_mediatailor,
    aws_s3,
    aws_sns,
)

from slr_constructs import (
    IvsRecordingConfiguration,
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

MEDIATAILOR = catalogue.MEDIATAILOR
#: the text about a role that is not said otherwise.
ROLE = "`AWSServiceRoleForMediaTailor`"


def said(old: App, new: App) -> list[tuple[str, str, str]]:
    """Return what changes, as code, verdict and text."""
    return [(each.code, each.verdict.value, each.text) for each in compare(old, new).changes]


def role(stack: Stack, **options: Any) -> ServiceLinkedRole:  # noqa: ANN401 - props of a role
    """Declare MediaTailor's role."""
    return ServiceLinkedRole(stack, "Role", definition=MEDIATAILOR, **options)


def removing(removal: RoleRemoval) -> App:
    """Return a stack whose role is removed in one way or another."""
    return stack_of(lambda stack: role(stack, removal=removal))


def sessions(stack: Stack) -> MediaTailorSessionLogging:
    """Log sessions of a playback configuration, both called as CDK users do."""
    return MediaTailorSessionLogging(
        stack, "Logs", playback_configuration=playback_configuration(stack)
    )


def l1_role(stack: Stack) -> aws_iam.CfnServiceLinkedRole:
    """Declare MediaTailor's role without this library."""
    return aws_iam.CfnServiceLinkedRole(stack, "Role", aws_service_name="mediatailor.amazonaws.com")


def l1_sessions(
    stack: Stack, *needs: aws_cdk.CfnResource
) -> aws_mediatailor.CfnPlaybackConfiguration:
    """Log sessions without this library."""
    owner = playback_configuration(stack)
    owner.log_configuration = aws_mediatailor.CfnPlaybackConfiguration.LogConfigurationProperty(
        percent_enabled=10
    )
    for each in needs:
        owner.add_resource_dependency(each)
    return owner


# nothing


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_stack_that_stays_the_same_is_unchanged(recipe: Any) -> None:  # noqa: ANN401
    """Two syntheses of one app differ in nothing."""
    first, second = (stack_of(lambda stack: recipe.define(stack, "a", None)) for _ in range(2))

    comparison = compare(first, second)

    assert (comparison.changes, comparison.added, comparison.removed) == ((), 0, 0)
    assert not comparison.is_worse


def test_resources_that_have_to_do_with_no_role_are_counted() -> None:
    """What comes and goes beside is for `cdk diff` to tell."""
    old = stack_of(lambda stack: aws_sns.Topic(stack, "Old"))

    comparison = compare(old, stack_of(lambda stack: [aws_sns.Topic(stack, i) for i in "ab"]))

    assert (comparison.changes, comparison.added, comparison.removed) == ((), 2, 1)


# every dependency of every feature


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_no_order_of_a_feature_is_lost_unseen(recipe: Any) -> None:  # noqa: ANN401
    """Each DependsOn that is taken out of a feature's template makes it worse, or is implied."""
    old = stack_of(lambda stack: recipe.define(stack, "a", None))
    template = old.stacks["Show"].template
    tried = 0
    for logical_id, body in template["Resources"].items():
        named = body.get("DependsOn", [])
        for each in named:
            less = body | {"DependsOn": [other for other in named if other != each]}
            resources = template["Resources"] | {logical_id: less}
            new = App([StackTemplate("Show", {**template, "Resources": resources})])
            implied = new.stacks["Show"].is_before(each, logical_id)
            tried += 1

            assert compare(old, new).is_worse != implied, (logical_id, each)
    assert tried


# roles


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (
            "KEEP",
            "WHEN_UNUSED",
            f"destroying this stack would now delete {ROLE} if nobody else needs it",
        ),
        (
            "KEEP",
            "REQUIRE",
            (
                f"destroying this stack would now delete {ROLE}, or fail while anything"
                " else holds or uses it"
            ),
        ),
        (
            "WHEN_UNUSED",
            "REQUIRE",
            (
                f"destroying this stack would now delete {ROLE}, or fail while"
                " anything else holds or uses it"
            ),
        ),
    ],
)
def test_a_removal_that_destroys_more_is_worse(before: str, after: str, text: str) -> None:
    """From the mildest setting to the hardest, in each step."""
    assert said(removing(RoleRemoval[before]), removing(RoleRemoval[after])) == [
        ("RemovalMoreDestructive", "worse", text)
    ]


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (
            "REQUIRE",
            "WHEN_UNUSED",
            f"destroying this stack would now delete {ROLE} only if nobody else needs it",
        ),
        ("REQUIRE", "KEEP", f"destroying this stack would now leave {ROLE} in the account"),
        ("WHEN_UNUSED", "KEEP", f"destroying this stack would now leave {ROLE} in the account"),
    ],
)
def test_a_removal_that_destroys_less_is_better(before: str, after: str, text: str) -> None:
    """And back."""
    assert said(removing(RoleRemoval[before]), removing(RoleRemoval[after])) == [
        ("RemovalLessDestructive", "better", text)
    ]


def test_a_native_role_that_is_no_longer_retained_is_worse() -> None:
    """`DeletionPolicy` is the native role's setting."""

    def retained(stack: Stack) -> None:
        l1_role(stack).cfn_options.deletion_policy = CfnDeletionPolicy.RETAIN

    assert said(stack_of(retained), stack_of(l1_role)) == [
        (
            "RemovalMoreDestructive",
            "worse",
            (
                f"destroying this stack would now delete {ROLE}, or fail while anything else"
                " holds or uses it"
            ),
        )
    ]


def test_a_role_and_its_feature_come_and_go_together() -> None:
    """What each of the two does is said, and neither is for the worse."""
    none = stack_of(playback_configuration)
    logged = stack_of(sessions)

    assert said(none, logged) == [
        (
            "RoleAdded",
            "changed",
            f"{ROLE} is declared now: destroying this stack deletes it if nobody else needs it",
        ),
        ("FeatureAdded", "changed", "session logging is switched on by `Owner`"),
    ]
    assert said(logged, none) == [
        (
            "RoleRemoved",
            "changed",
            (
                f"{ROLE} is no longer declared: deploying this lets go of it (it is deleted if"
                " nobody else needs it)"
            ),
        ),
        (
            "FeatureRemoved",
            "changed",
            "session logging is no longer switched on by `Owner`, which stays",
        ),
    ]


def test_a_role_that_goes_before_its_features_is_worse() -> None:
    """Nothing makes it for them, and the stack lets go of it."""

    def imported(stack: Stack) -> None:
        ServiceLinkedRole.from_existing(stack, "Role", MEDIATAILOR)
        sessions(stack)

    assert said(stack_of(sessions), stack_of(imported)) == [
        (
            "RoleLost",
            "worse",
            (
                f"{ROLE} is no longer declared, and nothing makes or keeps it for `Owner`"
                " and `Logs/Release`"
            ),
        ),
    ]


def test_a_role_that_no_longer_comes_first_is_worse() -> None:
    """Without this library, too."""
    ordered = stack_of(lambda stack: l1_sessions(stack, l1_role(stack)))
    loose = stack_of(lambda stack: [l1_role(stack), l1_sessions(stack)])

    assert said(ordered, loose) == [
        (
            "RoleOrderLost",
            "worse",
            f"{ROLE} is no longer created before `Owner`, nor deleted after it",
        )
    ]
    assert said(loose, ordered) == [
        ("RoleOrderGained", "better", f"{ROLE} is created before `Owner` now, and deleted after it")
    ]


def test_a_new_feature_that_does_not_wait_for_its_role_is_worse() -> None:
    """Whether the stack has the role already or gets it with the feature."""
    text = (
        f"`Owner` uses {ROLE} and does not wait for it: the role may be created later, and deleted"
        " earlier"
    )
    new = stack_of(lambda stack: [l1_role(stack), l1_sessions(stack)])

    for old in (stack_of(l1_role), stack_of(l1_sessions), plain()):
        assert ("RoleOrderMissing", "worse", text) in said(old, new)


def test_a_role_may_be_in_a_stack_that_is_waited_for() -> None:
    """An order between stacks is one between their resources."""

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

    assert [each[:2] for each in said(one, ordered)] == [
        ("StackAdded", "changed"),
        ("RoleAdded", "changed"),
    ]
    # then the role is no longer near: nobody waits for it
    assert ("StackOrderLost", "worse", "the stack no longer waits for `Roles`") in said(
        ordered, loose
    )


# releases


def test_a_release_that_is_gone_is_worse() -> None:
    """The feature stays on, and so does the role in use, when the owner is deleted."""

    def unreleased(stack: Stack) -> None:
        sessions(stack).node.try_remove_child("Release")

    assert said(stack_of(sessions), stack_of(unreleased)) == [
        (
            "ReleaseLost",
            "worse",
            (
                "nothing switches session logging off any more before `Owner` is deleted"
                " (`Logs/Release` is gone)"
            ),
        )
    ]
    assert said(stack_of(unreleased), stack_of(sessions)) == [
        (
            "ReleaseGained",
            "better",
            "session logging is switched off now before `Owner` is deleted",
        )
    ]


def test_a_release_that_is_retained_is_none() -> None:
    """What is never deleted switches nothing off."""

    def retained(stack: Stack) -> None:
        sessions(stack).release.cfn_options.deletion_policy = CfnDeletionPolicy.RETAIN

    assert said(stack_of(sessions), stack_of(retained)) == [
        (
            "ReleaseLost",
            "worse",
            (
                "nothing switches session logging off any more before `Owner` is deleted"
                " (`Logs/Release` is retained)"
            ),
        )
    ]


def test_a_release_for_another_owner_is_none_for_the_first() -> None:
    """The owner that it is taken from is named."""

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

    lost = said(stack_of(logs("a")), stack_of(logs("b")))

    assert (
        "ReleaseLost",
        "worse",
        (
            "nothing switches as-run logging off any more before `a` is deleted (`Logs/Release` is"
            " for something else)"
        ),
    ) in lost
    assert (
        "Replaced",
        "changed",
        "`Logs/Release` will be replaced: `ChannelName` changes",
    ) in lost


def test_a_feature_that_is_retained_is_worse() -> None:
    """It stays on when the stack is destroyed."""

    def streaming(stack: Stack) -> VoiceConnectorStreaming:
        return VoiceConnectorStreaming(stack, "Streaming", voice_connector="abcdef1ghij2klmno3pqr4")

    def retained(stack: Stack) -> None:
        resource = streaming(stack).node.find_child("Resource")
        assert isinstance(resource, aws_cdk.CfnResource)
        resource.cfn_options.deletion_policy = CfnDeletionPolicy.RETAIN_EXCEPT_ON_CREATE

    assert said(stack_of(streaming), stack_of(retained)) == [
        (
            "FeatureRetained",
            "worse",
            (
                "`Streaming/Resource` is retained now: destroying this stack would leave media"
                " streaming on, and the role in use"
            ),
        )
    ]


# what CloudFormation makes of a resource


def recording(stack: Stack, **options: Any) -> None:  # noqa: ANN401 - props of a recording
    """Record a channel of the app."""
    bucket = aws_s3.Bucket(stack, "Bucket", bucket_name=options.pop("bucket_name", None))
    each = IvsRecordingConfiguration(stack, "Recording", bucket=bucket, **options)
    each.record(aws_ivs.CfnChannel(stack, "Studio"))


def test_a_recording_configuration_is_replaced_whatever_changes() -> None:
    """IVS has no call that updates one."""
    changed = stack_of(lambda stack: recording(stack, thumbnails=Thumbnails.disabled()))

    assert said(stack_of(recording), changed) == [
        (
            "Replaced",
            "changed",
            (
                "`Recording/Resource` will be replaced: AWS::IVS::RecordingConfiguration cannot be"
                " updated, and `ThumbnailConfiguration` changes"
            ),
        )
    ]


def test_what_refers_to_a_replaced_resource_may_be_replaced_too() -> None:
    """A bucket of another name is another bucket, and so the configuration is another one."""
    renamed = stack_of(lambda stack: recording(stack, bucket_name="recordings-of-the-show"))

    assert said(stack_of(recording), renamed) == [
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


def test_a_feature_of_another_thing_is_replaced() -> None:
    """A custom resource of this library acts on one thing, or is another one."""

    def streaming(connector: str) -> App:
        return stack_of(
            lambda stack: VoiceConnectorStreaming(stack, "Streaming", voice_connector=connector)
        )

    assert said(streaming("a" * 22), streaming("b" * 22)) == [
        ("Replaced", "changed", "`Streaming/Resource` will be replaced: `VoiceConnectorId` changes")
    ]


def test_a_type_cannot_change_under_one_name() -> None:
    """CloudFormation refuses it, and says so only when it is deployed."""
    changes = said(removing(RoleRemoval.REQUIRE), stack_of(lambda stack: role(stack, native=True)))

    assert changes == [
        (
            "TypeChanged",
            "worse",
            (
                "`Role/Resource` was Custom::ServiceLinkedRole and is AWS::IAM::ServiceLinkedRole:"
                " CloudFormation refuses to change a type; give it another construct id"
            ),
        )
    ]


def test_a_new_construct_id_in_one_deployment_is_worse() -> None:
    """The new resource is created before the old one is deleted, which takes it apart again."""

    def streaming(id: str) -> App:
        return stack_of(lambda stack: VoiceConnectorStreaming(stack, id, voice_connector="a" * 22))

    assert said(streaming("Audio"), streaming("Calls"))[0] == (
        "Renamed",
        "worse",
        (
            "media streaming moves from `Audio/Resource` to `Calls/Resource` in one deployment:"
            " CloudFormation creates the new resource before it deletes the old one, which then"
            " undoes what the new one did, unless CloudFormation refuses it; take it out in one"
            " deployment and put it in with the next"
        ),
    )
    # another thing under another id is another feature
    others = stack_of(
        lambda stack: VoiceConnectorStreaming(stack, "Calls", voice_connector="b" * 22)
    )
    assert "Renamed" not in [each[0] for each in said(streaming("Audio"), others)]


@pytest.mark.parametrize("native", [True, False])
def test_a_role_under_a_new_construct_id_is_worse(*, native: bool) -> None:
    """For the native role too, which fails because the name is taken."""

    def declared(id: str) -> App:
        return stack_of(
            lambda stack: ServiceLinkedRole(stack, id, definition=MEDIATAILOR, native=native)
        )

    ((code, verdict, text),) = said(declared("A"), declared("B"))

    assert (code, verdict) == ("Renamed", "worse")
    assert text.startswith(f"{ROLE} moves from `A/Resource` to `B/Resource` in one deployment")
    assert ("which fails while the old one is there" in text) == native


# order in general


def test_a_dependency_that_is_gone_is_worse_and_a_reference_is_not() -> None:
    """A reference takes the need for its order with it, a `DependsOn` is there for nothing else."""
    alone = plain(A={}, B={}, C={})

    assert said(plain(A={}, B={"DependsOn": "A"}, C={"DependsOn": ["A", "B"]}), alone) == [
        ("OrderLost", "worse", "`B` no longer waits for `A`"),
        ("OrderLost", "worse", "`C` no longer waits for `A` and `B`"),
    ]
    refers = {"Properties": {"Name": {"Ref": "A"}}}
    assert said(plain(A={}, B=refers, C={}), alone) == [
        ("OrderLost", "changed", "`B` no longer waits for `A`")
    ]
    assert said(alone, plain(A={}, B=refers, C={})) == [
        ("OrderGained", "changed", "`B` waits for `A` now")
    ]


def test_an_order_that_another_chain_keeps_is_not_lost() -> None:
    """What counts is that one waits for the other."""
    old = plain(A={}, B={"DependsOn": "A"}, C={"DependsOn": ["A", "B"]})

    assert said(old, plain(A={}, B={"DependsOn": "A"}, C={"DependsOn": "B"})) == []


def test_an_order_is_lost_with_what_stood_between() -> None:
    """It was never said of the two themselves, so it is for the reader to judge."""
    old = plain(A={}, B={"DependsOn": "A"}, C={"DependsOn": "B"})

    assert said(old, plain(A={}, C={})) == [("OrderLost", "changed", "`C` no longer waits for `A`")]


def test_an_order_that_is_reversed_is_worse() -> None:
    """Whatever said so before."""
    old = plain(A={}, B={"Properties": {"Name": {"Ref": "A"}}})

    assert said(old, plain(A={"DependsOn": "B"}, B={})) == [
        (
            "OrderReversed",
            "worse",
            "`B` no longer waits for `A`: it is the other way round now",
        )
    ]


def test_an_order_between_owner_and_feature_is_never_for_nothing() -> None:
    """Even where it came with a reference, which the owner's name has replaced."""

    def streaming(*, by_name: bool) -> App:
        def define(stack: Stack) -> None:
            owner = linear_channel(stack)
            name = owner.channel_name if by_name else owner.ref
            MediaTailorAsRunLogging(stack, "Logs", channel=name)

        return stack_of(define)

    by_reference, by_name = streaming(by_name=False), streaming(by_name=True)

    assert ("OrderLost", "worse", "`Logs/Resource` no longer waits for `Owner`") in said(
        by_reference, by_name
    )
    assert ("OrderGained", "better", "`Logs/Resource` waits for `Owner` now") in said(
        by_name, by_reference
    )


# stacks


def two(*, reference: bool = False, dependency: str = "") -> App:
    """Return two stacks, of which one may refer to the other or be told to wait for it."""

    def define(app: aws_cdk.App) -> None:
        first, second = Stack(app, "First"), Stack(app, "Second")
        topic = aws_sns.Topic(first, "Topic")
        aws_sns.Topic(second, "Topic")
        if reference:
            aws_cdk.CfnOutput(second, "First's", value=topic.topic_arn)
        else:
            # what is exported stays exported, so that stacks can be deployed one by one
            first.export_value(topic.topic_arn)
        if dependency == "Second waits":
            second.add_stack_dependency(first)
        if dependency == "First waits":
            first.add_stack_dependency(second)

    return read_back(define)


def test_stacks_that_no_longer_wait_are_worse_unless_a_reference_is_gone() -> None:
    """As with resources."""
    assert said(two(dependency="Second waits"), two()) == [
        ("StackOrderLost", "worse", "the stack no longer waits for `First`")
    ]
    assert said(two(reference=True), two()) == [
        ("StackOrderLost", "changed", "the stack no longer waits for `First`")
    ]
    assert said(two(), two(reference=True)) == [
        ("StackOrderGained", "changed", "the stack waits for `First` now")
    ]
    assert said(two(dependency="Second waits"), two(dependency="First waits")) == [
        (
            "StackOrderReversed",
            "worse",
            "the stack no longer waits for `First`: it is the other way round now",
        )
    ]


def test_a_stack_that_is_gone_stays_in_the_account() -> None:
    """CDK does not destroy what it no longer knows, and the roles stay held."""
    both = read_back(lambda app: [sessions(Stack(app, "Ads")), Stack(app, "Others")])
    none = read_back(lambda app: Stack(app, "Others"))

    assert said(both, none) == [
        (
            "StackRemoved",
            "changed",
            (
                f"the stack is no longer in the app: it stays in the account, with its hold on"
                f" {ROLE}, until somebody destroys it"
            ),
        )
    ]


def test_a_stack_that_was_waited_for_may_go() -> None:
    """Then there is nothing to wait for."""
    alone = read_back(lambda app: aws_sns.Topic(Stack(app, "Second"), "Topic"))

    assert [each[0] for each in said(two(dependency="Second waits"), alone)] == ["StackRemoved"]


def test_a_nested_stack_is_compared_and_goes_with_its_parent() -> None:
    """It is found by the construct that it is."""

    def nested(*, ordered: bool) -> Callable[[aws_cdk.App], None]:
        def define(app: aws_cdk.App) -> None:
            inner = aws_cdk.NestedStack(Stack(app, "Show"), "Inner")
            declared = l1_role(inner)
            l1_sessions(inner, *([declared] if ordered else []))

        return define

    ordered, loose = read_back(nested(ordered=True)), read_back(nested(ordered=False))
    alone = read_back(lambda app: Stack(app, "Show"))

    (change,) = compare(ordered, loose).changes
    assert (change.stack, change.code, change.resource) == ("Show/Inner", "RoleOrderLost", "Owner")
    assert said(ordered, alone) == [
        (
            "StackRemoved",
            "changed",
            "the stack is no longer in the app: it is deleted when its parent is deployed",
        )
    ]


def test_a_role_in_the_parent_is_waited_for_by_its_nested_stack() -> None:
    """The nested stack is one resource of its parent, and waits with all that it has."""

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


def test_stages_have_stacks_of_one_name() -> None:
    """They are told apart by their paths."""

    def stages(app: aws_cdk.App, *, removal: RoleRemoval) -> None:
        for name in ("Test", "Prod"):
            stage = Stage(app, name)
            role(Stack(stage, "Ads"), removal=removal if name == "Prod" else RoleRemoval.KEEP)

    old = read_back(lambda app: stages(app, removal=RoleRemoval.KEEP))
    new = read_back(lambda app: stages(app, removal=RoleRemoval.WHEN_UNUSED))

    (change,) = compare(old, new).changes
    assert (change.stack, change.verdict) == ("Prod/Ads", Verdict.WORSE)


def test_the_worse_comes_first() -> None:
    """A reviewer reads from the top."""
    old = plain(A={}, B={"DependsOn": "A"}, C={}, D={"Properties": {"X": {"Ref": "A"}}})
    new = plain(A={}, B={}, C={"Properties": {"X": {"Ref": "A"}}}, D={})

    assert [each.verdict.value for each in compare(old, new).changes] == [
        "worse",
        "changed",
        "changed",
    ]
