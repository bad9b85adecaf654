"""The assertions and all their failure messages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import (
    App,
    CfnResource,
    NestedStack,
    RemovalPolicy,
    Stack,
    Stage,
    aws_chime,
    aws_iam,
    aws_ivs,
    aws_mediapackage,
    aws_mediatailor,
    aws_s3,
    aws_sqs,
)
from aws_cdk.assertions import Template
from constructs import Construct

from sample_app.app import build
from slr_constructs import (
    IvsRecordingConfiguration,
    MediaPackageAccessLogging,
    MediaTailorSessionLogging,
    ServiceLinkedRole,
    VoiceConnectorStreaming,
    catalogue,
)
from slr_constructs.catalogue import RoleDefinition
from slr_constructs.templates.reading import TemplateError
from slr_constructs.testing import (
    assert_created_before,
    assert_deleted_before,
    assert_role_released,
    template_of,
)
from tests.features.every_feature import RECIPES, playback_configuration
from tests.resource_types import EXAMPLES, each_native_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slr_constructs.catalogue import ResourceType

ROOT = Path(__file__).parents[2]
CONTEXT = json.loads((ROOT / "cdk.json").read_text())["context"]


def _hotline(stack: Stack) -> str:
    """Define streaming of a connector, and return the name of its role."""
    connector = aws_chime.CfnVoiceConnector(
        stack, "Connector", name="lines", require_encryption=True
    )
    VoiceConnectorStreaming(stack, "Streaming", voice_connector=connector)
    return "AWSServiceRoleForAmazonChimeVoiceConnector"


def _failure(check: Callable[..., None], *args: Any, **options: Any) -> str:  # noqa: ANN401 - those of any assertion
    with pytest.raises(AssertionError) as error:
        check(*args, **options)
    return _readable(error.value)


def _readable(error: BaseException | str) -> str:
    """Return the text of an error without the hashes at the end of logical ids."""
    return re.sub(r"\b(\w+?)[0-9A-F]{8}\b", r"\1…", str(error))


def _after(stack: Stack, name: str, *earlier: CfnResource) -> CfnResource:
    later = CfnResource(stack, name, type="Some::Type")
    for each in earlier:
        later.add_resource_dependency(each)
    return later


# names


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Stack/Streaming/Resource", "Stack/Role/Resource"),
        ("Streaming/Resource", "Role/Resource"),
        ("Streaming", "Role"),
        ("Stack/Streaming", "Stack/Role"),
    ],
)
def test_a_resource_has_several_names(stack: Stack, name: str, role: str) -> None:
    """A name may be a path with or without the stack name, or a construct with one resource."""
    definition = catalogue.CHIME_VOICE_CONNECTOR
    ServiceLinkedRole(stack, "Role", definition=definition, native=True)
    _hotline(stack)

    assert_created_before(stack, role, name)
    assert_deleted_before(stack, name, role)


def test_a_logical_id_is_a_name_too(stack: Stack) -> None:
    """It works for a stack and for its template."""
    _hotline(stack)
    (streaming,) = (
        name
        for name, each in template_of(stack)["Resources"].items()
        if each["Type"] == "Custom::VoiceConnectorStreaming"
    )

    assert_deleted_before(stack, streaming, "Connector")
    assert_deleted_before(template_of(stack), streaming, "Connector")


FORMS: dict[str, Callable[[Stack], Any]] = {
    "stack": lambda stack: stack,
    "template": Template.from_stack,
    "dictionary": template_of,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("named_by", ["construct", "resource", "logical id", "path"])
def test_every_form_of_a_template_accepts_every_name(form: str, named_by: str) -> None:
    """Paths of a template are in its metadata, which the CDK command line enables."""
    stack = Stack(App(context=CONTEXT | {"aws:cdk:enable-path-metadata": True}), "Stack")
    connector = aws_chime.CfnVoiceConnector(
        stack, "Connector", name="lines", require_encryption=True
    )
    streaming = VoiceConnectorStreaming(stack, "Streaming", voice_connector=connector)
    role = ServiceLinkedRole.of(stack, catalogue.CHIME_VOICE_CONNECTOR)

    def named(construct: Construct) -> Any:  # noqa: ANN401 - a construct or a text
        resource = construct.node.default_child or construct
        assert isinstance(resource, CfnResource)
        if named_by == "construct":
            return construct
        if named_by == "resource":
            return resource
        return construct.node.path if named_by == "path" else stack.resolve(resource.logical_id)

    template = FORMS[form](stack)

    assert_created_before(template, named(role), named(streaming))
    assert_deleted_before(template, named(streaming), named(connector))
    assert_role_released(template, named(role), owner=named(connector))


@pytest.mark.parametrize("form", ["template", "dictionary"])
def test_a_construct_is_a_name_without_metadata(stack: Stack, form: str) -> None:
    """A path is not, and the error says so."""
    role = _hotline(stack)
    template = FORMS[form](stack)
    streaming = stack.node.find_child("Streaming")

    assert_deleted_before(template, streaming, stack.node.find_child("Connector"))
    with pytest.raises(LookupError) as error:
        assert_deleted_before(template, "Stack/Streaming", role)
    assert str(error.value) == (
        "the template has no resource named Stack/Streaming, because it has no construct paths;"
        " pass the stack, or name the construct"
    )


def test_fails_when_a_construct_is_not_in_the_template(stack: Stack) -> None:
    """It may be in another stack, or have no resources."""
    _hotline(stack)
    imported = aws_sqs.Queue.from_queue_arn(stack, "Queue", "arn:aws:sqs:us-east-1:1111:queue")
    other = Stack(App(), "Other")
    topic = CfnResource(other, "Topic", type="Some::Type")

    with pytest.raises(LookupError, match=r"Stack/Queue$"):
        assert_created_before(stack, "Connector", imported)
    with pytest.raises(LookupError) as error:
        assert_created_before(stack, "Connector", topic)
    assert str(error.value) == "Other/Topic is in the stack Other, not in the stack Stack"
    with pytest.raises(LookupError, match=r"named Other/Topic$"):
        assert_created_before(template_of(stack), "Connector", topic)


@pytest.mark.parametrize("wrong", [None, 1, ["Connector"]])
def test_fails_when_an_argument_has_another_type(stack: Stack, wrong: Any) -> None:  # noqa: ANN401
    """The message has the accepted types."""
    got = type(wrong).__name__

    with pytest.raises(TypeError) as error:
        assert_created_before(wrong, "A", "B")
    assert str(error.value) == (
        f"template must be a Stack, a Template of aws_cdk.assertions or a dictionary, got {got}"
    )
    with pytest.raises(TypeError) as error:
        assert_created_before(stack, wrong, "B")
    assert str(error.value) == (
        f"a resource must be a construct, a logical id or a construct path, got {got}"
    )


def test_a_construct_with_several_resources_is_ambiguous(stack: Stack) -> None:
    """The message lists them."""
    owner = playback_configuration(stack)
    MediaTailorSessionLogging(stack, "Logging", playback_configuration=owner)

    with pytest.raises(LookupError) as error:
        assert_deleted_before(stack, "Logging", "Owner")

    assert _readable(error.value) == (
        "Logging has more than one resource. Name one of them:"
        " Logging/CleanUp (LoggingCleanUp…),"
        " Logging/CleanUpPolicy (LoggingCleanUpPolicy…)"
    )


def test_the_only_resource_of_a_construct_has_its_name(stack: Stack) -> None:
    """The resource may be at any depth and have any id."""
    queue = aws_sqs.CfnQueue(stack, "Queue")
    shelf = Construct(stack, "Shelf")
    CfnResource(Construct(shelf, "Board"), "Book", type="Some::Type").add_resource_dependency(queue)

    assert_created_before(stack, "Queue", "Shelf")
    assert_created_before(stack, "Queue", "Stack/Shelf/Board")


def test_similar_nested_names_are_distinguished(stack: Stack) -> None:
    """The path of a nested stack's own resource may end as that of another does."""
    inner = NestedStack(stack, "Inner")
    CfnResource(Construct(inner, "Inner"), "Queue", type="Some::Type")
    CfnResource(inner, "Queue", type="Some::Type")

    with pytest.raises(LookupError) as error:
        assert_created_before(inner, "Inner/Queue", "Queue")

    assert _readable(error.value) == (
        "Inner/Queue has more than one resource. Name one of them:"
        " Inner/Inner/Queue (InnerQueue…), Inner/Queue (Queue)"
    )


