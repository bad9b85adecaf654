"""An owner has a feature only once in an app, however its constructs name the owner."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest
from aws_cdk import (
    App,
    Aspects,
    Aws,
    CfnOutput,
    Fn,
    NestedStack,
    Stack,
    Stage,
    aws_ivs,
    aws_mediapackage,
    aws_mediatailor,
    aws_s3,
)

from slr_constructs import (
    EnsureServiceLinkedRoles,
    IvsRecordingConfiguration,
    MediaPackageAccessLogging,
    MediaTailorAsRunLogging,
    MediaTailorSessionLogging,
    UsageError,
    VoiceConnectorStreaming,
)
from tests.features.every_feature import RECIPES, linear_channel, playback_configuration

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import Construct

ACCOUNT, REGION = "111122223333", "us-east-1"
HERE = {"account": ACCOUNT, "region": REGION}
EXISTING = [name for name in RECIPES if name.startswith("existing-")]
#: Existing owners whose ARN has their account and region.
BY_ARN = ["existing-chat", "existing-recording", "existing-vod"]

#: Two stacks that are deployed to the same account and region.
SAME: dict[str, Callable[[App], list[Stack]]] = {
    "two stacks": lambda app: [Stack(app, each, env=HERE) for each in ("One", "Two")],
    "two stages": lambda app: [
        Stack(Stage(app, each, env=HERE), "Stack") for each in ("One", "Two")
    ],
    "a stage of the environment of a stack": lambda app: [
        Stack(app, "One", env=HERE),
        Stack(Stage(app, "Two"), "Stack", env=HERE),
    ],
    "a nested stack and its parent": lambda app: [
        parent := Stack(app, "One"),
        NestedStack(parent, "Two"),
    ],
    "two nested stacks": lambda app: [
        NestedStack(NestedStack(parent := Stack(app, "Stack"), "A"), "One"),
        NestedStack(parent, "Two"),
    ],
    "a nested stack and another stack": lambda app: [
        NestedStack(Stack(app, "One", env=HERE), "Nested"),
        Stack(app, "Two", env=HERE),
    ],
}
#: Two stacks that may be deployed to different accounts or regions, or that are.
DIFFERENT: dict[str, Callable[[App], list[Stack]]] = {
    "no environments": lambda app: [Stack(app, each) for each in ("One", "Two")],
    "stages without environments": lambda app: [
        Stack(Stage(app, each), "Stack") for each in ("One", "Two")
    ],
    "one environment": lambda app: [Stack(app, "One", env=HERE), Stack(app, "Two")],
    "only the region": lambda app: [
        Stack(app, each, env={"region": REGION}) for each in ("One", "Two")
    ],
    "two regions": lambda app: [
        Stack(app, each, env={"account": ACCOUNT, "region": each})
        for each in (REGION, "eu-central-1")
    ],
    "two accounts": lambda app: [
        Stack(app, f"S{each}", env={"account": each, "region": REGION})
        for each in (ACCOUNT, "444455556666")
    ],
}


@pytest.mark.parametrize("name", EXISTING)
@pytest.mark.parametrize("stacks", SAME)
def test_fails_when_two_stacks_of_one_environment_name_the_same_owner(
    name: str, stacks: str
) -> None:
    """The deletion of one stack would disable the feature that the other one configured."""
    one, two = SAME[stacks](App())
    first = RECIPES[name].define(one, "a", None)

    with pytest.raises(UsageError) as refused:
        RECIPES[name].define(two, "a", None)

    assert refused.value.code == "FeatureSetTwice"
    assert str(refused.value).startswith(f"{two.node.path}/Feature: {first.node.path} already ")


@pytest.mark.parametrize("name", [each for each in EXISTING if each not in BY_ARN])
@pytest.mark.parametrize("stacks", DIFFERENT)
def test_the_same_name_in_another_environment_is_another_owner(name: str, stacks: str) -> None:
    """If an environment is unknown, the stacks may be deployed to two accounts."""
    for stack in DIFFERENT[stacks](App()):
        RECIPES[name].define(stack, "a", None)


@pytest.mark.parametrize("name", BY_ARN)
def test_fails_when_two_stacks_without_environments_name_the_same_arn(name: str) -> None:
    """The ARN has the account and the region, so there is only one such owner."""
    one, two = DIFFERENT["no environments"](App())
    RECIPES[name].define(one, "a", None)

    with pytest.raises(UsageError, match="One/Feature already configures"):
        RECIPES[name].define(two, "a", None)


def test_two_apps_are_not_compared() -> None:
    """Each app is synthesized on its own."""
    for _ in range(2):
        RECIPES["existing-voice"].define(Stack(App(), "Stack", env=HERE), "a", None)


#: An owner of the app with a given name, its feature by object and by name.
OBJECT_AND_NAME: dict[
    str, tuple[Callable[[Construct], object], Callable[[Construct, object], object], str]
] = {
    "sessions": (
        playback_configuration,
        lambda scope, owner: MediaTailorSessionLogging(
            scope,
            "Feature",
            playback_configuration=owner,  # type: ignore[arg-type]
        ),
        "ads",
    ),
    "as-run": (
        linear_channel,
        lambda scope, owner: MediaTailorAsRunLogging(scope, "Feature", channel=owner),  # type: ignore[arg-type]
        "linear",
    ),
    "live": (
        lambda scope: aws_mediapackage.CfnChannel(scope, "Owner", id="live"),
        lambda scope, owner: MediaPackageAccessLogging(scope, "Feature", channel=owner),  # type: ignore[arg-type]
        "live",
    ),
    "vod": (
        lambda scope: aws_mediapackage.CfnPackagingGroup(scope, "Owner", id="vod"),
        lambda scope, owner: MediaPackageAccessLogging(scope, "Feature", packaging_group=owner),  # type: ignore[arg-type]
        "vod",
    ),
    "vod by ARN": (
        lambda scope: aws_mediapackage.CfnPackagingGroup(scope, "Owner", id="vod"),
        lambda scope, owner: MediaPackageAccessLogging(scope, "Feature", packaging_group=owner),  # type: ignore[arg-type]
        f"arn:aws:mediapackage-vod:{REGION}:{ACCOUNT}:packaging-groups/vod",
    ),
}


@pytest.mark.parametrize("name", OBJECT_AND_NAME)
@pytest.mark.parametrize("name_first", [False, True])
def test_fails_when_an_object_and_its_name_are_the_same_owner(
    name: str,
    name_first: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The order of the two constructs does not matter, and neither does the stack."""
    make, define, text = OBJECT_AND_NAME[name]
    one, two = SAME["two stacks"](App())
    owner = make(one)
    owners = [text, owner] if name_first else [owner, text]
    define(one, owners[0])

    with pytest.raises(UsageError, match="Two/Feature: One/Feature already configures"):
        define(two, owners[1])


