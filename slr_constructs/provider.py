"""The one function of a stack, the rights it gets, and the custom resources it serves.

Every custom resource comes with rights of its own, as an `AWS::IAM::RolePolicy` beside it that it
depends on, named after the thing it acts on. So the rights are there before the first call and
go after the last one: when a feature is removed, CloudFormation deletes the custom resource before
its policy; and when the thing is replaced, the policy is replaced with it, so that the old one
lasts until the old thing has been released. One policy for the whole function would lose the right
in the same update that needs it.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_cdk import CfnResource, RemovalPolicy, Token, aws_iam, aws_lambda, aws_logs, aws_s3_assets
from constructs import Construct

from slr_constructs.errors import UsageError, check_contract
from slr_constructs.rights import write_own_log
from slr_constructs.stack_parts import parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slr_constructs.handler.slr_handler.contract import Contract
    from slr_constructs.rights import Right

_HANDLER = Path(__file__).parent / "handler"

_FUNCTION_SECONDS = 900
_FUNCTION_MEGABYTES = 256
_LOG_DAYS = 30
#: CloudFormation waits this long for an answer (an hour, if nobody says): long enough for Lambda's
#: own second try after a crash.
_SERVICE_TIMEOUT_SECONDS = 1200

#: IAM's quota for all inline policies of one role together, white space not counted.
_RIGHTS_CHARACTERS = 10_240
_POLICY_NAME_CHARACTERS = 128


def arn(service: str, resource: str, name: str) -> dict[str, Any]:
    """Return the ARN of something in this stack's account and region, as an `Fn::Sub`.

    Args:
        service: Its namespace, `mediatailor` say.

        resource: What comes before its name, `channel/` say.

        name: Its name, which may be a token.
    """
    return substitute(
        f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}", name
    )


def last_part(arn_of_it: str) -> Any:  # noqa: ANN401 - a string, or an intrinsic for a token
    """Return what stands behind the one slash of an ARN, or a literal without one as it is."""
    if "${" in arn_of_it:
        return {"Fn::Select": [1, {"Fn::Split": ["/", arn_of_it]}]}
    return arn_of_it.rpartition("/")[2]


def substitute(text: str, name: Any) -> dict[str, Any]:  # noqa: ANN401 - a string or an intrinsic
    """Return text and name together as an `Fn::Sub`; what is not known yet stays so."""
    if isinstance(name, str) and "${" not in name:
        return {"Fn::Sub": text + name}
    return {"Fn::Sub": [f"{text}${{Name}}", {"Name": name}]}


class Provider(Construct):
    """The function that serves a stack's custom resources."""

    @classmethod
    def of(cls, scope: Construct) -> Provider:
        """Return the stack's one function, and define it on first use."""
        return parts_of(scope).one(cls, lambda stack: cls(stack, "ServiceLinkedRoleFunction"))

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        # L1s: their dependencies are those needed and no others, which a template's reader sees
        role = aws_iam.CfnRole(
            self,
            "Role",
            assume_role_policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "sts:AssumeRole",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                    }
                ],
            },
        )
        logs = aws_logs.CfnLogGroup(self, "Logs", retention_in_days=_LOG_DAYS)
        logs.apply_removal_policy(RemovalPolicy.DESTROY)
        log_document = _document([write_own_log(logs.attr_arn)])
        log_rights = aws_iam.CfnRolePolicy(
            self,
            "LogsRights",
            role_name=role.ref,
            policy_name="Logs",
            policy_document=log_document,
        )
        code = aws_s3_assets.Asset(
            self, "Code", path=str(_HANDLER), exclude=["**/__pycache__", "**/*.pyc", "**/.*"]
        )
        function = aws_lambda.CfnFunction(
            self,
            "Resource",
            description="Holds service-linked roles, and switches off what uses them",
            runtime="python3.14",
            handler="slr_handler.entrypoint.handler",
            code=aws_lambda.CfnFunction.CodeProperty(
                s3_bucket=code.s3_bucket_name, s3_key=code.s3_object_key
            ),
            timeout=_FUNCTION_SECONDS,
            memory_size=_FUNCTION_MEGABYTES,
            role=role.attr_arn,
            logging_config=aws_lambda.CfnFunction.LoggingConfigProperty(log_group=logs.ref),
        )
        function.add_resource_dependency(log_rights)
        self._service_token = function.attr_arn
        self._role_name = role.ref
        self._rights_characters = _characters(log_document)

    def define(
        self,
        scope: Construct,
        id: str,
        wanted: Contract,
        *,
        thing: Any,  # noqa: ANN401 - a string or an intrinsic
        rights: Sequence[Right],
        props: dict[str, str] | None = None,
    ) -> CfnResource:
        """Define a custom resource and the rights it needs, in the order they need.

        Args:
            scope: The construct that asks.

            id: The custom resource's construct id; its rights stand beside it.

            wanted: What is asked of the function.

            thing: What names the thing acted on, and changes when it is replaced.

            rights: What the function may do for it.

            props: The prop that a contract's field comes from, where the names differ.

        Raises:
            UsageError: The contract breaks a rule, or IAM's quota for the function's rights would
                be exceeded.
        """
        check_contract(wanted, at=scope, props=props)
        document = _document(rights)
        self._rights_characters += _characters(document)
        if self._rights_characters > _RIGHTS_CHARACTERS:
            raise UsageError(
                "FunctionRights",
                at=scope,
                prop="stack",
                allowed=(
                    f"small enough for its function's rights to fit into the {_RIGHTS_CHARACTERS}"
                    " characters of IAM's quota (use several stacks, or nested ones)"
                ),
                got=f"{self._rights_characters} characters or more",
            )
        kind = wanted.RESOURCE_TYPE.removeprefix("Custom::").removesuffix("Release")
        policy = aws_iam.CfnRolePolicy(
            scope,
            f"{id}Rights",
            role_name=self._role_name,
            policy_name=_policy_name(kind, thing),
            policy_document=document,
        )
        resource = CfnResource(
            scope,
            id,
            type=wanted.RESOURCE_TYPE,
            properties={
                "ServiceToken": self._service_token,
                # an integer: the L2 renders a string, of which CDK's own validation warns
                "ServiceTimeout": _SERVICE_TIMEOUT_SECONDS,
                **wanted.to_properties(),
            },
        )
        resource.add_resource_dependency(policy)
        return resource


