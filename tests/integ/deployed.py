"""Deploy stacks with the CDK command line, and compare the account before and afterwards."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError

from slr_constructs import catalogue
from slr_constructs.account.access import CALL_ERRORS, reason
from slr_constructs.account.interruption import held
from slr_constructs.account.stacks import is_unknown_stack
from tests.integ.stacks import STACKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cdk_command_line import CommandLine
    from tests.integ.sandbox import Sandbox

_POLL_SECONDS = 5
_STACK_SECONDS = 1800
#: MediaTailor writes to log groups with fixed names, which stacks retain because they may share
#: them.
_SHARED_LOGS = "log group MediaTailor/"


@contextmanager
def deployed(sandbox: Sandbox, cdk: CommandLine, *stacks: str) -> Iterator[None]:
    """Deploy stacks during the body; then destroy them, and assert that nothing is left."""
    before = resources(sandbox)
    try:
        cdk.deploy(*stacks)
        yield
    finally:
        # an interruption waits until the stacks are destroyed
        with held():
            cdk.destroy(*stacks)
            _delete_retained(sandbox, resources(sandbox) - before)
    left = sorted(resources(sandbox) - before)
    assert left == [], f"left in the account: {left}"


def resources(sandbox: Sandbox) -> set[str]:
    """Return the resources of the account that a stack of these tests may create."""
    names = {each.role_name for each in catalogue.ALL}
    roles = _pages(sandbox.client("iam"), "list_roles", "Roles")
    return {
        *(
            f"role {each['RoleName']}"
            for each in roles
            if each["RoleName"] in names or each["RoleName"].startswith(STACKS)
        ),
        *(
            f"function {each['FunctionName']}"
            for each in _pages(sandbox.client("lambda"), "list_functions", "Functions")
        ),
        *(
            f"log group {each['logGroupName']}"
            for each in _pages(sandbox.client("logs"), "describe_log_groups", "logGroups")
        ),
        *(
            f"stream {each}"
            for each in _pages(sandbox.client("kinesis"), "list_streams", "StreamNames")
        ),
        *(f"bucket {each['Name']}" for each in sandbox.client("s3").list_buckets()["Buckets"]),
        *(
            f"{each.name} {arn}"
            for each in catalogue.RESOURCE_TYPES
            for arn in _arns(sandbox, each)
        ),
    }


def _pages(client: Any, operation: str, member: str) -> Iterator[Any]:  # noqa: ANN401 - boto3's own
    for page in client.get_paginator(operation).paginate():
        yield from page[member]


def _arns(sandbox: Sandbox, type: catalogue.ResourceType) -> Iterator[str]:
    # botocore has paginators only for some of these lists
    listing = type.calls.list
    service, _, operation = listing.operation.partition(":")
    token: dict[str, str] = {}
    while True:
        page = getattr(sandbox.client(service), xform_name(operation))(**token)
        for item in page[listing.member]:
            yield next(value for name, value in item.items() if name.lower().endswith("arn"))
        if not page.get(listing.next_member):
            return
        token = {listing.next_member: page[listing.next_member]}


def _delete_retained(sandbox: Sandbox, left: set[str]) -> None:
    """Delete what stacks retain: buckets, and the log groups of MediaTailor."""
    # a bucket without a name of its own is called after its stack
    buckets = tuple(f"bucket {stack.lower()}-" for stack in STACKS)
    for each in left:
        if each.startswith(buckets):
            bucket = each.removeprefix("bucket ")
            s3 = sandbox.client("s3")
            for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
                s3.delete_object(Bucket=bucket, Key=item["Key"])
            s3.delete_bucket(Bucket=bucket)
        elif each.startswith(_SHARED_LOGS):
            group = each.removeprefix("log group ")
            sandbox.client("logs").delete_log_group(logGroupName=group)


def sweep(sandbox: Sandbox) -> list[str]:
    """Delete the stacks of these tests that exist, and return why one cannot be deleted."""
    left = []
    for name in STACKS:
        try:
            status = _delete_stack(sandbox.client("cloudformation"), name)
        except CALL_ERRORS as error:
            left.append(f"{name}: {reason(error)}")
        else:
            if status != "DELETE_COMPLETE":
                left.append(f"{name}: {status}")
    return left


def _delete_stack(cloudformation: Any, name: str) -> str:  # noqa: ANN401 - boto3's own
    """Delete a stack if it exists, and return its last status."""
    try:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if not is_unknown_stack(error):
            raise
        return "DELETE_COMPLETE"
    cloudformation.delete_stack(StackName=stack["StackId"])
    for _ in range(_STACK_SECONDS // _POLL_SECONDS):
        # a deleted stack is found by its id
        stack = cloudformation.describe_stacks(StackName=stack["StackId"])["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            break
        time.sleep(_POLL_SECONDS)
    return str(stack["StackStatus"])