def test_a_path_may_start_with_the_stage() -> None:
    """The name of the stage is optional."""
    stack = Stack(Stage(App(), "Prod"), "Hotline")
    role = _hotline(stack)

    for name in ("Prod/Hotline/Streaming", "Hotline/Streaming", "Streaming"):
        assert_created_before(stack, role, name)


def test_the_paths_of_a_template_come_from_its_metadata() -> None:
    """`cdk synth` writes them; without metadata, only logical ids are names."""
    path = {"aws:cdk:path": "Hotline/Streaming/Resource"}
    template = {
        "Resources": {
            "Streaming1A": {"Type": "Some::Type", "Metadata": path, "DependsOn": "Plain"},
            "Plain": {"Type": "Some::Type", "Metadata": {"owner": "team"}},
        }
    }

    for name in ("Streaming1A", "Hotline/Streaming/Resource", "Streaming/Resource", "Streaming"):
        assert_created_before(template, "Plain", name)
    assert _failure(assert_created_before, template, "Streaming", "Plain") == (
        "Streaming/Resource (Streaming1A) is not created before Plain, because the dependency is"
        " reversed:\n"
        "    Streaming/Resource (Streaming1A)\n"
        "    depends on Plain (DependsOn)\n"
        "Remove this dependency first; otherwise you create a circular dependency.\n"
        "Add a dependency from Plain to Streaming/Resource (Streaming1A): add Streaming1A to the"
        " DependsOn of Plain."
    )


