"""The assertions: what they hold, and every sentence that a failing test of a team prints."""

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
    aws_mediapackage,
    aws_mediatailor,
    aws_sqs,
)
from constructs import Construct

from sample_app.app import build
from slr_constructs import (
    MediaPackageAccessLogging,
    MediaTailorSessionLogging,
    ServiceLinkedRole,
    VoiceConnectorStreaming,
    catalogue,
)
from slr_constructs.catalogue import RoleDefinition
from slr_constructs.handler.slr_handler import contract
from slr_constructs.templates.lifecycle import _CUSTOM_TYPES, _NATIVE_TYPES
from slr_constructs.templates.reading import TemplateError
from slr_constructs.testing import (
    assert_created_before,
    assert_deleted_before,
    assert_role_released,
    template_of,
)
from tests.features.every_feature import RECIPES, playback_configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parents[2]
CONTEXT = json.loads((ROOT / "cdk.json").read_text())["context"]


def _hotline(stack: Stack) -> str:
    """Define streaming of a connector, and return what its role is called."""
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
    """Return what an error says without the hashes that CDK puts at the end of logical ids."""
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
    """A path, with the stack's name or without; or a construct, if one resource is meant."""
    definition = catalogue.CHIME_VOICE_CONNECTOR
    ServiceLinkedRole(stack, "Role", definition=definition, native=True)
    _hotline(stack)

    assert_created_before(stack, role, name)
    assert_deleted_before(stack, name, role)


def test_a_logical_id_is_a_name_too(stack: Stack) -> None:
    """Of a stack and of its template alike."""
    _hotline(stack)
    (streaming,) = (
        name
        for name, each in template_of(stack)["Resources"].items()
        if each["Type"] == "Custom::VoiceConnectorStreaming"
    )

    assert_deleted_before(stack, streaming, "Connector")
    assert_deleted_before(template_of(stack), streaming, "Connector")


def test_a_construct_with_several_resources_is_no_name(stack: Stack) -> None:
    """The refusal names them."""
    owner = playback_configuration(stack)
    MediaTailorSessionLogging(stack, "Logging", playback_configuration=owner)

    with pytest.raises(LookupError) as error:
        assert_deleted_before(stack, "Logging", "Owner")

    assert _readable(error.value) == (
        "Logging has several resources, name one:"
        " Logging/Release (LoggingRelease…),"
        " Logging/ReleaseRights (LoggingReleaseRights…)"
    )


def test_the_only_resource_of_a_construct_has_its_name(stack: Stack) -> None:
    """However deep it is, and whatever it is called."""
    queue = aws_sqs.CfnQueue(stack, "Queue")
    shelf = Construct(stack, "Shelf")
    CfnResource(Construct(shelf, "Board"), "Book", type="Some::Type").add_resource_dependency(queue)

    assert_created_before(stack, "Queue", "Shelf")
    assert_created_before(stack, "Queue", "Stack/Shelf/Board")


def test_names_below_one_another_are_told_apart(stack: Stack) -> None:
    """The path of a nested stack's own resource may end as that of another does."""
    inner = NestedStack(stack, "Inner")
    CfnResource(Construct(inner, "Inner"), "Queue", type="Some::Type")
    CfnResource(inner, "Queue", type="Some::Type")

    with pytest.raises(LookupError) as error:
        assert_created_before(inner, "Inner/Queue", "Queue")

    assert _readable(error.value) == (
        "Inner/Queue has several resources, name one:"
        " Inner/Inner/Queue (InnerQueue…), Inner/Queue (Queue)"
    )


def test_the_path_in_a_stage_may_have_the_stage() -> None:
    """A stack of a pipeline is named as its own code has it, or in full."""
    stack = Stack(Stage(App(), "Prod"), "Hotline")
    role = _hotline(stack)

    for name in ("Prod/Hotline/Streaming", "Hotline/Streaming", "Streaming"):
        assert_created_before(stack, role, name)


def test_a_template_has_the_paths_that_its_metadata_has() -> None:
    """`cdk synth` writes them; without any, logical ids are the names."""
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
        "Streaming/Resource (Streaming1A) is not created before Plain, but the other way round:\n"
        "    Streaming/Resource (Streaming1A)\n"
        "    waits for Plain (DependsOn)\n"
        "Take that chain apart first, or the two would wait for each other.\n"
        "Nothing makes Plain wait for Streaming/Resource (Streaming1A); add a dependency:"
        " Streaming1A in the DependsOn of Plain."
    )


