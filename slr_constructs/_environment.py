"""The account and region of everything that a feature names.

A service, and the function that calls it, work in one account and region. Which of the two must be
the same for a resource is a fact about its service, so each caller says it, with its source. Parts
of an environment that are known only at deployment are not compared.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aws_cdk import CfnResource
from aws_cdk.region_info import RegionInfo

from slr_constructs._registry import known_environment, parts_of
from slr_constructs._usage_error import UsageError

if TYPE_CHECKING:
    from constructs import Construct

    from slr_constructs._registry import Environment

_ARN = re.compile("arn:(?P<partition>[^:]*):[^:]*:(?P<region>[^:]*):(?P<account>[^:]*):")
#: a dynamic reference contains the separator of ARNs.
_DYNAMIC_REFERENCE = re.compile(r"\{\{resolve:[^}]*\}\}")


def environment_of(named: Any) -> Environment:  # noqa: ANN401 - any construct, or a string
    """Return what is known about the environment of a construct, or of the resource of an ARN.

    An imported resource has the environment that CDK knows from its ARN or its attributes. Ids,
    names and tokens have none.
    """
    if isinstance(named, str):
        found = _ARN.match(_DYNAMIC_REFERENCE.sub("?", named))
        return {} if found is None else known_environment(**found.groupdict())
    # an L1 is always in the environment of its stack, and asking it would call jsii
    known = None if isinstance(named, CfnResource) else getattr(named, "env", None)
    if known is not None:
        return known_environment(account=known.account, region=known.region)
    environment = dict(parts_of(named).environment)
    # except a Voice Connector, which has a property for its region
    region = getattr(named, "aws_region", None)
    if region is not None:
        environment.pop("region", None)
        environment |= known_environment(region=region)
    return environment


def check_environment(
    at: Construct,
    prop: str,
    named: Any,  # noqa: ANN401 - any construct, or an ARN
    *parts: str,
    of: Any = "",  # noqa: ANN401 - any construct, or a string
    place: str = "the stack",
) -> None:
    """Reject a resource in an account or region that its service cannot reach from another one.

    Args:
        at: The construct that names the resource.

        prop: The name of the prop.

        named: The resource or its ARN.

        parts: What must be the same: `account`, `region` or both.

        of: The resource whose account and region count. Those that are not known are those of the
            stack. Default: only the stack counts.

        place: The name of that resource for the message.

    Raises:
        UsageError: A part is known on both sides and differs (`OtherEnvironment`).
    """
    ours = {**parts_of(at).environment, **environment_of(of)}
    theirs = environment_of(named)
    if "partition" in theirs and "region" in ours:
        ours |= known_environment(partition=RegionInfo.get(ours["region"]).partition)
    for part in (*parts, "partition"):
        if part in ours and part in theirs and ours[part] != theirs[part]:
            raise UsageError(
                "OtherEnvironment",
                at=at,
                prop=prop,
                allowed=f"in the {part} of {place}, {ours[part]}",
                got=theirs[part],
            )
