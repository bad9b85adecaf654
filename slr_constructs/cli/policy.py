"""`slr-constructs policy`: who needs which IAM rights, as a policy document.

What the function may do is said in `slr_constructs.rights`, for the constructs and for this. What
CloudFormation calls for a resource type is said by the type's schema, as cfn-lint ships it. A
schema lists what any resource of the type may take, so this is left out:

- what lists resources, which a deployment does not call;
- rights over roles that nobody has named: `iam:PassRole` of a packaging group, for the secrets of
  an encrypted one, and `sts:AssumeRole` of a recording configuration;
- for the function, its role and its log group, what acts on other things (networks, file systems,
  keys, layers, code signing, deliveries, the account's policies for logs), and the role's managed
  policies and boundary, which it has not.

Resources are as narrow as is known. Service-linked roles are named to the letter. Owners of
features may be new, or anybody's, and many actions that create know no resource, so those have a
star. The function, its role and its log group get names from CloudFormation, of the stack's name,
the logical id and a random end; how much of a long id stays, nobody documents, so only its first
words count.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import click

from slr_constructs import catalogue, rights
from slr_constructs.catalogue import RoleCreation
from slr_constructs.cli.refusal import Refusal
from slr_constructs.cli.roles import ROLES, complete, short_name_of
from slr_constructs.rights import Right

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from slr_constructs.catalogue import RoleDefinition

#: IAM's quota for a managed policy, white space not counted.
_MANAGED_POLICY_CHARACTERS = 6_144

#: what the constructs call the function, its role and its log group starts with this.
_FUNCTION_NAMES = "*-ServiceLinkedRole*"
#: where CDK's bootstrap has the code of functions.
_CODE = "cdk-*-assets-{account}-{region}/*"

#: where schemas are read: all resource types of the catalogue are there.
_SCHEMA_REGION = "us-east-1"
_DEPLOYING = ("create", "read", "update", "delete")
_NATIVE_ROLE = "AWS::IAM::ServiceLinkedRole"
#: of other roles than the service-linked one, which has its own statements.
_OVER_ROLES = ("iam", "sts")
#: these act on something else, or on what the function and its role have not.
_NOT_OF_THE_FUNCTION = {
    "iam:AttachRolePolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
    "lambda:AssociateRuntimeAlias",
    "lambda:GetCodeSigningConfig",
    "lambda:GetLayerVersion",
    "lambda:PassCapacityProvider",
    "logs:CreateLogDelivery",
    "logs:DeleteIndexPolicy",
    "logs:DeleteResourcePolicy",
    "logs:PutIndexPolicy",
    "logs:PutResourcePolicy",
}
#: these know no log group.
_DESCRIBING_LOGS = {
    "logs:DescribeIndexPolicies",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
}


class _Place(NamedTuple):
    """Where a policy is for."""

    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        """Compose the ARN of something in the account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def role(self, definition: RoleDefinition) -> str:
        return definition.arn(partition=self.partition, account=self.account)

    def role_without_path(self, definition: RoleDefinition) -> str:
        return self.role(definition).replace(definition.path, "/")


#: by their Sids.
_Statements = dict[str, Right]


@click.command()
@click.argument("roles", nargs=-1, metavar="ROLE...", shell_complete=complete)
@click.option("--deploy", is_flag=True, help="For whoever deploys.")
@click.option("--function", is_flag=True, help="For the function of a stack.")
@click.option("--account", default="*", show_default=True, help="The account in ARNs.")
@click.option("--region", default="*", show_default=True, help="The region in ARNs.")
@click.option("--partition", default="aws", show_default=True, help="The partition in ARNs.")
def policy(
    roles: tuple[str, ...],
    *,
    deploy: bool,
    function: bool,
    account: str,
    region: str,
    partition: str,
) -> None:
    """Print an IAM policy for stacks with service-linked roles and their features.

    ROLE is a role's name, its principal or its short name, as the command catalogue shows them;
    several make one document.

    --function: all that a stack's function can be given for the roles and their features, whatever
    the stack declares: for a permissions boundary, or for review. A stack gives its function less,
    for the things it has alone. The text is the library's own.

    --deploy: what CloudFormation's execution role needs, or whoever deploys without one.
    (1) To create, edit and delete the roles: the statements of "Service-linked role permissions"
    in the IAM User Guide. (2) For the native resource types of features and roles: what their
    handlers call, by CloudFormation's resource schemas, which cfn-lint ships. (3) For the function,
    its role with its rights, and its log: what the handlers of those types call, by the same
    schemas; its code, in the bucket of CDK's bootstrap; and to call it for its custom resources.

    Not in it: your other resources (buckets, streams, topics, log groups), roles of your own to
    pass or assume, and what the CDK command line itself calls. Whoever deploys writes the rights of
    the function's role, and could write any: a boundary made with --function is the bar to that.
    """
    if deploy == function:
        raise Refusal(
            "policy needs --deploy (for whoever deploys) or --function (for the function of a"
            f" stack), got {'both' if deploy else 'neither'}"
        )
    if not roles:
        raise Refusal(f"policy needs a ROLE, or several: {', '.join(ROLES)}")
    place = _Place(partition=partition, region=region, account=account)
    definitions = [ROLES[short] for short in dict.fromkeys(map(short_name_of, roles))]
    statements = (_for_whoever_deploys if deploy else _for_the_function)(definitions, place)
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": sid, **right.render()} for sid, right in statements.items()],
    }
    click.echo(json.dumps(document, indent=2))
    characters = len(json.dumps(document, separators=(",", ":")))
    if characters > _MANAGED_POLICY_CHARACTERS:
        click.echo(
            f"slr-constructs: {characters} characters without white space; a managed policy has"
            f" {_MANAGED_POLICY_CHARACTERS} at most, so ask for fewer roles at a time",
            err=True,
        )