def test_fails_when_a_name_is_unknown(stack: Stack) -> None:
    """Each similar resource is listed once."""
    _hotline(stack)

    with pytest.raises(LookupError) as error:
        assert_created_before(stack, "Connector", "Streeming")
    assert _readable(error.value) == (
        "the template has no resource named Streeming; similar names: Streaming/Resource"
        " (Streaming…)"
    )

    with pytest.raises(LookupError) as error:
        assert_created_before(stack, "Xyz", "Streaming")
    assert _readable(error.value) == ("the template has no resource named Xyz; no name is similar")


def test_fails_when_the_template_has_no_resources() -> None:
    """Then no name is similar."""
    with pytest.raises(
        LookupError, match="the template has no resource named A; no name is similar"
    ):
        assert_created_before({}, "A", "B")


def test_fails_when_both_names_are_the_same_resource(stack: Stack) -> None:
    """A resource cannot be before itself."""
    _hotline(stack)

    with pytest.raises(ValueError, match="are the same resource") as error:
        assert_deleted_before(stack, "Streaming", "Stack/Streaming/Resource")

    assert _readable(error.value) == (
        "Streaming and Stack/Streaming/Resource are the same resource,"
        " Streaming/Resource (Streaming…); name two different resources"
    )


@pytest.mark.parametrize("check", [assert_created_before, assert_deleted_before])
def test_fails_when_the_template_has_no_order(check: Callable[..., None]) -> None:
    """A circular dependency or an invalid template is an error, not a failed assertion."""
    cycle = {
        "A": {"Type": "Some::Type", "DependsOn": "B"},
        "B": {"Type": "Some::Type", "DependsOn": "A"},
    }

    with pytest.raises(
        TemplateError, match="circular dependency between resources: A -DependsOn-> B"
    ):
        check({"Resources": cycle}, "A", "B")
    with pytest.raises(TemplateError, match="A: not a resource"):
        check({"Resources": {"A": {}}}, "A", "B")


# order of two resources


def test_independent_resources_have_no_order(stack: Stack) -> None:
    """The message contains the missing and the existing dependencies."""
    aws_chime.CfnVoiceConnector(stack, "Connector", name="lines", require_encryption=True)
    VoiceConnectorStreaming(stack, "Streaming", voice_connector="abcdef1ghij2klmno3pqr4")

    assert _failure(assert_deleted_before, stack, "Streaming", "Connector") == (
        "Streaming/Resource (Streaming…) is not deleted before Connector (Connector):"
        " neither depends on the other, so CloudFormation may use any order.\n"
        "Streaming/Resource (Streaming…) depends on"
        " AWSServiceRoleForAmazonChimeVoiceConnector/Resource"
        " (AWSServiceRoleForAmazonChimeVoiceConnector…),"
        " ServiceLinkedRoleFunction/Events (ServiceLinkedRoleFunctionEvents…),"
        " ServiceLinkedRoleFunction/Resource (ServiceLinkedRoleFunction…),"
        " Streaming/ResourcePolicy (StreamingResourcePolicy…).\n"
        "Add a dependency from Streaming/Resource (Streaming…) to Connector (Connector):"
        " X.node.add_dependency(Y), where X is the construct Streaming and Y is the construct"
        " Connector."
    )
    assert "\nConnector (Connector) depends on nothing.\n" in _failure(
        assert_created_before, stack, "Streaming", "Connector"
    )


