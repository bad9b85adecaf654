"""What to add to a template so that a finding is fixed, as parts of a template.

A part has the sections and the logical ids of the template. Values of existing resources replace
the values that they have.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from slr_constructs.catalogue.resource_type import action_of
from slr_constructs.templates.role_usage import NATIVE_ROLE_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from slr_constructs.catalogue import ResourceType, RoleDefinition
    from slr_constructs.guard.rule import Rule
    from slr_constructs.templates.app import Stack

#: the values that disable a feature, for operations whose parameters must be given.
_DISABLED = {"PercentEnabled": "0", "LogTypes": "[]"}
#: the name is the physical id, so that only another owner replaces the custom resource.
_CODE = """\
import boto3, cfnresponse
def handler(event, context):
    name = event["ResourceProperties"]["Name"]
    try:
        if event["RequestType"] == "Delete":
            boto3.client("{client}").{operation}({parameters})
        cfnresponse.send(event, context, cfnresponse.SUCCESS, {{}}, name)
    except Exception as error:
        cfnresponse.send(event, context, cfnresponse.FAILED, {{"Error": str(error)}}, name)
"""


def depends_on(stack: Stack, dependent: str, dependency: str) -> dict[str, Any]:
    """Return a dependency of one resource on another, beside the existing ones."""
    existing = stack.resources[dependent].get("DependsOn", [])
    names = existing if isinstance(existing, list) else [existing]
    return {"Resources": {dependent: {"DependsOn": [*names, dependency]}}}


def retained(logical_id: str) -> dict[str, Any]:
    """Return a deletion policy that retains a resource."""
    return {"Resources": {logical_id: {"DeletionPolicy": "Retain"}}}


def conditional(logical_id: str) -> dict[str, Any]:
    """Return a condition for a role that may exist already, and a parameter that sets it."""
    return {
        "Parameters": {
            "CreateRole": {
                "Type": "String",
                "AllowedValues": ["true", "false"],
                "Default": "true",
                "Description": "false if the account already has the role",
            }
        },
        "Conditions": {"CreateRole": {"Fn::Equals": [{"Ref": "CreateRole"}, "true"]}},
        "Resources": {logical_id: {"Condition": "CreateRole"}},
    }


def role_before(stack: Stack, dependents: Iterable[str], role: RoleDefinition) -> dict[str, Any]:
    """Return a role, and the dependencies of resources on it."""
    logical_id = f"{role.role_name.removeprefix('AWSServiceRoleFor')}Role"
    addition = conditional(logical_id)
    declared = addition["Resources"][logical_id]
    declared["Type"] = NATIVE_ROLE_TYPE
    declared["Properties"] = {"AWSServiceName": role.service_principal}
    for each in dependents:
        addition["Resources"] |= depends_on(stack, each, logical_id)["Resources"]
    return addition


def clean_up(stack: Stack, owner: str, target: ResourceType) -> dict[str, Any]:
    """Return a custom resource that disables a feature before its owner is deleted."""
    # without the owner, a reference to it would be invalid
    body = stack.resources[owner]
    condition = {"Condition": body["Condition"]} if "Condition" in body else {}
    client, _, name = target.calls.remove.partition(":")
    configure = target.calls.configure
    disabled = () if configure.absent_is_disabled else configure.settings
    parameters = [f"{target.identifier.parameter}=name"]
    parameters += [f"{each}={_DISABLED[each]}" for each in disabled]
    code = _CODE.format(
        client=client,
        operation=re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(),
        parameters=", ".join(parameters),
    )
    allow = {"Effect": "Allow", "Action": action_of(target.calls.remove), "Resource": "*"}
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    logs = "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    function, role = f"{owner}CleanUpFunction", f"{owner}CleanUpRole"
    return {
        "Resources": {
            f"{owner}CleanUp": {
                **condition,
                "Type": "Custom::CleanUp",
                "Properties": {
                    "ServiceToken": {"Fn::GetAtt": [function, "Arn"]},
                    "Name": {"Ref": owner},
                },
            },
            function: {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Runtime": "python3.13",
                    "Handler": "index.handler",
                    "Timeout": 60,
                    "Role": {"Fn::GetAtt": [role, "Arn"]},
                    "Code": {"ZipFile": code},
                },
            },
            role: {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                    "ManagedPolicyArns": [{"Fn::Sub": logs}],
                    "Policies": [
                        {
                            "PolicyName": "CleanUp",
                            "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow]},
                        }
                    ],
                },
            },
        }
    }


def acknowledgement(rule: Rule) -> dict[str, Any]:
    """Return the metadata that acknowledges a rule."""
    entry = {"id": rule.id, "reason": "why it is acceptable"}
    return {"Metadata": {"slr-constructs": {"acknowledge": [entry]}}}


def as_yaml(part: Mapping[str, Any]) -> str:
    """Return a part of a template as YAML."""
    # imported here because it takes long, and most findings are not shown
    import yaml  # noqa: PLC0415

    dumper: Any = type("Dumper", (yaml.SafeDumper,), {})

    def text(node: Any, value: str) -> Any:  # noqa: ANN401 - the types of yaml
        style = "|" if "\n" in value else None
        return node.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    # a logical id from a file has a class of its own
    dumper.add_multi_representer(str, text)
    dumper.add_representer(str, text)
    written: str = yaml.dump(part, Dumper=dumper, sort_keys=False, width=100)
    return written.rstrip("\n")
