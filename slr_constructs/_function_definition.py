"""What the function of a stack is: the properties of its resources, and its code for templates.

The constructs define these resources with CDK, and the baseline writes them to a template. So this
module does not need the CDK, and the names of properties are those of CloudFormation.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slr_constructs._permissions import Permission

#: The construct id of the function. Its logical ids start with it, and so do the names that
#: CloudFormation gives the function, its role and its log group.
ID = "ServiceLinkedRoleFunction"
#: The folder that Lambda gets if the code is an asset.
HANDLER = Path(__file__).parent / "handler"
#: The handler in that folder, and the one in a template: Lambda names inline code `index`.
ASSET_HANDLER, INLINE_HANDLER = "slr_handler.entrypoint.handler", "index.handler"
_INLINE = Path(__file__).parent / "_inline_function.txt"

#: CloudFormation accepts no larger template in a request. Source: CloudFormation User Guide,
#: "Understand CloudFormation quotas", template body size in a request.
REQUEST_BYTES = 51_200

#: CloudFormation waits this long for a response (by default, an hour).
SERVICE_TIMEOUT_SECONDS = 1200
_FUNCTION_SECONDS = 900
#: Lambda starts no run later than this after an event (by default, six hours), so every run ends
#: while CloudFormation still waits.
_EVENT_SECONDS = SERVICE_TIMEOUT_SECONDS - _FUNCTION_SECONDS

FUNCTION = {
    "Description": "Manages service-linked roles",
    "Runtime": "python3.14",
    "Timeout": _FUNCTION_SECONDS,
    "MemorySize": 256,
}
EVENTS = {
    "Qualifier": "$LATEST",
    "MaximumEventAgeInSeconds": _EVENT_SECONDS,
    # Lambda waits one minute before the first retry after a crash, and two minutes before the
    # second, so both fit into that time
    "MaximumRetryAttempts": 2,
}
LOG_GROUP = {"RetentionInDays": 30}
SERVICE = "lambda.amazonaws.com"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": SERVICE}}
    ],
}
#: The name of the policy with the permissions that every run needs.
POLICY_NAME = "Function"

LOG_GROUP_ARN = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"


@cache
def inline_code() -> str:
    """Return the function's code for a template: a module that unpacks the function's modules."""
    return _INLINE.read_text(encoding="utf-8")


def document(permissions: Sequence[Permission]) -> dict[str, Any]:
    """Return a policy document."""
    return {
        "Version": "2012-10-17",
        "Statement": [permission.render() for permission in permissions],
    }


def own_log_arns(logical_id: str) -> list[dict[str, str]]:
    """Return the two ARNs of the function's own log group."""
    return [
        {"Fn::Sub": f"{LOG_GROUP_ARN}${{{logical_id}}}"},
        {"Fn::Sub": f"${{{logical_id}.Arn}}"},
    ]


def kind_at(kind: str, path: str) -> str:
    """Return the start of a policy's name that changes with the construct of a custom resource.

    Args:
        kind: What the custom resource is, for example `ServiceLinkedRole`.

        path: The path of the construct within its stack, which starts with a slash.
    """
    return f"{kind}-{hashlib.sha256(path.encode()).hexdigest()[:8]}"
