"""What a stack has one of: its function, and each of its roles.

jsii keeps every construct alive for as long as the process runs, so a weak map keyed by the stack
lives exactly as long as the stack does, and one look-up costs one call to the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from aws_cdk import Stack, Token

from slr_constructs.errors import UsageError

if TYPE_CHECKING:
    from aws_cdk import CfnResource
    from aws_cdk.aws_logs import RetentionDays
    from constructs import Construct, IConstruct

    from slr_constructs.provider import Provider
    from slr_constructs.service_linked_role import ServiceLinkedRole


@dataclass(slots=True)
class StackParts:
    """The parts of one stack."""

    stack: Stack
    #: None while it depends on where the stack is deployed.
    region: str | None
    provider: Provider | None = None
    roles: dict[str, ServiceLinkedRole] = field(default_factory=dict)
    #: the names of the roles that the function holds.
    held: set[str] = field(default_factory=set)
    #: feature and owner, so that none is set twice.
    features: dict[tuple[str, str], IConstruct] = field(default_factory=dict)
    #: how long MediaTailor's log groups keep events.
    log_retentions: dict[tuple[str, ...], RetentionDays] = field(default_factory=dict)


_PARTS: WeakKeyDictionary[Stack, StackParts] = WeakKeyDictionary()


def parts_of(scope: Construct | IConstruct) -> StackParts:
    """Return the parts of the stack that a construct is in."""
    stack = Stack.of(scope)
    parts = _PARTS.get(stack)
    if parts is None:
        region = stack.region
        parts = StackParts(stack, region=None if Token.is_unresolved(region) else region)
        _PARTS[stack] = parts
    return parts


def claim(feature: Construct, name: str, owner: CfnResource | str, owner_id: str) -> None:
    """Refuse a feature that its owner has already.

    Args:
        feature: The construct that sets the feature.

        name: The feature.

        owner: The owner, as the feature was given it.

        owner_id: What names the owner.

    Raises:
        UsageError: Another construct sets it (`FeatureSetTwice`).
    """
    claimed = parts_of(feature if isinstance(owner, str) else owner).features
    other = claimed.setdefault((name, owner_id), feature)
    if other is not feature:
        raise UsageError(
            "FeatureSetTwice",
            at=feature,
            prop=name,
            allowed=f"set once for one owner ({other.node.path} sets it)",
            got=owner_id if isinstance(owner, str) else owner.node.path,
        )
