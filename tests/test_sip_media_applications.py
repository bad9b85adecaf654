"""SIP media applications may use the role of Voice Connectors, to synthesize speech."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk
import pytest
from aws_cdk import App, Aspects, Stack, aws_chime
from click.testing import CliRunner

from slr_constructs import EnsureServiceLinkedRoles, ServiceLinkedRole, catalogue
from slr_constructs.cli.command_line import slr_constructs as commands
from slr_constructs.guard.check import check
from slr_constructs.templates.role_usage import NATIVE_ROLE_TYPE
from slr_constructs.testing import assert_role_released, resources_of, template_of
from tests.templates.apps import plain, read_back, stack_of

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct

    from slr_constructs.templates.app import App as Read

ROLE = catalogue.CHIME_VOICE_CONNECTOR
PHONE = {
    "Type": "AWS::Chime::SipMediaApplication",
    "Properties": {"AwsRegion": "us-east-1", "Name": "menu", "Endpoints": [{"LambdaArn": "arn"}]},
}
NATIVE = {"Type": NATIVE_ROLE_TYPE, "Properties": {"AWSServiceName": ROLE.service_principal}}


def published(kind: str) -> dict[str, Any]:
    """Return a custom resource of cdk-amazon-chime-resources (`pstnCustomResources.ts`)."""
    return {
        "Type": "Custom::PSTNResources",
        "Properties": {
            "ServiceToken": "arn",
            "uid": "App",
            "resourceType": kind,
            "properties": {"name": "menu", "region": "us-east-1", "endpoint": "arn"},
        },
    }


def phone(scope: Construct, name: str = "Phone") -> aws_chime.CfnSipMediaApplication:
    """Define a SIP media application."""
    return aws_chime.CfnSipMediaApplication(
        scope,
        name,
        aws_region="us-east-1",
        name="menu",
        endpoints=[{"lambdaArn": "arn:aws:lambda:us-east-1:111122223333:function:menu"}],
    )


def sdk(action: str) -> dict[str, Any]:
    """Return an `AwsCustomResource` that makes a call when it is created."""
    call = {"service": "@aws-sdk/client-chime-sdk-voice", "action": action, "parameters": {}}
    return {
        "Type": "Custom::AWS",
        "Properties": {"ServiceToken": "arn", "Create": json.dumps(call)},
    }


def code(text: str) -> dict[str, Any]:
    """Return a custom resource and its function with this code."""
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Runtime": "python3.13", "Code": {"ZipFile": text}},
    }
    token = {"Fn::GetAtt": ["Function", "Arn"]}
    return {
        "Function": function,
        "Phone": {"Type": "Custom::Phone", "Properties": {"ServiceToken": token}},
    }


def found(app: Read) -> dict[str, str]:
    """Return the text of the finding of each rule."""
    return {each.rule.id: each.text for each in check(app)}


# the guard


def test_the_role_must_be_declared() -> None:
    """CloudFormation does not create it, and without it, Speak fails."""
    assert found(plain(Phone=PHONE)) == {
        "RoleNotDeclared": (
            "`Phone` may use the role `AWSServiceRoleForAmazonChimeVoiceConnector` for speech"
            " synthesis, but neither this stack nor a stack it depends on declares it"
        )
    }


def test_the_role_must_be_created_first() -> None:
    """A dependency is enough: nothing must be disabled on delete."""
    assert "RoleOrder" in found(plain(Role=NATIVE, Phone=PHONE))
    assert "RoleOrder" not in found(plain(Role=NATIVE, Phone=PHONE | {"DependsOn": "Role"}))


def test_another_stack_must_not_delete_the_role() -> None:
    """The role belongs to the account."""

    def define(app: aws_cdk.App) -> None:
        roles = Stack(app, "Roles")
        ServiceLinkedRole(roles, "Role", definition=ROLE, native=True)
        phone(Stack(app, "Phones"))

    assert (
        "`Phone` in the stack `Phones` uses it"
        in found(read_back(define))["RoleRemovedUnderOthers"]
    )


# order


def test_order_marks_it(tmp_path: Path) -> None:
    """The feature is configured on the application itself."""
    template = tmp_path / "phones.json"
    template.write_text(json.dumps({"Resources": {"Phone": PHONE}}))

    shown = CliRunner().invoke(commands, ["order", "--only-roles", str(template)])

    line = "    1  feature, owner  Phone  AWS::Chime::SipMediaApplication"
    assert shown.output.splitlines().count(line) == 2  # creation and deletion


# other custom resources


@pytest.mark.parametrize(
    "resources",
    [
        {"Phone": sdk("createSipMediaApplication")},
        {"Phone": sdk("CreateSipMediaApplicationCommand")},
        code(
            "import boto3\nboto3.client('chime-sdk-voice').create_sip_media_application(Name='a')"
        ),
        {"Phone": published("SMA")},
    ],
    ids=["action", "command", "code", "cdk-amazon-chime-resources"],
)
def test_an_sdk_call_that_creates_one_is_a_usage(resources: dict[str, Any]) -> None:
    """The custom resource creates the resource that may use the role."""
    app = plain(**resources)

    (usage,) = app.stacks["Show"].usages.values()
    assert (usage.logical_id, usage.feature) == ("Phone", "speech synthesis")
    assert "RoleNotDeclared" in found(app)


@pytest.mark.parametrize(
    "resources",
    [
        {"Phone": sdk("updateSipMediaApplicationCall")},
        {"Phone": sdk("createSipMediaApplicationCall")},
        code("import boto3\nboto3.client('chime-sdk-voice').update_sip_media_application_call()"),
        {"Phone": published("SMARule")},
    ],
    ids=["update call", "create call", "code", "rule"],
)
def test_a_call_in_progress_is_not_a_usage(resources: dict[str, Any]) -> None:
    """These operations are about phone calls, and SIP rules use no role."""
    assert plain(**resources).stacks["Show"].usages == {}


def test_a_custom_resource_should_delete_what_it_created() -> None:
    """The published one does."""
    assert "DeleteCallMissing" in found(plain(Phone=sdk("createSipMediaApplication")))
    assert "DeleteCallMissing" not in found(plain(Phone=published("SMA")))


# constructs


@pytest.mark.parametrize("way", ["mixin", "aspect"])
def test_the_mixin_adds_the_role(way: str) -> None:
    """No clean-up resource is needed, because the application stops using the role on delete."""

    def define(stack: Stack) -> None:
        phone(stack)
        ensure = EnsureServiceLinkedRoles()
        if way == "mixin":
            aws_cdk.Mixins.of(stack).apply(ensure)
        else:
            Aspects.of(stack).add(ensure)

    app = stack_of(define)

    assert found(app) == {}
    stack = app.stacks["Show"]
    assert not [each for each in stack.resources.values() if "CleanUp" in each["Type"]]


def test_only_the_role_of_voice_connectors_is_listed_before_its_deletion() -> None:
    """A role without such usages causes no additional calls."""
    for definition in catalogue.ALL:
        stack = Stack(App(), "Stack")
        role = ServiceLinkedRole(stack, "Role", definition=definition)
        (custom,) = [
            each for each in resources_of(role).values() if each["Type"].startswith("Custom::")
        ]
        lists = custom["Properties"].get("UsageLists", [])
        is_listed = definition is ROLE

        assert lists == ["chime-sdk-voice:ListSipMediaApplications"] * is_listed
        assert ("chime:ListSipMediaApplications" in json.dumps(template_of(stack))) is is_listed


def test_a_stack_with_both_is_deleted_in_order() -> None:
    """The application is deleted before the role, so it does not keep it."""
    stack = Stack(App(), "Stack")
    role = ServiceLinkedRole(stack, "Role", definition=ROLE)
    phone(stack).node.add_dependency(role)

    assert_role_released(stack, "Role")