def test_a_reversed_dependency_shows_the_chain(stack: Stack) -> None:
    """The message contains each dependency with its sources."""
    first = CfnResource(stack, "First", type="Some::Type")
    second = _after(stack, "Second", first)
    CfnResource(
        stack, "Third", type="Some::Type", properties={"Of": second.get_att("Arn").to_string()}
    )

    chain = (
        "    Third (Third)\n"
        "    depends on Second (Second) (GetAtt)\n"
        "    depends on First (First) (DependsOn)\n"
        "Remove this dependency first; otherwise you create a circular dependency.\n"
        "Add a dependency from First (First) to Third (Third): X.node.add_dependency(Y), where X is"
        " the construct First and Y is the construct Third."
    )
    assert _failure(assert_created_before, stack, "Third", "First") == (
        f"Third (Third) is not created before First (First), because the dependency is reversed:\n"
        f"{chain}"
    )
    assert _failure(assert_deleted_before, stack, "First", "Third") == (
        f"First (First) is not deleted before Third (Third), because the dependency is reversed:\n"
        f"{chain}"
    )
    assert_created_before(stack, "First", "Third")
    assert_deleted_before(stack, "Third", "First")


# roles


@pytest.mark.parametrize("name", RECIPES)
def test_every_feature_releases_its_role(stack: Stack, name: str) -> None:
    """The constructs pass, with an owner in the app and with an existing one."""
    recipe = RECIPES[name]
    recipe.define(stack, "a", None)

    assert_role_released(stack, recipe.definition.role_name)

    resources = template_of(stack)["Resources"]
    owners = [key for key, each in resources.items() if each["Type"] == recipe.owner]
    for owner in owners:
        assert_role_released(template_of(stack), _role_in(resources), owner=owner)


@pytest.mark.parametrize("name", RECIPES)
def test_every_feature_without_its_dependency_on_the_role_is_found(stack: Stack, name: str) -> None:
    """Each usage must depend on the role."""
    recipe = RECIPES[name]
    recipe.define(stack, "a", None)
    template = template_of(stack)
    role = _role_in(template["Resources"])
    for each in template["Resources"].values():
        if role in each.get("DependsOn", []):
            each["DependsOn"] = [needed for needed in each["DependsOn"] if needed != role]

    (carrier,) = (
        key for key, each in template["Resources"].items() if each["Type"] == recipe.carrier
    )
    assert _readable(f"\n{carrier} is not deleted before {role}: neither") in _failure(
        assert_role_released, template, role
    )


def _role_in(resources: Mapping[str, Any]) -> str:
    (role,) = (
        key for key, each in resources.items() if each["Type"] == "Custom::ServiceLinkedRole"
    )
    return role


def test_every_role_of_the_sample_app_is_released(tmp_path: Path) -> None:
    """The app has several stacks with their own roles."""
    app = build(App(context=CONTEXT, outdir=str(tmp_path)))
    checked = []

    for each in app.node.children:
        if isinstance(each, Stack):
            for logical_id, resource in template_of(each)["Resources"].items():
                if resource["Type"] == "Custom::ServiceLinkedRole":
                    assert_role_released(each, logical_id)
                    checked.append(resource["Properties"]["RoleName"])

    assert {*checked} == {each.role.role_name for each in catalogue.RESOURCE_TYPES}


