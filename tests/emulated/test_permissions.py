"""The function's permissions are sufficient and minimal.

Every call of the function is always checked against the policies of its role. Documented by AWS:
the resources on which a call is authorized (the service authorization reference). Our model, based
on observed errors of the services: a call that enables a feature requires its caller to have the
permission to create the role if the role is missing (for messaging always), and to write to the
Kinesis streams that it names, with their key.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from aws_cdk import RemovalPolicy, aws_iam, aws_logs
from botocore.config import Config
from botocore.exceptions import ClientError
from ministack.core import iam_evaluator
from ministack.services import kms

from slr_constructs import ServiceLinkedRole, ServiceLinkedRoleFunction
from slr_constructs.handler.slr_handler.marks import TagApi
from slr_constructs.handler.slr_handler.operations import MARKED_FEATURES
from slr_constructs.policies.function import function_statements
from slr_constructs.policies.place import Place
from tests.emulated.emulator.behaviour import Refusal
from tests.emulated.recipes import changed, prepared
from tests.emulated.stacks import synthesized_together
from tests.emulated.test_marks import _owner
from tests.emulated.verdict import broken, left
from tests.fake_services import features
from tests.features import every_feature
from tests.features.every_feature import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from aws_cdk import Stack

    from tests.emulated.emulator.behaviour import Fault
    from tests.emulated.emulator.functions import Function, Run
    from tests.emulated.stacks import Account, Ended, Template
    from tests.fake_services.wire import Call
    from tests.features.every_feature import Recipe

_REGION = "us-east-1"
#: what the function reports about a call that it may omit.
_NOT_ALLOWED = re.compile(
    "cancellation not noticed|but not verified|owner not marked|tags not changed"
)
_ROLE = "Custom::ServiceLinkedRole"
_POLICY = "AWS::IAM::RolePolicy"
_FUNCTION_ROLE = "AWS::IAM::Role"
_IN_EVERY_STACK = {_ROLE, _FUNCTION_ROLE}
_SAMPLES = (
    "LiveShowHotline",
    "LiveShowChat",
    "LiveShowBroadcast",
    "LiveShowCommercials",
    "LiveShowCatchUp",
)
_EXISTING = tuple(name for name in RECIPES if name.startswith("existing-"))
#: the features that the function configures: the services use the function's permissions.
_CONFIGURED = tuple(name for name in RECIPES if RECIPES[name].carrier.startswith("Custom::"))


@dataclass(frozen=True, slots=True)
class _Cut:
    """An element that is removed from a policy: an action, a resource, or a condition's value."""

    #: the logical id of the resource that has the policy.
    policy: str
    #: the type of the resource that needs the policy.
    kind: str
    statement: int
    element: str
    value: str

    def __str__(self) -> str:
        """Return the removed element and the resource type."""
        return f"{self.kind}: {self.element} {self.value}"


def _many(value: Any) -> list[Any]:  # noqa: ANN401 - a string, an intrinsic or a list of them
    return value if isinstance(value, list) else [value]


def _cuts(template: Template) -> Iterator[_Cut]:
    """Return all elements that can be removed from a stack's policies."""
    resources = template.body["Resources"]
    kinds = {
        policy: resource["Type"]
        for resource in resources.values()
        for policy in _many(resource.get("DependsOn", []))
        if resources[policy]["Type"] == _POLICY
    }
    # the permissions that every run needs
    kinds |= {
        name: _FUNCTION_ROLE
        for name, resource in resources.items()
        if resource["Type"] == _FUNCTION_ROLE and "Policies" in resource["Properties"]
    }
    for policy, kind in kinds.items():
        for number, statement in enumerate(_document(resources[policy])["Statement"]):
            cut = functools.partial(_Cut, policy, kind, number)
            yield from (cut("Action", action) for action in _many(statement["Action"]))
            # a single resource cannot be removed
            if len(_many(statement["Resource"])) > 1:
                for each in statement["Resource"]:
                    yield cut("Resource", json.dumps(each))
            if "Condition" in statement:
                yield cut("Condition", json.dumps(statement["Condition"]))


