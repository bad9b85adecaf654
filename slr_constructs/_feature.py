"""The base class of features, and the record of which construct configures which feature."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, TypeVar

from aws_cdk import CfnResource, Reference, Tokenization
from constructs import Construct

from slr_constructs._environment import check_environment, environment_of
from slr_constructs._errors import is_unresolved
from slr_constructs._l1 import l1_of
from slr_constructs._registry import claims_of, key_of, parts_of, place_in
from slr_constructs._usage_error import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slr_constructs._service_linked_role import ServiceLinkedRole
    from slr_constructs.catalogue import ResourceType

_Owner = TypeVar("_Owner", bound=CfnResource)


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


def named_by(
    feature: Construct,
    prop: str,
    given: object,
    allowed: str,
    kind: type[_Owner],
    *,
    arn: str = "",
) -> _Owner | str:
    """Return the resource that a prop names: an L1 of the app, or what identifies an existing one.

    Args:
        feature: The construct that configures the feature.

        prop: The name of the prop.

        given: The value of the prop: an L1, a construct around it, or a string.

        allowed: The accepted types, as they continue "must be".

        kind: The class of the L1.

        arn: The property with the ARN of an imported L2. Default: an imported L2 is not accepted.

    Raises:
        UsageError: The value has another type (`PropKind`).
    """
    found = given if isinstance(given, str) else l1_of(given, kind) or getattr(given, arn, None)
    if not isinstance(found, (str, kind)):
        raise UsageError("PropKind", at=feature, prop=prop, allowed=allowed, got=given)
    return found


def owner_of(
    feature: Construct,
    prop: str,
    given: object,
    allowed: str,
    kind: type[_Owner],
    *,
    arn: str = "",
) -> _Owner | str:
    """Return the owner that a prop names, as `named_by` does.

    The stack's function calls the service in the account and region of the stack.

    Raises:
        UsageError: The value has another type (`PropKind`), or the owner is in another account or
            region than the stack (`OtherEnvironment`).
    """
    owner = named_by(feature, prop, given, allowed, kind, arn=arn)
    # a reference to an owner of the app is in the environment of that owner
    resource = resource_of(owner)
    where = resource if isinstance(resource, kind) else owner
    check_environment(feature, prop, where, "account", "region")
    return owner


def claim(
    feature: Construct, target: ResourceType, owner: CfnResource | str, name: str | None = None
) -> None:
    """Record that a construct configures a feature for an owner, and reject a second construct.

    The owners of the whole app are compared. A name is the same owner only in the same account and
    region. If these are not known before deployment, two stacks may be deployed to different ones,
    so only the same stack, with its nested stacks, is sure to be the same environment. The function
    refuses an owner that another stack has marked, in all cases.

    Args:
        feature: The construct that configures the feature.

        target: The type of the owner.

        owner: The owner, as the feature was given it.

        name: The name of an existing owner. Default: the name that the app gives its own owner.

    Raises:
        UsageError: Another construct configures the feature for the owner (`FeatureSetTwice`).
    """
    resource = resource_of(owner)
    if resource is not None and resource.cfn_resource_type != target.type:
        # for example a nested stack, which may have the names of several owners as outputs
        resource = None
    ours = None if resource is None else key_of(resource)
    claims = [*map(claims_of, _keys_of(feature, target, resource, owner, name))]
    for other, theirs in itertools.chain.from_iterable(claims):
        # two owners of the app that have the same name are not deployed together
        if ours is None or theirs is None or ours == theirs:
            shown = repr(owner) if isinstance(owner, str) else owner.node.path
            raise UsageError.relation(
                "FeatureSetTwice",
                at=feature,
                text=(
                    f"{other.node.path} already configures {target.feature} for {target.name}"
                    f" {shown}. Remove one of them."
                ),
            )
    for known in claims:
        known.append((feature, ours))


def given_name(owner: CfnResource, target: ResourceType) -> Any:  # noqa: ANN401 - of any type
    """Return the name that the properties of an owner have, or None if AWS generates it."""
    name = target.identifier.property or ""
    # not the attribute, which a bare resource does not have; L1s start properties in lower case
    properties = owner._cfn_properties  # noqa: SLF001 - of any class
    return properties.get(name, properties.get(f"{name[:1].lower()}{name[1:]}"))


def resource_of(value: Any) -> CfnResource | None:  # noqa: ANN401 - any value of a property
    """Return the resource that a value is or refers to."""
    if isinstance(value, CfnResource):
        return value
    reference = value
    if isinstance(value, str):
        if "${" not in value:
            # no call to jsii for a literal
            return None
        parts = Tokenization.reverse_string(value)
        reference = parts.first_token if parts.length == 1 else None
    if reference is not None and Reference.is_reference(reference):
        target = reference.target
        return target if isinstance(target, CfnResource) else None
    return None


def _keys_of(
    feature: Construct,
    target: ResourceType,
    resource: CfnResource | None,
    owner: CfnResource | str,
    name: str | None,
) -> Iterator[tuple[str, ...]]:
    """Yield what identifies an owner: the resource in the app, and the name in its environment."""
    within = (parts_of(feature).app, target.type)
    if resource is not None:
        yield *within, key_of(resource)
        name = given_name(resource, target)
    parts = parts_of(resource or feature)
    known = {**parts.environment, **environment_of(owner)}
    if not isinstance(name, str):
        return
    if is_unresolved(name):
        # the value may be another one in another stack
        yield *within, key_of(parts.stack), name
    elif "account" in known and "region" in known:
        yield *within, known["account"], known["region"], name
    else:
        yield *within, parts.deployment, name


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
