"""What an experiment works with: calls, temporary stacks, callers with few permissions, undos.

An experiment registers an undo for each change before or directly after it makes the change. An
interruption is possible only while an experiment waits, so that no change is without its undo.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError

from slr_constructs.account.access import CALL_ERRORS, Account, reason
from slr_constructs.account.interruption import InterruptibleClock
from slr_constructs.account.stacks import is_unknown_stack
from slr_constructs.handler.slr_handler.aws import code, is_denied, is_not_found, message
from slr_constructs.handler.slr_handler.clock import Clock, OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slr_constructs.catalogue import RoleDefinition
    from tests.integ.sandbox import Sandbox

    Template = dict[str, Any]

#: no experiment runs longer.
EXPERIMENT_SECONDS = 3600
_POLL_SECONDS = 5
_STACK_SECONDS = 900
#: IAM may notice the end of a usage late.
SETTLE_SECONDS = 600
_AGAIN_SECONDS = 60
_TAKEN_SECONDS = 60
#: how long new permissions may need until every service has them.
_PERMISSION_SECONDS = 120
_NAME = "slr-probe-"


class NoAnswerError(Exception):
    """AWS gave neither of the answers. The text says what it did."""


@dataclass(frozen=True, slots=True)
class Undo:
    """What takes a change back."""

    what: str
    run: Callable[[], object]


class Bench:
    """The account as one experiment sees it.

    Args:
        sandbox: The account.

        calls: The operations that the experiment may call, in the form `client:Operation`.
    """

    def __init__(self, sandbox: Sandbox, calls: tuple[str, ...]) -> None:
        self.sandbox = sandbox
        self.evidence: list[str] = []
        #: the operations that were called.
        self.called: set[str] = set()
        self._calls = calls
        self._undos: list[Undo] = []
        self._run = secrets.token_hex(3)
        self._stacks: set[str] = set()
        # a wait of the experiment can be interrupted, one of the clean-up cannot
        self._clock: Clock = InterruptibleClock(EXPERIMENT_SECONDS)

    def name(self, last: str) -> str:
        """Return the name of a resource, which differs between runs."""
        return f"{_NAME}{self._run}-{last}"

    def note(self, text: str) -> None:
        """Add a line to the evidence, without what identifies the account or the caller."""
        line = redacted(text, self.sandbox.account.id)
        # the same call again, such as one that waits
        if line not in self.evidence[-1:]:
            self.evidence.append(line)

    def wait(self, seconds: float) -> None:
        """Wait."""
        self._clock.wait(seconds)

    # calls

    def call(self, operation: str, account: Account | None = None, **parameters: Any) -> Any:  # noqa: ANN401 - boto3's own
        """Call AWS, and add the call to the evidence.

        Args:
            operation: The operation, in the form `client:Operation`.

            account: Another caller.
                Default: the caller of the command.

            parameters: The parameters.

        Raises:
            ClientError: AWS refuses the call.
        """
        assert operation in self._calls, f"{operation} is not among the calls of the experiment"
        self.called.add(operation)
        service, _, name = operation.partition(":")
        who = self.sandbox.account if account is None else account
        client = who.client(service, self.sandbox.region)
        try:
            response = getattr(client, xform_name(name))(**parameters)
        except ClientError as error:
            self.note(f"{operation}: {code(error) or 'no code'}: {message(error)}")
            raise
        self.note(f"{operation}: succeeds")
        return response

    def refusal(
        self,
        operation: str,
        account: Account | None = None,
        **parameters: Any,  # noqa: ANN401 - as `call`
    ) -> ClientError | None:
        """Call AWS, and return the error with which it refuses the call; None if it succeeds."""
        try:
            self.call(operation, account, **parameters)
        except ClientError as error:
            return error
        return None

    def undo(self, operation: str, **parameters: Any) -> None:  # noqa: ANN401 - as `call`
        """Register a call that takes a change back; what does not exist is fine."""
        assert operation in self._calls, f"{operation} is not among the calls of the experiment"
        first = next(iter(parameters.values()))
        self._undos.append(
            Undo(f"{operation} {first}", lambda: self._unless_not_found(operation, parameters))
        )

    def _unless_not_found(self, operation: str, parameters: dict[str, Any]) -> None:
        error = self.refusal(operation, **parameters)
        # a service whose model lists no errors sends only the status
        status = 0 if error is None else error.response["ResponseMetadata"]["HTTPStatusCode"]
        if error is not None and not is_not_found(error) and status != 404:
            raise error

    def clean_up(self) -> list[str]:
        """Take all changes back, the last one first, and return what failed."""
        self._clock = Clock(EXPERIMENT_SECONDS)
        left = []
        while self._undos:
            undo = self._undos.pop()
            try:
                undo.run()
            except (NoAnswerError, OutOfTimeError, *CALL_ERRORS) as error:
                why = str(error) if isinstance(error, NoAnswerError) else reason(error)
                left.append(redacted(f"{undo.what}: {why}", self.sandbox.account.id))
        return left

    # roles

    def create_role(self, definition: RoleDefinition, **parameters: Any) -> str:  # noqa: ANN401 - as `call`
        """Let IAM create a role, delete it in the clean-up, and return its name."""
        # registered first, because a call without a response may have created the role
        self.expect_role(definition.role_name)
        principal = definition.service_principal
        for _ in range(_TAKEN_SECONDS // _POLL_SECONDS):
            try:
                response = self.call(
                    "iam:CreateServiceLinkedRole", AWSServiceName=principal, **parameters
                )
            except ClientError as error:
                if "has been taken" not in message(error):
                    raise
                # the role of an earlier experiment, whose deletion is not visible yet
                self.wait(_POLL_SECONDS)
                continue
            name = str(response["Role"]["RoleName"])
            if name != definition.role_name:
                self.expect_role(name)
            return name
        raise NoAnswerError(f"{definition.role_name} exists after an earlier experiment")

    def expect_role(self, role_name: str) -> None:
        """Delete a role in the clean-up, if it exists."""
        self._undos.append(Undo(f"the role {role_name}", lambda: self._delete_role(role_name)))

    def _delete_role(self, role_name: str) -> None:
        if not self.is_deleted(role_name, within=SETTLE_SECONDS):
            raise NoAnswerError("IAM does not delete the role")

    def is_deleted(self, role_name: str, *, within: float = 0) -> bool:
        """Ask IAM to delete a role, and return whether it does.

        Args:
            role_name: The role.

            within: How many seconds to ask again if IAM refuses.
                Default: IAM is asked once.
        """
        spent = 0
        while True:
            try:
                task = self.call("iam:DeleteServiceLinkedRole", RoleName=role_name)
            except ClientError as error:
                if not is_not_found(error):
                    raise
                return True
            if self._task_succeeds(role_name, task["DeletionTaskId"]):
                return True
            if spent >= within:
                return False
            self.wait(_AGAIN_SECONDS)
            spent += _AGAIN_SECONDS

    def _task_succeeds(self, role_name: str, task: str) -> bool:
        for _ in range(_STACK_SECONDS // _POLL_SECONDS):
            try:
                status = self.call("iam:GetServiceLinkedRoleDeletionStatus", DeletionTaskId=task)
            except ClientError as error:
                if not is_not_found(error):
                    raise
                # IAM may forget a task that has ended
                if not self._exists(role_name):
                    return True
            else:
                if status["Status"] == "SUCCEEDED":
                    return True
                if status["Status"] == "FAILED":
                    self.note(f"the deletion fails: {json.dumps(status.get('Reason', {}))}")
                    return False
            self.wait(_POLL_SECONDS)
        raise NoAnswerError(f"the deletion of {role_name} does not end")

    def _exists(self, role_name: str) -> bool:
        try:
            self.sandbox.client("iam").get_role(RoleName=role_name)
        except ClientError as error:
            if not is_not_found(error):
                raise
            return False
        return True

    def blocks_deletion(self, definition: RoleDefinition, disable: Callable[[], object]) -> bool:
        """Return whether IAM refuses to delete a role until `disable` was called.

        Raises:
            NoAnswerError: IAM refuses afterwards too, so the usage was not the reason.
        """
        if self.is_deleted(definition.role_name):
            return False
        disable()
        if not self.is_deleted(definition.role_name, within=SETTLE_SECONDS):
            raise NoAnswerError(
                f"IAM does not delete {definition.role_name} after the feature was removed either"
            )
        return True

    # temporary stacks and callers

    def deploy(self, last: str, resources: Template, **outputs: object) -> dict[str, str]:
        """Create or update a temporary stack, delete it in the clean-up, and return its outputs."""
        name = self.name(last)
        template = {
            "Resources": resources,
            "Outputs": {key: {"Value": value} for key, value in outputs.items()},
        }
        request = {
            "StackName": name,
            "TemplateBody": json.dumps(template),
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
        }
        cloudformation = self.sandbox.client("cloudformation")
        if name in self._stacks:
            cloudformation.update_stack(**request)
        else:
            self._stacks.add(name)
            self._undos.append(Undo(f"the stack {name}", lambda: self._delete_stack(name)))
            cloudformation.create_stack(**request)
        stack = self._ended(name)
        if stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise NoAnswerError(f"a temporary stack ends with {stack['StackStatus']}")
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}

    def _delete_stack(self, name: str) -> None:
        try:
            stack = self._ended(name)
        except ClientError as error:
            # it was not created
            if not is_unknown_stack(error):
                raise
            return
        self.sandbox.client("cloudformation").delete_stack(StackName=stack["StackId"])
        # a deleted stack is found by its id
        stack = self._ended(stack["StackId"])
        if stack["StackStatus"] != "DELETE_COMPLETE":
            raise NoAnswerError(f"its deletion ends with {stack['StackStatus']}")

    def _ended(self, name: str) -> dict[str, Any]:
        cloudformation = self.sandbox.client("cloudformation")
        for _ in range(_STACK_SECONDS // _POLL_SECONDS):
            stack: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return stack
            self.wait(_POLL_SECONDS)
        raise NoAnswerError(f"the stack {name} does not end its operation")

    def is_needed(
        self,
        permission: Mapping[str, object],
        others: list[dict[str, object]],
        operation: str,
        **parameters: Any,  # noqa: ANN401 - as `call`
    ) -> bool:
        """Return whether a caller needs a permission for a call, in addition to others.

        The call is made by a temporary role, first without the permission.

        Raises:
            NoAnswerError: AWS refuses the call with all permissions too.
        """
        caller = self._caller(others)
        if not self._is_refused(caller, operation, parameters):
            return False
        caller = self._caller([*others, {**permission}])
        if self._is_refused(caller, operation, parameters):
            raise NoAnswerError(f"{operation} is refused with all permissions too")
        return True

    def _is_refused(self, caller: Account, operation: str, parameters: dict[str, Any]) -> bool:
        for _ in range(_PERMISSION_SECONDS // _POLL_SECONDS):
            error = self.refusal(operation, caller, **parameters)
            if error is None:
                return False
            if not is_denied(error) and code(error) != "BadRequestException":
                raise error
            # permissions reach the services late
            self.wait(_POLL_SECONDS)
        return True

    def _caller(self, statements: list[dict[str, object]]) -> Account:
        """Return a role of a temporary stack that has only these permissions."""
        account = self.sandbox.account
        anyone_here = f"arn:{account.partition}:iam::{account.id}:root"
        trust = {"Effect": "Allow", "Principal": {"AWS": anyone_here}, "Action": "sts:AssumeRole"}
        allowed = [{"Effect": "Allow", **each} for each in statements]
        role = {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": self.name("caller"),
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                "Policies": [
                    {
                        "PolicyName": "own",
                        "PolicyDocument": {"Version": "2012-10-17", "Statement": allowed},
                    }
                ],
            },
        }
        arn = self.deploy("caller", {"Role": role}, Arn={"Fn::GetAtt": ["Role", "Arn"]})["Arn"]
        sts = self.sandbox.client("sts")
        for _ in range(_PERMISSION_SECONDS // _POLL_SECONDS):
            try:
                response = sts.assume_role(RoleArn=arn, RoleSessionName="probe")
            except ClientError as error:
                if not is_denied(error):
                    raise
                # a new role can be assumed only after some seconds
                self.wait(_POLL_SECONDS)
                continue
            keys = response["Credentials"]
            session = boto3.Session(
                keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]
            )
            return Account(session, id=account.id, partition=account.partition)
        raise NoAnswerError("a new role cannot be assumed")


#: what identifies a caller or a request, and its replacement.
_SECRETS = (
    (
        re.compile(r"arn:aws[a-z-]*:(?:iam|sts)::\d{12}:(?:assumed-role|[a-z-]*user)/\S+"),
        "CALLER",
    ),
    (re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b"), "KEY"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "UUID"),
    # encoded messages and tokens
    (re.compile(r"[A-Za-z0-9+/=_-]{80,}"), "TOKEN"),
)
_ACCOUNT = "111122223333"


def redacted(text: str, account: str) -> str:
    """Return a text without the account id, callers, keys, tokens and request ids."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text.replace(account, _ACCOUNT)
