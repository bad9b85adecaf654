"""L1 constructs of modules that are not imported.

The import of `aws_cdk.aws_lambda`, with the modules that it needs, takes longer than the definition
and the synthesis of the function. jsii creates a construct by the name of its class, so the import
is not needed.

A bare `CfnResource` would need no import either. But it is not the same: `Tags` skips it, because
it has no tag manager, and cdk-nag skips it, because its rules test for the class of the L1 (for
example `LambdaInsideVPC`, `CloudWatchLogGroupEncrypted`, `IAMNoInlinePolicy`). So do aspects of
users. Only `PermissionsBoundary` and `RemovalPolicies` use the resource type.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar, cast

import jsii
from aws_cdk import CfnResource

if TYPE_CHECKING:
    from constructs import Construct

_L1 = TypeVar("_L1", bound=CfnResource)


def define_l1(module: str, name: str, scope: Construct, id: str, **props: Any) -> CfnResource:  # noqa: ANN401 - of any type
    """Define an L1 construct, and return it as a `CfnResource`.

    An aspect in Python gets an object of the L1's own class: jsii then imports the module.

    Args:
        module: The module of the class, for example `aws_lambda`.

        name: The name of the class, for example `CfnFunction`.

        scope: The scope of the construct.

        id: The id of the construct.

        props: The props with their names in jsii, for example `memorySize`.
    """
    created = _Created()
    kind = SimpleNamespace(__jsii_type__=f"aws-cdk-lib.{module}.{name}")
    jsii.create(kind, created, [scope, id, props])  # type: ignore[arg-type]
    resource: Any = CfnResource.__new__(CfnResource)
    resource.__jsii_ref__ = created.reference
    return cast("CfnResource", resource)


def l1_of(value: object, kind: type[_L1]) -> _L1 | None:
    """Return an L1, or the L1 that is the default child of a construct; None for other values."""
    if isinstance(value, kind):
        return value
    try:
        child = getattr(getattr(value, "node", None), "default_child", None)
    except RuntimeError:
        # CDK does not choose between two children; its message does not name the prop
        return None
    return child if isinstance(child, kind) else None


def attribute_of(resource: CfnResource, name: str) -> str:
    """Return an attribute of an L1 by its name in jsii, for example `attrArn`."""
    value: str = jsii.get(resource, name)
    return value


class _Created:
    """Receives the reference of a new construct.

    jsii keeps the object that receives a reference, and would pass it to aspects in Python. It
    keeps this one under no name of a construct.
    """

    reference: Any

    @property
    def __jsii_ref__(self) -> SimpleNamespace:
        return SimpleNamespace(ref="")

    @__jsii_ref__.setter
    def __jsii_ref__(self, reference: object) -> None:
        self.reference = reference