def test_fails_when_a_name_is_unknown(stack: Stack) -> None:
    """What may be meant is named once, however it can be spelt."""
    _hotline(stack)

    with pytest.raises(LookupError) as error:
        assert_created_before(stack, "Connector", "Streeming")
    assert _readable(error.value) == (
        "no resource of the template is called Streeming; close to it:"
        " Streaming/Resource (Streaming…)"
    )

    with pytest.raises(LookupError) as error:
        assert_created_before(stack, "Xyz", "Streaming")
    assert _readable(error.value) == (
        "no resource of the template is called Xyz; nor is there one with a close name"
    )


def test_fails_when_there_is_no_resource_at_all() -> None:
    """An empty template has no names."""
    with pytest.raises(LookupError, match="no resource of the template is called A; nor is there"):
        assert_created_before({}, "A", "B")


def test_fails_when_both_names_are_one_resource(stack: Stack) -> None:
    """Nothing comes before itself, so the test cannot mean that."""
    _hotline(stack)

    with pytest.raises(ValueError, match="are one resource") as error:
        assert_deleted_before(stack, "Streaming", "Stack/Streaming/Resource")

    assert _readable(error.value) == (
        "Streaming and Stack/Streaming/Resource are one resource,"
        " Streaming/Resource (Streaming…): an order is between two"
    )


@pytest.mark.parametrize("check", [assert_created_before, assert_deleted_before])
def test_fails_when_the_template_has_no_order(check: Callable[..., None]) -> None:
    """A circle, or what is no template, is an error of its own and no failed assertion."""
    circle = {
        "A": {"Type": "Some::Type", "DependsOn": "B"},
        "B": {"Type": "Some::Type", "DependsOn": "A"},
    }

    with pytest.raises(TemplateError, match="the dependencies form a circle: A -DependsOn-> B"):
        check({"Resources": circle}, "A", "B")
    with pytest.raises(TemplateError, match="A is no resource"):
        check({"Resources": {"A": {}}}, "A", "B")


# one before another


def test_what_is_independent_is_in_no_order(stack: Stack) -> None:
    """The failure says what is missing, and what the one that should wait does wait for."""
    aws_chime.CfnVoiceConnector(stack, "Connector", name="lines", require_encryption=True)
    VoiceConnectorStreaming(stack, "Streaming", voice_connector="abcdef1ghij2klmno3pqr4")

    assert _failure(assert_deleted_before, stack, "Streaming", "Connector") == (
        "Streaming/Resource (Streaming…) is not deleted before Connector (Connector):"
        " neither waits for the other, and any order may come of it.\n"
        "Streaming/Resource (Streaming…) waits for"
        " AWSServiceRoleForAmazonChimeVoiceConnector/Resource"
        " (AWSServiceRoleForAmazonChimeVoiceConnector…),"
        " ServiceLinkedRoleFunction/Resource (ServiceLinkedRoleFunction…),"
        " Streaming/ResourceRights (StreamingResourceRights…).\n"
        "Nothing makes Streaming/Resource (Streaming…) wait for Connector (Connector);"
        " add a dependency: X.node.add_dependency(Y), where X is the construct Streaming and Y is"
        " Connector."
    )
    assert "\nConnector (Connector) waits for nothing.\n" in _failure(
        assert_created_before, stack, "Streaming", "Connector"
    )


def test_the_wrong_way_round_shows_the_chain(stack: Stack) -> None:
    """Link by link, with what in the template makes each."""
    first = CfnResource(stack, "First", type="Some::Type")
    second = _after(stack, "Second", first)
    CfnResource(
        stack, "Third", type="Some::Type", properties={"Of": second.get_att("Arn").to_string()}
    )

    chain = (
        "    Third (Third)\n"
        "    waits for Second (Second) (GetAtt)\n"
        "    waits for First (First) (DependsOn)\n"
        "Take that chain apart first, or the two would wait for each other.\n"
        "Nothing makes First (First) wait for Third (Third); add a dependency:"
        " X.node.add_dependency(Y), where X is the construct First and Y is Third."
    )
    assert _failure(assert_created_before, stack, "Third", "First") == (
        f"Third (Third) is not created before First (First), but the other way round:\n{chain}"
    )
    assert _failure(assert_deleted_before, stack, "First", "Third") == (
        f"First (First) is not deleted before Third (Third), but the other way round:\n{chain}"
    )
    assert_created_before(stack, "First", "Third")
    assert_deleted_before(stack, "Third", "First")