# the function


def _for_the_function(definitions: Iterable[RoleDefinition], place: _Place) -> _Statements:
    statements: _Statements = {}
    for definition in definitions:
        statements |= _creation(definition, place)
        statements[f"Hold{_sid(definition)}"] = rights.hold_role(
            place.role(definition), place.role_without_path(definition)
        )
        statements |= _FEATURES[definition.role_name](place)
    log = place.arn("logs", f"log-group:{_FUNCTION_NAMES}:*")
    return statements | {"WriteFunctionLog": rights.write_own_log(log)}


def _creation(definition: RoleDefinition, place: _Place) -> _Statements:
    created = rights.create_role(definition, place.role(definition))
    return {f"Create{_sid(definition)}": right for right in created}


def _voice_connector(place: _Place) -> _Statements:
    return {
        "VoiceConnectorStreaming": rights.stream_voice_connector(
            place.arn("chime", "vc/*"),
            place.arn("chime", "media-insights-pipeline-configuration/*"),
        )
    }


def _messaging(place: _Place) -> _Statements:
    return {
        # today's role, even for a stack that has adopted the older one
        **_creation(catalogue.CHIME_MESSAGING, place),
        "AppInstanceStreaming": rights.stream_app_instance(place.arn("chime", "app-instance/*")),
        "AppInstanceStreams": rights.write_to_streams(
            place.arn("kinesis", "stream/chime-messaging-*")
        ),
        # a stream's key may be another account's
        "AppInstanceStreamKeys": rights.encrypt_for_streams(
            place._replace(account="*").arn("kms", "key/*")
        ),
    }


def _ivs(place: _Place) -> _Statements:
    return {"IvsChannelRecording": rights.record_ivs_channel(place.arn("ivs", "channel/*"))}


def _mediatailor(place: _Place) -> _Statements:
    log_groups = catalogue.MEDIATAILOR.log_groups
    return {
        "MediaTailorSessionLogging": rights.log_sessions(
            place.arn("mediatailor", "playbackConfiguration/*")
        ),
        "MediaTailorAsRunLogging": rights.log_as_run(place.arn("mediatailor", "channel/*")),
        "MediaTailorLogRetention": rights.keep_events(
            *(place.arn("logs", f"log-group:{name}:log-stream:") for name in log_groups)
        ),
    }


def _mediapackage(place: _Place) -> _Statements:
    return {
        "MediaPackageChannelLogging": rights.log_live_channel(
            place.arn("mediapackage", "channels/*")
        ),
        "MediaPackagePackagingGroupLogging": rights.log_packaging_group(
            place.arn("mediapackage-vod", "packaging-groups/*")
        ),
    }


_FEATURES: dict[str, Callable[[_Place], _Statements]] = {
    catalogue.CHIME_VOICE_CONNECTOR.role_name: _voice_connector,
    catalogue.CHIME_MESSAGING.role_name: _messaging,
    catalogue.CHIME_MESSAGING_LEGACY.role_name: _messaging,
    catalogue.IVS_RECORD_TO_S3.role_name: _ivs,
    catalogue.MEDIATAILOR.role_name: _mediatailor,
    catalogue.MEDIAPACKAGE.role_name: _mediapackage,
}


