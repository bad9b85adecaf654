"""Whether an event can be one that CloudFormation sent for a stack next to the function.

Every principal that may invoke the function can send it an event of its own. The function would run
with its permissions, and send the result to any URL. So it runs only requests for stacks of its own
account and region, and responds only to CloudFormation's bucket.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import aws

if TYPE_CHECKING:
    from .cloudformation import Request

_REQUEST_TYPES = ("Create", "Update", "Delete")

#: the bucket for responses. Source: CloudFormation User Guide, "Setting up VPC endpoints for AWS
#: CloudFormation": the region has no dashes in its name.
_BUCKET = "cloudformation-custom-resource-response-{}"
#: the endpoints of S3 in a region. Source: AWS General Reference, "Amazon S3 endpoints". Published
#: events have `s3`, `s3.<region>` and `s3-<region>`.
_ENDPOINT = r"s3(-fips)?(\.dualstack)?([.-]{region})?\.{suffix}"
#: the bucket is in the host or in the path. Source: Amazon S3 User Guide, "Virtual hosting of
#: buckets".
_RESPONSE_URL = r"https://({bucket}\.{endpoint}|{endpoint}/{bucket})/"


class RefusedEventError(Exception):
    """CloudFormation did not send the event. Nothing was called, and no response is sent."""


def check_origin(request: Request, function_arn: str) -> None:
    """Return if CloudFormation may have sent a request to the function.

    Args:
        request: The request.

        function_arn: The ARN of the function that was invoked.

    Raises:
        RefusedEventError: CloudFormation did not send it.
    """
    _, partition, _, region, account, _ = function_arn.split(":", 5)
    if request.request_type not in _REQUEST_TYPES:
        raise RefusedEventError("RequestType is not Create, Update or Delete")
    stacks = f"arn:{partition}:cloudformation:{region}:{account}:stack/"
    if not str(request.stack_id).startswith(stacks):
        raise RefusedEventError("StackId is not a stack in the account and region of the function")
    if not re.match(_response_url(partition, region), str(request.response_url)):
        text = f"ResponseURL is not in the bucket of CloudFormation for responses in {region}"
        raise RefusedEventError(text)


def _response_url(partition: str, region: str) -> str:
    suffix = re.escape(aws.dns_suffix(partition))
    endpoint = _ENDPOINT.format(region=re.escape(region), suffix=suffix)
    bucket = _BUCKET.format(region.replace("-", ""))
    return _RESPONSE_URL.format(bucket=bucket, endpoint=endpoint)