def test_fails_when_an_object_and_its_name_are_in_one_stack(stack: Stack) -> None:
    """Also without an environment."""
    ads = playback_configuration(stack)
    MediaTailorSessionLogging(stack, "First", playback_configuration=ads)

    with pytest.raises(UsageError) as refused:
        MediaTailorSessionLogging(stack, "Second", playback_configuration="ads")

    assert str(refused.value) == (
        "Stack/Second: Stack/First already configures session logging for playback configuration"
        " 'ads'. Remove one of them. [FeatureSetTwice]"
    )


def _owner(name: str, stack: Stack) -> object:
    """Define a feature, and return its owner."""
    RECIPES[name].define(stack, "a", None)
    return stack.node.find_child("Owner")


#: How a feature is given an owner; an owner that has the feature; and the attribute with its name.
REFERENCES: dict[str, tuple[Callable[[Stack, object], object], Callable[[Stack], object], str]] = {
    "voice": (
        lambda stack, owner: VoiceConnectorStreaming(stack, "Feature", voice_connector=owner),  # type: ignore[arg-type]
        functools.partial(_owner, "voice"),
        "attr_voice_connector_id",
    ),
    "sessions": (
        lambda stack, owner: MediaTailorSessionLogging(
            stack,
            "Feature",
            playback_configuration=owner,  # type: ignore[arg-type]
        ),
        functools.partial(_owner, "sessions"),
        "ref",
    ),
    "recording": (
        lambda stack, owner: IvsRecordingConfiguration(
            stack, "Feature", bucket=aws_s3.Bucket.from_bucket_name(stack, "B", "recordings")
        ).record(owner),  # type: ignore[arg-type]
        functools.partial(_owner, "recording"),
        "attr_arn",
    ),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_fails_when_a_reference_and_an_object_are_the_same_owner(name: str) -> None:
    """It is certainly the same owner, also in stacks without environments."""
    define, make, attribute = REFERENCES[name]
    one, two = DIFFERENT["no environments"](App())
    owner = make(one)

    with pytest.raises(UsageError, match="Feature: One/Feature already configures"):
        define(two, getattr(owner, attribute))


def test_the_outputs_of_a_nested_stack_are_different_owners(stack: Stack) -> None:
    """They are attributes of the same resource, the nested stack."""
    nested = NestedStack(stack, "Nested")
    for letter in "ab":
        CfnOutput(nested, letter, value=letter)
    resource = nested.nested_stack_resource
    assert resource is not None

    for letter in "ab":
        MediaTailorAsRunLogging(
            stack, letter, channel=resource.get_att(f"Outputs.{letter}").to_string()
        )


def test_a_token_may_have_another_value_in_another_stack() -> None:
    """`AWS::StackName` is an example. In one stack, the same token has the same value."""
    one, two = SAME["two stacks"](App())
    for stack in (one, two):
        MediaTailorAsRunLogging(stack, "First", channel=f"show-{Aws.STACK_NAME}")

    with pytest.raises(UsageError, match="Two/Second: Two/First already configures"):
        MediaTailorAsRunLogging(two, "Second", channel=f"show-{Aws.STACK_NAME}")


def test_a_dynamic_reference_may_have_another_value_in_another_stack() -> None:
    """The parameter may change between the deployments of two stacks."""
    one, two = SAME["two stacks"](App())

    for stack in (one, two):
        MediaTailorAsRunLogging(stack, "First", channel="{{resolve:ssm:/show}}")

    with pytest.raises(UsageError, match="Two/Second: Two/First already configures"):
        MediaTailorAsRunLogging(two, "Second", channel="{{resolve:ssm:/show}}")


def test_two_objects_with_the_same_name_are_two_owners() -> None:
    """CloudFormation creates only one of them, for example because they have conditions."""
    for stack in SAME["two stages"](App()):
        MediaPackageAccessLogging(
            stack, "Logs", channel=aws_mediapackage.CfnChannel(stack, "Live", id="live")
        )


@pytest.mark.parametrize("known", [True, False])
def test_owners_of_different_types_may_have_the_same_name(
    stack: Stack,
    known: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A name is unique only for its type."""
    name = "live" if known else Fn.import_value("Name")
    MediaTailorAsRunLogging(stack, "AsRun", channel=name)
    MediaTailorSessionLogging(stack, "Sessions", playback_configuration=name)
    MediaPackageAccessLogging(stack, "Live", channel=name)
    MediaPackageAccessLogging(stack, "Vod", packaging_group=name)


def test_fails_when_the_aspect_adds_a_clean_up_for_an_owner_that_a_feature_names() -> None:
    """The owner has its logs from its own property, and a feature configures them by name too."""
    app = App()
    stack = Stack(app, "Stack")
    MediaTailorAsRunLogging(stack, "Logs", channel="linear")
    linear_channel(
        stack
    ).log_configuration = aws_mediatailor.CfnChannel.LogConfigurationForChannelProperty(
        log_types=["AS_RUN"]
    )
    Aspects.of(app).add(EnsureServiceLinkedRoles())

    with pytest.raises(RuntimeError, match="Stack/Owner: Stack/Logs already configures"):
        app.synth()


def test_a_failed_claim_leaves_nothing_behind(stack: Stack) -> None:
    """The first construct still has its owner, and another owner may be configured."""
    channels = [aws_ivs.CfnChannel(stack, each) for each in ("One", "Two")]
    bucket = aws_s3.Bucket(stack, "Bucket")
    first = IvsRecordingConfiguration(stack, "First", bucket=bucket)
    second = IvsRecordingConfiguration(stack, "Second", bucket=bucket)
    first.record(channels[0])

    with pytest.raises(UsageError, match="FeatureSetTwice"):
        second.record(channels[0].attr_arn)
    second.record(channels[1].attr_arn)