# whoever deploys


def _for_whoever_deploys(definitions: Iterable[RoleDefinition], place: _Place) -> _Statements:
    statements: _Statements = {}
    for definition in definitions:
        statements |= _for_a_role(definition, place)
        for resource_type in definition.resource_types:
            statements |= _for_a_native_type(resource_type, place)
    return statements | _for_the_parts_of_the_function(place)


def _for_a_role(definition: RoleDefinition, place: _Place) -> _Statements:
    """Return what the IAM User Guide asks for, and what CloudFormation calls beside it."""
    sid, role = _sid(definition), place.role(definition)
    keep = {f"Edit{sid}": rights.let_edit(role), f"Delete{sid}": rights.let_delete(role)}
    if definition.creation is RoleCreation.NEVER:
        return keep
    create, give_policies = rights.let_create(definition, role)
    made = {f"Create{sid}": create, f"GivePoliciesTo{sid}": give_policies, **keep}
    asked = {action for right in made.values() for action in right.actions}
    native = Right(
        actions=sorted(_called_for(_NATIVE_ROLE) - asked),
        # the path of a role that is not there, IAM cannot know
        resources=[role, place.role_without_path(definition)],
    )
    return {**made, f"Native{sid}": native}


def _for_a_native_type(resource_type: str, place: _Place) -> _Statements:
    """Return what CloudFormation calls for an owner or a feature, the roles aside."""
    sid = resource_type.removeprefix("AWS").replace("::", "")
    called = {
        action for action in _called_for(resource_type) if _service(action) not in _OVER_ROLES
    }
    on_buckets = {action for action in called if _service(action) == "s3"}
    statements = {sid: Right(actions=sorted(called - on_buckets), resources=["*"])}
    if on_buckets:
        buckets = f"arn:{place.partition}:s3:::*"
        statements[f"{sid}Buckets"] = Right(actions=sorted(on_buckets), resources=[buckets])
    return statements


def _for_the_parts_of_the_function(place: _Place) -> _Statements:
    function = place.arn("lambda", f"function:{_FUNCTION_NAMES}")
    log = place.arn("logs", f"log-group:{_FUNCTION_NAMES}")
    role = f"arn:{place.partition}:iam::{place.account}:role/{_FUNCTION_NAMES}"
    code = _CODE.format(account=place.account, region=place.region)
    of_function = _called_for("AWS::Lambda::Function") - _NOT_OF_THE_FUNCTION
    of_role = _called_for("AWS::IAM::Role") | _called_for("AWS::IAM::RolePolicy")
    of_log = _called_for("AWS::Logs::LogGroup") - _NOT_OF_THE_FUNCTION
    return {
        "Function": Right(
            # custom resources call it with the rights of whoever deploys
            actions=sorted({"lambda:InvokeFunction"} | _of_service(of_function, "lambda")),
            resources=[function],
        ),
        "FunctionCode": Right(
            actions=sorted(_of_service(of_function, "s3")),
            resources=[f"arn:{place.partition}:s3:::{code}"],
        ),
        "FunctionRole": Right(actions=sorted(of_role - _NOT_OF_THE_FUNCTION), resources=[role]),
        "PassFunctionRole": Right(
            actions=["iam:PassRole"],
            resources=[role],
            condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        ),
        "FunctionLog": Right(
            actions=sorted(_of_service(of_log, "logs") - _DESCRIBING_LOGS),
            # what is authorized on a group is written with and without its streams
            resources=[log, f"{log}:*"],
        ),
        "DescribeLogs": Right(actions=sorted(of_log & _DESCRIBING_LOGS), resources=["*"]),
    }


def _called_for(resource_type: str) -> set[str]:
    """Return the actions that CloudFormation may call to deploy a resource of a type."""
    # here, for it takes seconds, and the other commands can do without
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError  # noqa: PLC0415

    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_SCHEMA_REGION, resource_type).schema
    except ResourceNotFoundError:
        raise Refusal(
            f"the cfn-lint that is installed has no schema of {resource_type}: update it"
        ) from None
    handlers = schema.get("handlers", {})
    called = (handlers.get(name, {}).get("permissions", ()) for name in _DEPLOYING)
    return {action for actions in called for action in actions}


def _of_service(actions: Iterable[str], service: str) -> set[str]:
    return {action for action in actions if _service(action) == service}


def _service(action: str) -> str:
    return action.partition(":")[0]


def _sid(definition: RoleDefinition) -> str:
    return f"{definition.role_name.removeprefix('AWSServiceRoleFor')}Role"