# roles


@pytest.mark.parametrize("name", RECIPES)
def test_every_feature_releases_its_role(stack: Stack, name: str) -> None:
    """What the constructs define holds, with an owner of the app and with an existing one."""
    recipe = RECIPES[name]
    recipe.define(stack, "a", None)

    assert_role_released(stack, recipe.definition.role_name)

    resources = template_of(stack)["Resources"]
    owners = [key for key, each in resources.items() if each["Type"] == recipe.owner]
    for owner in owners:
        assert_role_released(template_of(stack), _role_in(resources), owner=owner)


@pytest.mark.parametrize("name", RECIPES)
def test_every_feature_without_its_dependency_on_the_role_is_found(stack: Stack, name: str) -> None:
    """The assertion is about every carrier: one that does not wait is a failure."""
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
    """An app of several stacks, each with roles of its own."""
    app = build(App(context=CONTEXT, outdir=str(tmp_path)))
    checked = []

    for each in app.node.children:
        if isinstance(each, Stack):
            for logical_id, resource in template_of(each)["Resources"].items():
                if resource["Type"] == "Custom::ServiceLinkedRole":
                    assert_role_released(each, logical_id)
                    checked.append(resource["Properties"]["RoleName"])

    assert {*checked} == {each.role_name for each in catalogue.ALL if not each.superseded_by}


def test_resources_without_our_constructs_are_looked_at(stack: Stack) -> None:
    """Plain L1s: what has the feature must wait, and what has it not need not."""
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
        "Logged (Logged) is not deleted before Role (Role): neither waits for the other, and any"
        " order may come of it.\n"
        "Logged (Logged) waits for nothing.\n"
        "Nothing makes Logged (Logged) wait for Role (Role); add a dependency:"
        " X.node.add_dependency(Y), where X is the construct Logged and Y is Role."
    )

    template["Resources"]["Logged"]["DependsOn"] = "Role"
    assert_role_released(template, "Role")


def test_a_channel_that_records_nothing_uses_no_role() -> None:
    """An empty ARN is how IVS is told that there is no recording."""
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

    resources["Channel"]["Properties"]["RecordingConfigurationArn"] = "arn:aws:ivs:of-another-app"
    assert "Channel is not deleted before Role" in _failure(
        assert_role_released, {"Resources": resources}, "Role"
    )


def test_an_owner_needs_a_release_if_it_is_named(stack: Stack) -> None:
    """Without one, whether the service lets go when the owner is deleted is anybody's guess."""
    role = ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR, native=True)
    owner = aws_mediatailor.CfnPlaybackConfiguration(
        stack,
        "Ads",
        name="ads",
        ad_decision_server_url="https://ads.example.com",
        video_content_source_url="https://video.example.com",
        log_configuration=aws_mediatailor.CfnPlaybackConfiguration.LogConfigurationProperty(
            percent_enabled=100
        ),
    )
    owner.node.add_dependency(role)

    assert_role_released(stack, "Role")
    assert _failure(assert_role_released, stack, "Role", owner="Ads") == (
        "Role/Resource (Role…) is not released:\n"
        "nothing is switched off before Ads (Ads) is deleted: nothing that uses the role refers to"
        " it. The constructs of slr_constructs define a release beside the feature."
    )


def test_an_owner_that_is_named_by_a_text_is_deleted_too_early(stack: Stack) -> None:
    """The put of an existing channel's logs knows nothing of the channel that is beside it."""
    aws_mediapackage.CfnChannel(stack, "Live", id="live")
    aws_mediapackage.CfnChannel(stack, "Other", id="other")
    MediaPackageAccessLogging(stack, "Audience", channel="live")

    text = _failure(assert_role_released, stack, "AWSServiceRoleForMediaPackage")

    assert [line.partition(":")[0] for line in text.splitlines() if "not deleted" in line] == [
        "Audience/Resource (Audience…) is not deleted before Live (Live)"
    ]