def test_native_resources_are_checked(stack: Stack) -> None:
    """Only L1 constructs with the feature must depend on the role."""
    aws_iam.CfnServiceLinkedRole(stack, "Role", aws_service_name="mediapackage.amazonaws.com")
    aws_mediapackage.CfnChannel(
        stack,
        "Logged",
        id="logged",
        egress_access_logs=aws_mediapackage.CfnChannel.LogConfigurationProperty(),
    )
    aws_mediapackage.CfnChannel(stack, "Silent", id="silent")
    aws_sqs.CfnQueue(stack, "Queue")
    template = template_of(stack)

    assert _failure(assert_role_released, stack, "Role") == (
        "Role (Role) is not released:\n"
        "Logged (Logged) is not deleted before Role (Role): neither depends on the other, so"
        " CloudFormation may use any order.\n"
        "Logged (Logged) depends on nothing.\n"
        "Add a dependency from Logged (Logged) to Role (Role): X.node.add_dependency(Y), where X is"
        " the construct Logged and Y is the construct Role."
    )

    template["Resources"]["Logged"]["DependsOn"] = "Role"
    assert_role_released(template, "Role")


def test_a_channel_without_recording_does_not_use_the_role() -> None:
    """An empty ARN disables the recording of an IVS channel."""
    principal = catalogue.IVS_RECORD_TO_S3.service_principal
    recording = {"DestinationConfiguration": {"S3": {"BucketName": "recordings"}}}
    resources: dict[str, Any] = {
        "Role": {
            "Type": "AWS::IAM::ServiceLinkedRole",
            "Properties": {"AWSServiceName": principal},
        },
        "Recording": {
            "Type": "AWS::IVS::RecordingConfiguration",
            "Properties": recording,
            "DependsOn": "Role",
        },
        "Channel": {"Type": "AWS::IVS::Channel", "Properties": {"RecordingConfigurationArn": ""}},
    }

    assert_role_released({"Resources": resources}, "Role")


@each_native_type
def test_every_native_type_that_may_use_the_role_must_depend_on_it(target: ResourceType) -> None:
    """The usage may be certain or not."""
    principal = target.role.service_principal
    role = {"Type": "AWS::IAM::ServiceLinkedRole", "Properties": {"AWSServiceName": principal}}
    usage = {"Type": target.type, "Properties": EXAMPLES[target.type].properties}
    loose = {"Resources": {"Role": role, "A": usage}}

    assert "A is not deleted before Role" in _failure(assert_role_released, loose, "Role")
    assert_role_released({"Resources": {"Role": role, "A": usage | {"DependsOn": "Role"}}}, "Role")


@pytest.mark.parametrize("where", ["app", "existing"])
def test_the_owner_of_a_recording_needs_no_clean_up_resource(stack: Stack, where: str) -> None:
    """The deletion of the channel ends its recording, before the role is deleted."""
    bucket = aws_s3.Bucket(stack, "Bucket")
    recording = IvsRecordingConfiguration(stack, "Recording", bucket=bucket)
    channel = aws_ivs.CfnChannel(stack, "Studio")
    recording.record(channel if where == "app" else channel.attr_arn)
    role = ServiceLinkedRole.of(stack, catalogue.IVS_RECORD_TO_S3)

    assert_role_released(stack, role, owner=channel)


def test_the_owner_must_have_a_feature(stack: Stack) -> None:
    """A reference of a feature to another resource is not enough."""
    queue = aws_sqs.CfnQueue(stack, "Calls", queue_name="ChimeVoiceConnector-Streaming-calls")
    connector = aws_chime.CfnVoiceConnector(
        stack, "Connector", name="lines", require_encryption=True
    )
    streaming = VoiceConnectorStreaming(stack, "Streaming", voice_connector=connector)
    streaming.node.add_dependency(queue)
    role = ServiceLinkedRole.of(stack, catalogue.CHIME_VOICE_CONNECTOR)

    assert_role_released(stack, role, owner=connector)
    assert _failure(assert_role_released, stack, role, owner=queue).splitlines()[1:] == [
        "Calls (Calls) has no feature that uses the role"
    ]


def test_an_owner_needs_a_clean_up_resource_if_it_is_passed(stack: Stack) -> None:
    """Without it, the service may still use the role after the owner is deleted."""
    role = ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR, native=True)
    owner = playback_configuration(stack)
    owner.log_configuration = aws_mediatailor.CfnPlaybackConfiguration.LogConfigurationProperty(
        percent_enabled=100
    )
    owner.node.add_dependency(role)

    assert_role_released(stack, "Role")
    assert _failure(assert_role_released, stack, "Role", owner="Owner") == (
        "Role/Resource (Role…) is not released:\n"
        "no feature is disabled before Owner (Owner) is deleted: no custom resource that refers to"
        " it disables the feature. The constructs of slr_constructs define a clean-up resource for"
        " this."
    )