def _document(rights: Sequence[Right]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [right.render() for right in rights]}


def _policy_name(kind: str, thing: Any) -> Any:  # noqa: ANN401 - strings or intrinsics
    if not isinstance(thing, str):
        # an L1 takes a string for a name, and this one has to say what CloudFormation will know
        return Token.as_string(substitute(f"{kind}-", thing))
    name = f"{kind}-{thing}"
    if "${" in thing:
        return name
    if len(name) > _POLICY_NAME_CHARACTERS or re.fullmatch(r"[\w+=,.@-]+", name, re.ASCII) is None:
        name = f"{kind}-{hashlib.sha256(thing.encode()).hexdigest()}"
    return name


_SHORTEST = {
    "${AWS::Partition}": "aws",
    "${AWS::Region}": "us-east-1",
    "${AWS::AccountId}": "111122223333",
}


def _characters(document: object) -> int:
    """Return how long a policy will at least be, a token being one character or more."""
    text = json.dumps(_without_intrinsics(document), separators=(",", ":"))
    for pseudo, shortest in _SHORTEST.items():
        text = text.replace(pseudo, shortest)
    return len(re.sub(r"\$\{[^}]*\}", "x", text))


def _without_intrinsics(value: Any) -> Any:  # noqa: ANN401 - any part of a document
    if isinstance(value, dict):
        if "Fn::Sub" in value:
            text = value["Fn::Sub"]
            return text if isinstance(text, str) else text[0]
        return {key: _without_intrinsics(each) for key, each in value.items()}
    return [_without_intrinsics(each) for each in value] if isinstance(value, list) else value