def test_what_is_retained_goes_on_using_the_role(stack: Stack) -> None:
    """CloudFormation lets go of the resource, and the service does not let go of the role."""
    owner = playback_configuration(stack)
    MediaTailorSessionLogging(stack, "Logging", playback_configuration=owner)
    owner.apply_removal_policy(RemovalPolicy.RETAIN)

    assert _failure(assert_role_released, stack, "AWSServiceRoleForMediaTailor") == (
        "AWSServiceRoleForMediaTailor/Resource (AWSServiceRoleForMediaTailor…)"
        " is not released:\n"
        "Owner (Owner) is not deleted, and goes on using the role: its DeletionPolicy is Retain"
    )


@pytest.mark.parametrize(
    "definition",
    [catalogue.MEDIATAILOR, RoleDefinition("AWSServiceRoleForX", "x.amazonaws.com")],
    ids=["known", "unknown"],
)
def test_fails_when_nothing_uses_the_role(stack: Stack, definition: RoleDefinition) -> None:
    """A test that would pass whatever the stack does shows nothing."""
    ServiceLinkedRole(stack, "Role", definition=definition, native=True)

    assert _failure(assert_role_released, stack, "Role") == (
        "Role/Resource (Role…) is not released:\n"
        "nothing in the template uses it, as far as the catalogue knows, so nothing shows that it"
        " is released"
    )


def test_fails_when_the_role_is_none(stack: Stack) -> None:
    """A role of one's own is no service-linked role."""
    _hotline(stack)

    with pytest.raises(ValueError, match="is no service-linked role") as error:
        assert_role_released(stack, "ServiceLinkedRoleFunction/Role")

    assert _readable(error.value) == (
        "ServiceLinkedRoleFunction/Role (ServiceLinkedRoleFunctionRole…) is no"
        " service-linked role: its type is AWS::IAM::Role"
    )


def test_every_custom_resource_and_every_type_of_the_catalogue_is_known() -> None:
    """A feature that is added is looked at too; what keeps logs alone uses no role."""
    types = {kind for each in catalogue.ALL for kind in each.resource_types}
    put_or_release = {
        each.RESOURCE_TYPE
        for each in vars(contract).values()
        if isinstance(each, type)
        and issubclass(each, contract.Contract)
        and "RESOURCE_TYPE" in vars(each)
    }

    assert put_or_release - {*_CUSTOM_TYPES} == {
        "Custom::ServiceLinkedRole",
        "Custom::MediaTailorLogRetention",
    }
    assert {each.owner for each in _CUSTOM_TYPES.values()} <= types
    # what has no property for its feature is switched on by us alone
    assert types - {*_NATIVE_TYPES} == {"AWS::Chime::AppInstance", "AWS::Chime::VoiceConnector"}


# a project of somebody else's

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
E*Streaming/Resource (*) waits for *.
E*Nothing makes Streaming/Resource (*) wait for Connector (Connector); add a dependency: *""",
    ),
    "plain": (
        PLAIN_STACK_OF_A_TEAM,
        '>*assert_role_released(stack, "Role")',
        """\
E*AssertionError: Role (Role) is not released:
E*Recording (Recording) is not deleted before Role (Role): neither waits for the other, *
E*Recording (Recording) waits for nothing.
E*Nothing makes Recording (Recording) wait for Role (Role); add a dependency: *""",
    ),
    "unknown": (
        STACK_OF_A_TEAM.replace('"Streaming", "Connector")', '"Streaming", "Conector")'),
        '>*assert_deleted_before(stack, "Streaming", "Conector")',
        "E*LookupError: no resource of the template is called Conector; close to it: Conn*",
    ),
}


def test_a_failing_test_shows_the_line_and_what_to_do(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report ends in the team's own line: nothing of this library stands between."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(**{f"test_{name}": source for name, (source, _, _) in FAILING.items()})

    # each file by itself in the output, whatever plugins would do with the order
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:randomly")

    result.assert_outcomes(failed=len(FAILING))
    for _, last_line, report in FAILING.values():
        result.stdout.fnmatch_lines([last_line, *report.splitlines()])
    result.stdout.no_fnmatch_line("*slr_constructs/testing/*.py*")
