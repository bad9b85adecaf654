"""Two stacks that configure the same owner, two templates with one role, and stack sets."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import (
    App,
    CfnParameter,
    Environment,
    Fn,
    NestedStack,
    Stack,
    Stage,
    aws_chime,
    aws_ivs,
    aws_s3,
)

from slr_constructs import (
    AppInstanceStreaming,
    IvsRecordingConfiguration,
    MediaPackageAccessLogging,
    MediaTailorSessionLogging,
    VoiceConnectorStreaming,
)
from slr_constructs.guard.check import check
from slr_constructs.templates.app import App as ReadApp
from slr_constructs.templates.comparison import compare
from tests.features.every_feature import RECIPES, _stream
from tests.templates.apps import read_back

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EXISTING = {name: each for name, each in RECIPES.items() if name.startswith("existing-")}
NATIVE = {
    "Type": "AWS::IAM::ServiceLinkedRole",
    "Properties": {"AWSServiceName": "ivs.amazonaws.com"},
}
RECORDING = {
    "Type": "AWS::IVS::RecordingConfiguration",
    "Properties": {"DestinationConfiguration": {"S3": {"BucketName": "recordings"}}},
}


def twice(*definitions: Callable[[App], object]) -> list[str]:
    """Return the stacks with a finding about an owner of two stacks.

    Features of one existing owner are in apps of their own, because constructs refuse the second
    one in an app.
    """
    return [
        each.stack
        for each in check(read_back(*definitions))
        if each.rule.id == "OwnerConfiguredTwice"
    ]


@pytest.mark.parametrize("recipe", EXISTING.values(), ids=EXISTING)
@pytest.mark.parametrize("letters", ["aa", "ab"])
def test_an_existing_owner_of_two_stacks_is_reported(recipe: Any, letters: str) -> None:  # noqa: ANN401
    """Its name is the same in both."""

    def define(app: App, name: str, letter: str) -> None:
        recipe.define(Stack(app, name), letter, None)

    definitions = [
        partial(define, name=name, letter=letter)
        for name, letter in zip(("First", "Second"), letters, strict=True)
    ]

    assert twice(*definitions) == (["Second"] if letters == "aa" else [])


@pytest.mark.parametrize(
    ("regions", "expected"),
    [
        (("us-east-1", "us-east-1"), ["Prod/Show"]),
        (("us-east-1", "eu-central-1"), []),
        ((None, None), []),
    ],
)
def test_the_stages_of_one_environment_share_their_owners(
    regions: tuple[str | None, str | None], expected: list[str]
) -> None:
    """Stages without an environment are assumed to have different accounts."""

    def define(app: App, name: str, region: str | None) -> None:
        env = Environment(account="111122223333", region=region) if region else None
        stack = Stack(Stage(app, name, env=env), "Show")
        MediaTailorSessionLogging(stack, "Logs", playback_configuration="ads")

    definitions = [
        partial(define, name=name, region=region)
        for name, region in zip(("Beta", "Prod"), regions, strict=True)
    ]
    assert twice(*definitions) == expected


def _chat(scope: Stack, owner: aws_chime.CfnAppInstance) -> None:
    arn = f"arn:aws:chime:us-east-1:111122223333:app-instance/{scope.node.id}"
    chat = AppInstanceStreaming(
        scope, "Chat", app_instance=arn, channels=_stream(scope), channel_messages=None
    )
    # the construct refuses the second feature of an object
    resource: Any = chat.node.find_child("Resource")
    resource.add_property_override("AppInstanceArn", owner.attr_app_instance_arn)


def test_an_owner_of_the_app_may_be_configured_by_one_stack_only() -> None:
    """The stacks refer to it through exports and through parameters of nested stacks."""

    def define(app: App) -> None:
        owner = Stack(app, "Owner")
        instance = aws_chime.CfnAppInstance(owner, "Chat", name="chat")
        _chat(Stack(app, "First"), instance)
        _chat(NestedStack(Stack(app, "Second"), "Inner"), instance)

    assert twice(define) == ["Second/Inner"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (lambda _: Fn.import_value("connector"), ["Second"]),
        (lambda _: "{{resolve:ssm:/connector}}", ["Second"]),
        (lambda scope: CfnParameter(scope, "Connector").value_as_string, []),
    ],
    ids=["import", "dynamic reference", "parameter"],
)
def test_the_same_import_is_the_same_owner(
    name: Callable[[Stack], str], expected: list[str]
) -> None:
    """A parameter may have another value in each stack."""

    def define(app: App) -> None:
        for each in ("First", "Second"):
            stack = Stack(app, each)
            # the check of the name at synthesis accepts tokens only
            streaming = VoiceConnectorStreaming(stack, "Calls", voice_connector="a" * 22)
            resource: Any = streaming.node.find_child("Resource")
            resource.add_property_override("VoiceConnectorId", stack.resolve(name(stack)))

    assert twice(define) == expected


def test_channels_of_two_stacks_may_share_a_recording_configuration() -> None:
    """The owner of the recording is the channel."""

    def define(app: App) -> None:
        shared = Stack(app, "Shared")
        bucket = aws_s3.Bucket.from_bucket_name(shared, "Bucket", "recordings")
        recording = IvsRecordingConfiguration(shared, "Recording", bucket=bucket)
        for name in ("First", "Second"):
            recording.record(aws_ivs.CfnChannel(Stack(app, name), "Owner"))

    assert check(read_back(define)) == []


def test_diff_says_what_deleting_the_older_stack_disables() -> None:
    """The stack was renamed, or a second one was added."""

    def version(*names: str) -> ReadApp:
        def define(app: App) -> None:
            for name in names:
                stack = Stack(app, name)
                MediaPackageAccessLogging(stack, "Logs", channel="live")

        return read_back(define)

    for new in (version("New"), version("Old", "New")):
        changes = compare(version("Old"), new).changes
        (shared,) = [each for each in changes if each.code == "OwnerShared"]
        assert (shared.stack, shared.verdict.value) == ("New", "worse")
        assert shared.text == (
            "`Logs/Resource` configures access logging for the same resource as `Logs/Resource` in"
            " the stack `Old`: deleting that stack disables it"
        )
    unchanged = compare(version("Old", "New"), version("Old", "New"))
    assert unchanged.changes == ()


# templates on one command line, and templates in templates


def written(folder: Path, name: str, **resources: Any) -> Path:  # noqa: ANN401 - resources
    """Write a template."""
    path = folder / name
    path.write_text(json.dumps({"Resources": resources}))
    return path


@pytest.mark.parametrize(
    ("more", "expected"), [({}, ["warning"]), ({"Condition": "CreateRole"}, [])], ids=str
)
def test_the_same_native_role_in_two_templates_is_a_warning(
    tmp_path: Path, more: dict[str, str], expected: list[str]
) -> None:
    """Both may be for one account; with a condition, one of them can omit the role."""
    paths = [written(tmp_path, each, Role={**NATIVE, **more}) for each in ("a.json", "b.json")]

    found = [each for each in check(ReadApp.read(paths)) if each.rule.id == "RoleDeclaredTwice"]

    assert [each.severity.value for each in found] == expected
    assert [each.text for each in found] == [
        (
            "`AWSServiceRoleForIVSRecordToS3` is also declared by `Role` in the stack `a`, which"
            " fails if both are deployed to one account"
        )
    ] * len(expected)


INLINE = json.dumps({"Resources": {"Recording": RECORDING}})
SET, PRODUCT = "AWS::CloudFormation::StackSet", "AWS::ServiceCatalog::CloudFormationProduct"


def version_of(url: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a template
    """Return the properties of a product with one version."""
    return {"ProvisioningArtifactParameters": [{"Info": {"LoadTemplateFromURL": url}}]}


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        (SET, {"TemplateBody": INLINE}),
        (SET, {"TemplateBody": {"Fn::Sub": INLINE}}),
        (SET, {"TemplateBody": {"Fn::Sub": [INLINE, {}]}}),
        (SET, {"TemplateBody": "Resources:\n  Recording: " + json.dumps(RECORDING)}),
        (SET, {"TemplateURL": "inner.json"}),
        (PRODUCT, version_of("inner.json")),
        ("AWS::Serverless::Application", {"Location": "inner.json"}),
        ("AWS::CloudFormation::Stack", {"TemplateURL": "inner.json"}),
    ],
)
def test_a_template_in_a_template_is_analyzed(
    tmp_path: Path, kind: str, properties: dict[str, Any]
) -> None:
    """It is a stack with the name of the resource that deploys it."""
    written(tmp_path, "inner.json", Recording=RECORDING)
    outer = written(tmp_path, "outer.json", Deploy={"Type": kind, "Properties": properties})

    found = check(ReadApp.read([outer]))

    assert [(each.rule.id, each.stack, each.resource) for each in found] == [
        ("RoleNotDeclared", "outer/Deploy", "Recording")
    ]


@pytest.mark.parametrize(
    ("kind", "properties", "what"),
    [
        (SET, {"TemplateURL": "https://a/b"}, "stack set"),
        (SET, {}, "stack set"),
        (SET, {"TemplateBody": {"Ref": "Body"}}, "stack set"),
        (PRODUCT, version_of({"Ref": "Url"}), "product"),
        (PRODUCT, {}, "product"),
        (
            "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
            {"ProductName": "a"},
            "provisioned product",
        ),
        ("AWS::Serverless::Application", {"Location": {"ApplicationId": "a"}}, "application"),
    ],
)
def test_a_template_that_is_not_found_is_noted(
    tmp_path: Path, kind: str, properties: dict[str, Any], what: str
) -> None:
    """Nothing is downloaded."""
    outer = written(tmp_path, "outer.json", Deploy={"Type": kind, "Properties": properties})

    (found,) = check(ReadApp.read([outer]))

    assert (found.severity.value, found.text) == (
        "note",
        (
            f"not analyzed: the template of the {what} was not found, so its resources are not"
            " analyzed"
        ),
    )


def test_an_inline_template_that_cannot_be_parsed_is_a_warning(tmp_path: Path) -> None:
    """The other resources are checked."""
    deploy = {"Type": SET, "Properties": {"TemplateBody": "a: ["}}
    outer = written(tmp_path, "outer.json", Deploy=deploy, Recording=RECORDING)

    found = check(ReadApp.read([outer]))

    assert [(each.rule.id, each.severity.value, each.stack) for each in found] == [
        ("RoleNotDeclared", "warning", "outer"),
        ("NotAnalyzed", "warning", "outer/Deploy"),
    ]


def test_the_versions_of_a_product_have_their_own_names(tmp_path: Path) -> None:
    """Each of them is analyzed."""
    written(tmp_path, "inner.json", Recording=RECORDING)
    versions = version_of("inner.json")["ProvisioningArtifactParameters"] * 2
    product = {"Type": PRODUCT, "Properties": {"ProvisioningArtifactParameters": versions}}

    app = ReadApp.read([written(tmp_path, "outer.json", Product=product)])

    assert [*app.stacks] == ["outer", "outer/Product", "outer/Product (2)"]


def test_a_stack_set_deploys_to_other_accounts(tmp_path: Path) -> None:
    """The role in the outer template does not exist there, and a second one does not fail."""
    inline = json.dumps({"Resources": {"Role": NATIVE, "Recording": RECORDING}})
    outer = written(
        tmp_path,
        "outer.json",
        Role=NATIVE,
        Deploy={"Type": SET, "Properties": {"TemplateBody": inline}},
    )

    found = [(each.rule.id, each.stack) for each in check(ReadApp.read([outer]))]

    assert found == [
        ("RoleOrder", "outer/Deploy"),
        ("NativeRole", "outer"),
        ("NativeRole", "outer/Deploy"),
    ]
