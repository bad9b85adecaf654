"""Dependencies on a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnResource

from slr_constructs import ServiceLinkedRole, catalogue
from slr_constructs._ordering import role_before

if TYPE_CHECKING:
    from aws_cdk import Stack


def test_a_resource_depends_on_a_role(stack: Stack) -> None:
    """Any resource can depend on a role: it is created after the role and deleted before it."""
    role = ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR, native=True)
    owner = CfnResource(stack, "Owner", type="AWS::MediaTailor::SourceLocation")

    role_before(role, owner)

    assert owner.obtain_dependencies() == [role.resource]


def test_no_resource_depends_on_an_imported_role(stack: Stack) -> None:
    """The stack does not define an imported role."""
    role = ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR)
    owner = CfnResource(stack, "Owner", type="AWS::MediaTailor::SourceLocation")

    role_before(role, owner)

    assert owner.obtain_dependencies() == []