@pytest.mark.parametrize("deletes", [False, True])
def test_a_custom_resource_of_another_library_must_disable_the_feature(*, deletes: bool) -> None:
    """A custom resource without the opposite call leaves the feature enabled."""
    call = {
        "service": "Chime",
        "action": "putVoiceConnectorStreamingConfiguration",
        "parameters": {
            "VoiceConnectorId": "lines",
            "StreamingConfiguration": {"Disabled": False, "DataRetentionInHours": 0},
        },
    }
    opposite = call | {"action": "deleteVoiceConnectorStreamingConfiguration"}
    principal = catalogue.CHIME_VOICE_CONNECTOR.service_principal
    streaming = {"Create": json.dumps(call)} | ({"Delete": json.dumps(opposite)} if deletes else {})
    resources = {
        "Role": {
            "Type": "AWS::IAM::ServiceLinkedRole",
            "Properties": {"AWSServiceName": principal},
        },
        "Lines": {"Type": "AWS::Chime::VoiceConnector"},
        "Streaming": {
            "Type": "Custom::AWS",
            "Properties": streaming,
            "DependsOn": ["Role", "Lines"],
        },
    }

    template = {"Resources": resources}
    if deletes:
        assert_role_released(template, "Role", owner="Lines")
    else:
        assert "no feature is disabled before Lines is deleted" in _failure(
            assert_role_released, template, "Role", owner="Lines"
        )


def test_a_clean_up_of_another_library_counts_if_it_runs_before_the_owner_is_deleted() -> None:
    """It need not be a usage of the role, because it only disables the feature."""
    call = {
        "service": "mediatailor",
        "action": "ConfigureLogsForPlaybackConfiguration",
        "parameters": {"PlaybackConfigurationName": "ads", "PercentEnabled": 0},
    }
    resources: dict[str, dict[str, Any]] = {
        "Role": {
            "Type": "AWS::IAM::ServiceLinkedRole",
            "Properties": {"AWSServiceName": catalogue.MEDIATAILOR.service_principal},
        },
        "Ads": {
            "Type": "AWS::MediaTailor::PlaybackConfiguration",
            "Properties": {"Name": "ads", "LogConfiguration": {"PercentEnabled": 10}},
            "DependsOn": ["Role"],
        },
        "CleanUp": {
            "Type": "Custom::AWS",
            "Properties": {"Delete": json.dumps(call)},
            "DependsOn": ["Ads"],
        },
    }
    template = {"Resources": resources}
    assert_role_released(template, "Role", owner="Ads")

    resources["CleanUp"]["DependsOn"] = ["Role"]
    assert "no feature is disabled before Ads is deleted" in _failure(
        assert_role_released, template, "Role", owner="Ads"
    )


def test_an_owner_with_a_literal_name_is_deleted_too_early(stack: Stack) -> None:
    """The custom resource for an existing channel does not refer to the channel in the app."""
    aws_mediapackage.CfnChannel(stack, "Live", id="live")
    aws_mediapackage.CfnChannel(stack, "Other", id="other")
    MediaPackageAccessLogging(stack, "Audience", channel="live")

    text = _failure(assert_role_released, stack, "AWSServiceRoleForMediaPackage")

    assert [line.partition(":")[0] for line in text.splitlines() if "not deleted" in line] == [
        "Audience/Resource (Audience…) is not deleted before Live (Live)"
    ]


def test_a_retained_resource_still_uses_the_role(stack: Stack) -> None:
    """CloudFormation does not delete the resource, so the service still uses the role."""
    owner = playback_configuration(stack)
    MediaTailorSessionLogging(stack, "Logging", playback_configuration=owner)
    owner.apply_removal_policy(RemovalPolicy.RETAIN)

    assert _failure(assert_role_released, stack, "AWSServiceRoleForMediaTailor") == (
        "AWSServiceRoleForMediaTailor/Resource (AWSServiceRoleForMediaTailor…)"
        " is not released:\n"
        "Owner (Owner) is not deleted and still uses the role, because its DeletionPolicy is Retain"
    )


