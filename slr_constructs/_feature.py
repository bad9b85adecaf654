"""The base class of features, and the record of which construct configures which feature."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from constructs import Construct

from slr_constructs._errors import UsageError
from slr_constructs._registry import parts_of, place_in

if TYPE_CHECKING:
    from aws_cdk import CfnResource

    from slr_constructs._service_linked_role import ServiceLinkedRole
    from slr_constructs.catalogue import ResourceType
    from slr_constructs.handler.slr_handler.contract import Contract


class Feature(Construct):
    """A feature that uses a role. It is in the stack of its scope, so the lookup calls no jsii."""

    _role: ServiceLinkedRole

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        place_in(self, parts_of(scope))

    @property
    def role(self) -> ServiceLinkedRole:
        """The role that the feature uses."""
        return self._role


class FeatureWithCleanUp(Feature):
    """A feature that a resource of its own disables on delete."""

    _clean_up: CfnResource

    @property
    def clean_up(self) -> CfnResource:
        """The resource that disables the feature on delete, after all that depend on it."""
        return self._clean_up


def check_region(feature: Construct, prop: str, owner: CfnResource | str) -> None:
    """Reject an owner that is in another region than the stack of its feature.

    The stack's function calls the service in the region of the stack. A region that is known only
    at deployment is accepted.

    Args:
        feature: The construct that configures the feature.

        prop: The name of the prop with the owner.

        owner: The owner, as the feature was given it.

    Raises:
        UsageError: Both regions are known and differ (`OwnerRegion`).
    """
    ours, theirs = parts_of(feature).region, _region_of(owner)
    if ours is not None and theirs is not None and ours != theirs:
        raise UsageError(
            "OwnerRegion",
            at=feature,
            prop=prop,
            allowed=f"in the region of the stack, {ours}",
            got=theirs,
        )


def _region_of(owner: CfnResource | str) -> str | None:
    if isinstance(owner, str):
        # ids, names and tokens have no region
        found = re.match("arn:[^:]+:[^:]+:([a-z0-9-]+):", owner)
        return None if found is None else found[1]
    # a Voice Connector may be in another region than its stack
    region = getattr(owner, "aws_region", None)
    if region is None:
        return parts_of(owner).region
    return None if "${" in region else region


def claim(
    feature: Construct,
    target: ResourceType,
    wanted: Contract,
    owner: CfnResource | str,
) -> None:
    """Record that a construct configures a feature for an owner, and reject a second construct.

    Args:
        feature: The construct that configures the feature.

        target: The type of the owner.

        wanted: The contract of the feature.

        owner: The owner, as the feature was given it.

    Raises:
        UsageError: Another construct configures the feature for the owner (`FeatureSetTwice`).
    """
    claimed = parts_of(feature if isinstance(owner, str) else owner).features
    # channels of different services may have the same name
    key = (wanted.RESOURCE_TYPE, wanted.physical_id)
    other = claimed.get(key)
    if other is not None:
        shown = repr(owner) if isinstance(owner, str) else owner.node.path
        raise UsageError.relation(
            "FeatureSetTwice",
            at=feature,
            text=(
                f"{other.node.path} already configures {target.feature} for {target.name} {shown}."
                " Remove one of them."
            ),
        )
    claimed[key] = feature


def already_configured(feature: Construct, owner: CfnResource, configuration: str) -> UsageError:
    """Return the error for an owner whose native property is already set.

    Args:
        feature: The construct that configures the feature.

        owner: The owner.

        configuration: What the owner already has, for example `a log configuration`.
    """
    return UsageError.relation(
        "FeatureSetTwice",
        at=feature,
        text=(
            f"{owner.node.path} already has {configuration}, from its own properties or from"
            " another construct. Remove one of them."
        ),
    )