def _document(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of a policy, or of the only policy in a role."""
    properties = resource["Properties"]
    if resource["Type"] == _FUNCTION_ROLE:
        (properties,) = properties["Policies"]
    document: dict[str, Any] = properties["PolicyDocument"]
    return document


def _without(template: Template, cut: _Cut) -> Template:
    """Return a stack whose function lacks a permission."""
    body = copy.deepcopy(dict(template.body))
    document = _document(body["Resources"][cut.policy])
    statement = document["Statement"][cut.statement]
    if cut.element == "Condition":
        statement["Condition"] = {"StringEquals": {"iam:AWSServiceName": "other.amazonaws.com"}}
    else:
        known = _many(statement[cut.element])
        kept = [each for each in known if cut.value not in (each, json.dumps(each))]
        assert len(kept) == len(known) - 1
        statement[cut.element] = kept
        if not kept:
            document["Statement"].remove(statement)
        if not document["Statement"]:
            # a policy must not be empty
            statement["Action"] = "sts:GetCallerIdentity"
            document["Statement"].append(statement)
    return dataclasses.replace(template, body=body)


# the permissions that services require of their caller


def _may(function: Function, action: str, resource: str, context: Mapping[str, str]) -> bool:
    key = function.environment["AWS_ACCESS_KEY_ID"]
    principal = iam_evaluator.resolve_principal(key, function.account)
    request = iam_evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=resource,
        region=function.region,
        # the emulator compares keys in lower case
        service_context={name.lower(): value for name, value in context.items()},
    )
    return bool(iam_evaluator.evaluate(request, principal.policies).decision == "Allow")


#: the member with which a call enables a feature.
_ENABLES = {
    "PutVoiceConnectorStreamingConfiguration": "StreamingConfiguration",
    "PutMessagingStreamingConfigurations": "StreamingConfigurations",
    "ConfigureLogsForPlaybackConfiguration": "PercentEnabled",
    "ConfigureLogsForChannel": "LogTypes",
    "ConfigureLogs": "EgressAccessLogs",
}


def _uses_permissions_of_caller(account: Account) -> Callable[[Run, Call], Fault | None]:
    """Return services that create the role and write to Kinesis with the caller's permissions."""
    definitions = {each.carrier: each.definition for each in RECIPES.values()}

    def fault(run: Run, call: Call) -> Fault | None:
        wanted = call.parameters.get(_ENABLES.get(call.operation, ""))
        # no value means no access logs; an empty structure means the default logs
        if wanted is None or wanted in (0, []):
            return None
        definition = definitions[run.type]
        messaging = call.service == "chime-sdk-messaging"
        if messaging or not account.emulator.roles.exists(account.id, definition.role_name):
            arn = definition.arn(partition="aws", account=account.id)
            context = {"iam:AWSServiceName": definition.service_principal}
            if not _may(run.function, "iam:CreateServiceLinkedRole", arn, context):
                return Refusal("BadRequestException", f"Unable to create {arn}", 400)
        insights = wanted.get("MediaInsightsConfiguration") if isinstance(wanted, dict) else None
        if insights is not None:
            # the service authorization reference lists both resources for this operation
            action, arn = f"chime:{call.operation}", insights["ConfigurationArn"]
            if not _may(run.function, action, arn, {}):
                return Refusal("ForbiddenException", f"not authorized: {action} on {arn}", 403)
        streams = [each["ResourceArn"] for each in wanted] if messaging else []
        for stream in streams:
            needed = [
                (f"kinesis:{operation}", stream)
                for operation in ("DescribeStream", "PutRecord", "PutRecords")
            ]
            # the emulator forgets the key of a stream: check all keys of the account
            needed += [
                ("kms:GenerateDataKey", key["Arn"])
                for (owner, *_), key in kms._keys._data.items()
                if owner == account.id
            ]
            for action, resource in needed:
                if not _may(run.function, action, resource, {}):
                    return Refusal("BadRequestException", f"Unable to access {stream}", 400)
        return None

    return fault


# stacks


def _prepare(account: Account) -> None:
    behaviour = account.emulator.behaviour
    # so that the library creates all five roles
    behaviour.creates_every_role = True
    # the first deletion fails: a retry is possible only with the permission to read the status
    behaviour.deletions = ["FAILED"]
    behaviour.fault = _uses_permissions_of_caller(account)


def _problems(account: Account, template: Template, *, role_of_service: str = "") -> list[str]:
    """Deploy a stack, update it and destroy it; return all problems."""
    before = left(account)
    deployed = account.deploy(template)
    ended: list[Ended] = [deployed]
    updated = changed(template)
    if deployed.succeeded and updated != template:
        ended.append(account.deploy(updated))
    ended.append(account.destroy(template))
    journal = account.emulator.journal.of(account.id)
    return [
        *(str(each) for each in ended if not each.succeeded),
        *(each for each in map(str, journal) if _NOT_ALLOWED.search(each)),
        # the stacks did not create the existing owners
        *(
            each
            for each in left(account)
            if each not in before
            and not each.endswith("(off)")
            and each.rpartition("/")[2] != role_of_service
        ),
        *(
            each
            for each in broken(journal)
            # no stack created the role of a service
            if not (role_of_service and each.startswith("a feature was enabled before its role"))
        ),
    ]


@functools.cache
def _with_imported_roles() -> dict[str, Template]:
    def define(recipe: Recipe, stack: Stack) -> None:
        role = ServiceLinkedRole.from_existing(stack, "Imported", recipe.definition)
        recipe.define(stack, "a", role)

    return {
        name: dataclasses.replace(template, name="Stack")
        for name, template in synthesized_together(
            {name: functools.partial(define, RECIPES[name]) for name in _CONFIGURED}
        ).items()
    }


def _all_needed(
    new_account: Callable[[], Account],
    *templates_in: Callable[[Account], Template],
    but: set[str],
    role_of_service: str = "",
) -> int:
    """Check that a stack works with all its permissions, and fails without any one of them.

    The stack is the same in each of `templates_in`, but its account is not.
    """
    template_in = templates_in[0]

    def problems(cut: _Cut | None, template_in: Callable[[Account], Template]) -> list[str]:
        account = new_account()
        _prepare(account)
        if role_of_service:
            account.emulator.features.makes_role[role_of_service] = True
        template = template_in(account)
        tested = template if cut is None else _without(template, cut)
        return _problems(account, tested, role_of_service=role_of_service)

    assert [problem for each in templates_in for problem in problems(None, each)] == []
    # two resources of a type have the same permissions, each on its own target
    cuts = {str(cut): cut for cut in _cuts(template_in(new_account())) if cut.kind not in but}
    assert cuts
    needless = [
        name for name, cut in cuts.items() if not any(problems(cut, each) for each in templates_in)
    ]
    assert needless == []
    return len(cuts)


@pytest.mark.parametrize("name", _SAMPLES)
def test_every_permission_in_the_sample_app_is_needed(
    name: str,
    new_account: Callable[[], Account],
    sample_app: Mapping[str, Template],
    tally: Callable[..., None],
) -> None:
    """With the complete policy all operations succeed; without any element one of them fails."""
    # permissions that every stack has are tested in one stack
    elsewhere: set[str] = set() if name == _SAMPLES[0] else _IN_EVERY_STACK
    tried = _all_needed(new_account, lambda _: sample_app[name], but=elsewhere)
    tally("permissions", permissions_removed=tried)


#: its owner has a setting that needs a permission of its own.
_ANALYZED = "existing-voice"


def _analyzed(account: Account) -> Template:
    """Return the stack of a Voice Connector that has a media insights configuration before."""
    template = prepared(account, _ANALYZED)
    owner = account.emulator.features.find(features.VOICE_CONNECTOR, account.id, _REGION, "a" * 22)
    assert owner is not None
    arn = f"arn:aws:chime:{_REGION}:{account.id}:media-insights-pipeline-configuration/theirs"
    owner.data["StreamingConfiguration"] = {
        "DataRetentionInHours": 1,
        "Disabled": True,
        "MediaInsightsConfiguration": {"Disabled": False, "ConfigurationArn": arn},
    }
    return template


@pytest.mark.parametrize("name", _EXISTING)
def test_every_permission_on_an_existing_owner_is_needed(
    name: str, new_account: Callable[[], Account], tally: Callable[..., None]
) -> None:
    """These are the permissions to configure and remove a feature of an existing owner."""
    tried = _all_needed(
        new_account,
        lambda account: prepared(account, name),
        *([_analyzed] if name == _ANALYZED else []),
        but=_IN_EVERY_STACK,
        # an owner that has its feature again needs the role
        role_of_service=RECIPES[name].definition.role_name if name == _ANALYZED else "",
    )
    tally("permissions", permissions_removed=tried)


@pytest.mark.parametrize("name", _CONFIGURED)
def test_every_permission_with_an_imported_role_is_needed(
    name: str, new_account: Callable[[], Account], tally: Callable[..., None]
) -> None:
    """The service creates the role with the permissions of its caller, which has no lease."""

    def imported(account: Account) -> Template:
        template = _with_imported_roles()[name]
        body = json.dumps(template.body).replace(every_feature.ACCOUNT, account.id)
        return dataclasses.replace(template, body=json.loads(body))

    def template_in(account: Account) -> Template:
        prepared(account, name)  # creates the existing owner
        return imported(account)

    def analyzed(account: Account) -> Template:
        _analyzed(account)
        return imported(account)

    tried = _all_needed(
        new_account,
        template_in,
        *([analyzed] if name == _ANALYZED else []),
        but=_IN_EVERY_STACK,
        role_of_service=RECIPES[name].definition.role_name,
    )
    tally("permissions", permissions_removed=tried)


_VOICE_ROLE = RECIPES["voice"].definition.role_name
_TAG = {"Key": "slr-constructs:a", "Value": "a"}

#: for each recipe, calls that its function may make on its own target, and not on another: the
#: client, the method, the parameter that names the target, the two names, the other parameters.
_OWN_AND_OTHER: dict[str, list[tuple[str, str, str, str, str, dict[str, Any]]]] = {
    "voice": [
        ("iam", "get_role", "RoleName", _VOICE_ROLE, "{function_role}", {}),
        ("iam", "get_role", "RoleName", _VOICE_ROLE, "AWSServiceRoleForMediaTailor", {}),
        (
            "iam",
            "tag_role",
            "RoleName",
            _VOICE_ROLE,
            "{function_role}",
            {"Tags": [_TAG]},
        ),
        (
            "iam",
            "untag_role",
            "RoleName",
            _VOICE_ROLE,
            "{function_role}",
            {"TagKeys": [_TAG["Key"]]},
        ),
        (
            "iam",
            "update_role_description",
            "RoleName",
            _VOICE_ROLE,
            "{function_role}",
            {"Description": "a"},
        ),
        ("iam", "delete_service_linked_role", "RoleName", _VOICE_ROLE, "{function_role}", {}),
        (
            "iam",
            "create_service_linked_role",
            "AWSServiceName",
            "voiceconnector.chime.amazonaws.com",
            "mediatailor.amazonaws.com",
            {},
        ),
        (
            "logs",
            "create_log_stream",
            "logGroupName",
            "{log_group}",
            "another",
            {"logStreamName": "a"},
        ),
        (
            "logs",
            "put_log_events",
            "logGroupName",
            "{log_group}",
            "another",
            {"logStreamName": "a", "logEvents": [{"timestamp": 0, "message": "a"}]},
        ),
    ],
    "existing-voice": [
        (
            "chime-sdk-voice",
            f"{verb}_voice_connector_streaming_configuration",
            "VoiceConnectorId",
            "a" * 22,
            "b" * 22,
            more,
        )
        for verb, more in (
            ("put", {"StreamingConfiguration": {"DataRetentionInHours": 0, "Disabled": False}}),
            ("get", {}),
            ("delete", {}),
        )
    ],
    "existing-chat": [
        (
            "chime-sdk-messaging",
            f"{verb}_messaging_streaming_configurations",
            "AppInstanceArn",
            "arn:aws:chime:us-east-1:{account}:app-instance/a",
            "arn:aws:chime:us-east-1:{account}:app-instance/b",
            more,
        )
        for verb, more in (
            (
                "put",
                {
                    "StreamingConfigurations": [
                        {
                            "DataType": "Channel",
                            "ResourceArn": "arn:aws:kinesis:us-east-1:1:stream/chime-messaging-a",
                        }
                    ]
                },
            ),
            ("get", {}),
            ("delete", {}),
        )
    ],
    "existing-recording": [
        (
            "ivs",
            method,
            "arn",
            "arn:aws:ivs:us-east-1:{account}:channel/a",
            "arn:aws:ivs:us-east-1:{account}:channel/b",
            {},
        )
        for method in ("get_channel", "update_channel")
    ],
    "existing-sessions": [
        (
            "mediatailor",
            "configure_logs_for_playback_configuration",
            "PlaybackConfigurationName",
            "a",
            "b",
            {"PercentEnabled": 1},
        )
    ],
    "existing-as-run": [
        (
            "mediatailor",
            "configure_logs_for_channel",
            "ChannelName",
            "a",
            "b",
            {"LogTypes": []},
        )
    ],
    # the function may configure all live channels if the channel exists before the stack, because
    # the id of a channel does not determine its ARN
    "live": [("mediapackage", "configure_logs", "Id", "a", "b", {})],
    "existing-vod": [("mediapackage-vod", "configure_logs", "Id", "a", "b", {})],
}

#: calls that no function may make: clients and methods with their parameters.
_NEVER: list[tuple[str, str, dict[str, Any]]] = [
    ("iam", "list_roles", {}),
    ("iam", "create_role", {"RoleName": "a", "AssumeRolePolicyDocument": "{}"}),
    (
        "iam",
        "put_role_policy",
        {"RoleName": "{function_role}", "PolicyName": "a", "PolicyDocument": "{}"},
    ),
    ("logs", "delete_log_group", {"logGroupName": "{log_group}"}),
    ("logs", "put_retention_policy", {"logGroupName": "{log_group}", "retentionInDays": 1}),
    ("s3", "list_buckets", {}),
    ("lambda", "list_functions", {}),
    ("kinesis", "list_streams", {}),
    ("cloudformation", "describe_stacks", {}),
]


class _Caller:
    """A caller with the credentials of a stack's function."""

    def __init__(self, account: Account, template: Template) -> None:
        functions: list[Function] = []

        def record(run: Run, _call: Call) -> None:
            functions.append(run.function)

        account.emulator.behaviour.fault = record
        assert account.deploy(template).succeeded
        self._url = account.emulator.url
        self._environment = functions[0].environment
        iam = account.emulator.client("iam", account.id, _REGION)
        (function_role,) = (
            role["RoleName"]
            for role in iam.list_roles()["Roles"]
            if not role["Path"].startswith("/aws-service-role/")
        )
        self._names = {
            "{account}": account.id,
            "{function_role}": function_role,
            "{log_group}": self._environment["AWS_LAMBDA_LOG_GROUP_NAME"],
        }

    def code(self, service: str, method: str, parameters: Mapping[str, Any]) -> str:
        """Return the error code of a call; an empty string if it succeeds."""
        text = json.dumps(parameters)
        for name, value in self._names.items():
            text = text.replace(name, value)
        client = boto3.client(
            service,
            region_name=_REGION,
            endpoint_url=self._url,
            aws_access_key_id=self._environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self._environment["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=self._environment["AWS_SESSION_TOKEN"],
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )
        try:
            getattr(client, method)(**json.loads(text))
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""


_DENIED = {"AccessDenied", "AccessDeniedException", "ForbiddenException"}


@pytest.mark.parametrize("recipe", _OWN_AND_OTHER)
def test_the_function_can_change_only_its_own_target(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """The same call is allowed on its own target, and denied on another one."""
    caller = _Caller(account, prepared(account, recipe))
    for service, method, names, own, other, more in _OWN_AND_OTHER[recipe]:
        # the call may fail for another reason, for example because the target does not exist
        assert caller.code(service, method, {names: own, **more}) not in _DENIED, (method, own)
        assert caller.code(service, method, {names: other, **more}) in _DENIED, (method, other)
    tally("permissions", calls_on_other_targets=len(_OWN_AND_OTHER[recipe]))


#: tags of slr-constructs, and those of others.
_OWN_AND_OTHER_KEYS = (("slr-constructs:a", "slr-constructs:b"), ("slr-constructs:a", "theirs"))


def _denials_of_tags(
    caller: _Caller, api: TagApi, names: dict[str, str], *, tag: str, untag: str
) -> list[str]:
    """Return the error codes of changes of own tags, and then of changes that include others."""
    codes = []
    for keys in _OWN_AND_OTHER_KEYS:
        given: Any = dict.fromkeys(keys, "a")
        if api.is_list:
            given = [{"Key": key, "Value": "a"} for key in keys]
        codes.append(caller.code(api.service, tag, names | {api.tags: given}))
        codes.append(caller.code(api.service, untag, names | {api.keys: keys}))
    return codes


@pytest.mark.parametrize("recipe", _EXISTING)
def test_the_function_changes_only_its_own_tags(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """Tags of the role and of an owner outside of the stack belong to others."""
    caller = _Caller(account, prepared(account, recipe))
    role = {"RoleName": RECIPES[recipe].definition.role_name}
    iam = TagApi("iam", is_list=True)
    target = _owner(account, recipe)
    api = next(
        each.tags for each in MARKED_FEATURES.values() if each.tags.service == target.kind.service
    )
    owner = {api.arn: target.arn}

    of_role = _denials_of_tags(caller, iam, role, tag="tag_role", untag="untag_role")
    of_owner = _denials_of_tags(caller, api, owner, tag="tag_resource", untag="untag_resource")

    for codes in (of_role, of_owner):
        assert codes[:2] == ["", ""]
        assert {*codes[2:]} <= _DENIED
        assert len(codes[2:]) == 2
    tally("permissions", calls_on_other_targets=4)


def test_the_function_has_no_other_permissions(
    account: Account, tally: Callable[..., None]
) -> None:
    """It can neither list resources nor give itself permissions."""
    caller = _Caller(account, prepared(account, "voice"))
    allowed = [
        (service, method)
        for service, method, parameters in _NEVER
        if caller.code(service, method, parameters) not in _DENIED
    ]
    assert allowed == []
    tally("permissions", calls_on_other_targets=len(_NEVER))


def test_the_condition_is_enough_to_exclude_the_roles_of_other_services(account: Account) -> None:
    """Even with all roles as resources, the permission would be limited to one service."""
    template = prepared(account, "voice")
    body = copy.deepcopy(dict(template.body))
    for resource in body["Resources"].values():
        for statement in resource["Properties"].get("PolicyDocument", {}).get("Statement", []):
            if "Condition" in statement:
                statement["Resource"] = "*"
    caller = _Caller(account, dataclasses.replace(template, body=body))

    create = ("iam", "create_service_linked_role")
    # the role exists already
    own = {"AWSServiceName": "voiceconnector.chime.amazonaws.com"}
    assert caller.code(*create, own) == "InvalidInput"
    assert caller.code(*create, {"AWSServiceName": "mediatailor.amazonaws.com"}) in _DENIED


# a role of the app

_ASSUMED_BY_LAMBDA = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"Service": "lambda.amazonaws.com"},
}


@functools.cache
def _with_given_roles() -> dict[str, Template]:
    """Return the recipes' stacks, whose functions have the role `functions` and their own log."""

    def define(recipe: Recipe, stack: Stack) -> None:
        role = aws_iam.Role.from_role_name(stack, "FunctionRole", "functions")
        # the emulator names a log group in another way than CloudFormation
        log_group = aws_logs.LogGroup(
            stack,
            "Log",
            log_group_name=f"{stack.stack_name}-ServiceLinkedRoleFunction",
            removal_policy=RemovalPolicy.DESTROY,
        )
        ServiceLinkedRoleFunction.configure(stack, role=role, log_group=log_group)
        recipe.define(stack, "a", None)

    return synthesized_together(
        {name: functools.partial(define, recipe) for name, recipe in RECIPES.items()}
    )


@pytest.mark.parametrize("name", RECIPES)
def test_a_role_of_the_app_needs_only_the_policy_that_the_command_prints(
    account: Account, name: str, tally: Callable[..., None]
) -> None:
    """`slr-constructs policy --function` prints it; no stack writes policies."""
    _prepare(account)
    prepared(account, name)
    template = _with_given_roles()[name]
    body = json.dumps(template.body).replace(every_feature.ACCOUNT, account.id)
    template = dataclasses.replace(template, body=json.loads(body))
    assert not {"AWS::IAM::Role", _POLICY} & {
        each["Type"] for each in template.body["Resources"].values()
    }
    iam = account.emulator.client("iam", account.id, _REGION)
    trust = {"Version": "2012-10-17", "Statement": [_ASSUMED_BY_LAMBDA]}
    iam.create_role(RoleName="functions", AssumeRolePolicyDocument=json.dumps(trust))
    place = Place(partition="aws", region=_REGION, account=account.id)
    permissions = function_statements([RECIPES[name].definition], place).values()
    document = {"Version": "2012-10-17", "Statement": [each.render() for each in permissions]}
    iam.put_role_policy(
        RoleName="functions", PolicyName="functions", PolicyDocument=json.dumps(document)
    )

    assert not _problems(account, template)
    tally("permissions", deploys=1)