@pytest.mark.parametrize(
    "definition",
    [catalogue.MEDIATAILOR, RoleDefinition("AWSServiceRoleForX", "x.amazonaws.com")],
    ids=["known", "unknown"],
)
def test_fails_when_no_resource_uses_the_role(stack: Stack, definition: RoleDefinition) -> None:
    """An assertion that always passes proves nothing."""
    ServiceLinkedRole(stack, "Role", definition=definition, native=True)

    assert _failure(assert_role_released, stack, "Role") == (
        "Role/Resource (Role…) is not released:\n"
        "according to the catalogue, no resource in the template uses the role, so this assertion"
        " proves nothing"
    )


def test_fails_when_the_resource_is_not_a_service_linked_role(stack: Stack) -> None:
    """Other IAM roles are not accepted."""
    _hotline(stack)

    with pytest.raises(ValueError, match="is not a service-linked role") as error:
        assert_role_released(stack, "ServiceLinkedRoleFunction/Role")

    assert _readable(error.value) == (
        "ServiceLinkedRoleFunction/Role (ServiceLinkedRoleFunctionRole…) is not a"
        " service-linked role: its type is AWS::IAM::Role"
    )


# a project of another team

STACK_OF_A_TEAM = """
from aws_cdk import App, Stack, aws_chime
from slr_constructs import VoiceConnectorStreaming
from slr_constructs.testing import assert_deleted_before


def test_audio_stops_first():
    stack = Stack(App(), "Hotline")
    aws_chime.CfnVoiceConnector(stack, "Connector", name="lines", require_encryption=True)
    VoiceConnectorStreaming(stack, "Streaming", voice_connector="abcdef1ghij2klmno3pqr4")
    assert_deleted_before(stack, "Streaming", "Connector")
"""
PLAIN_STACK_OF_A_TEAM = """
from aws_cdk import App, Stack, aws_iam, aws_ivs
from slr_constructs.testing import assert_role_released


def test_role_goes_last():
    stack = Stack(App(), "Studio")
    aws_iam.CfnServiceLinkedRole(
        stack, "Role", aws_service_name="ivs.amazonaws.com"
    )
    aws_ivs.CfnRecordingConfiguration(
        stack,
        "Recording",
        destination_configuration=(
            aws_ivs.CfnRecordingConfiguration.DestinationConfigurationProperty(
                s3=aws_ivs.CfnRecordingConfiguration.S3DestinationConfigurationProperty(
                    bucket_name="recordings"
                )
            )
        ),
    )
    assert_role_released(stack, "Role")
"""


#: source, the last line of its own that the report shows, and what follows it.
FAILING = {
    "ours": (
        STACK_OF_A_TEAM,
        '>*assert_deleted_before(stack, "Streaming", "Connector")',
        """\
E*AssertionError: Streaming/Resource (*) is not deleted before Connector (Connector): neither *
E*Streaming/Resource (*) depends on *.
E*Add a dependency from Streaming/Resource (*) to Connector (Connector): X.node*""",
    ),
    "plain": (
        PLAIN_STACK_OF_A_TEAM,
        '>*assert_role_released(stack, "Role")',
        """\
E*AssertionError: Role (Role) is not released:
E*Recording (Recording) is not deleted before Role (Role): neither depends on the other, *
E*Recording (Recording) depends on nothing.
E*Add a dependency from Recording (Recording) to Role (Role): X.node*""",
    ),
    "unknown": (
        STACK_OF_A_TEAM.replace('"Streaming", "Connector")', '"Streaming", "Conector")'),
        '>*assert_deleted_before(stack, "Streaming", "Conector")',
        "E*LookupError: the template has no resource named Conector; similar names: Conn*",
    ),
}


def test_a_failing_test_shows_the_line_and_what_to_do(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report ends in the line of the test, without frames of this library."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(**{f"test_{name}": source for name, (source, _, _) in FAILING.items()})

    # a fixed order of the files, whatever other plugins do
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:randomly")

    result.assert_outcomes(failed=len(FAILING))
    for _, last_line, report in FAILING.values():
        result.stdout.fnmatch_lines([last_line, *report.splitlines()])
    result.stdout.no_fnmatch_line("*slr_constructs/testing/*.py*")
