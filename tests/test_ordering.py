"""What waits for a role, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnResource

from slr_constructs import ServiceLinkedRole, catalogue
from slr_constructs.ordering import role_before

if TYPE_CHECKING:
    from aws_cdk import Stack


def test_a_resource_waits_for_a_role(stack: Stack) -> None:
    """Any resource may be ordered after a role, and goes before it."""
    role = ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR, native=True)
    owner = CfnResource(stack, "Owner", type="AWS::MediaTailor::SourceLocation")

    role_before(role, owner)

    assert owner.obtain_dependencies() == [role.resource]


def test_nothing_waits_for_an_imported_role(stack: Stack) -> None:
    """It is there before the stack, or nobody knows when."""
    role = ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR)
    owner = CfnResource(stack, "Owner", type="AWS::MediaTailor::SourceLocation")

    role_before(role, owner)

    assert owner.obtain_dependencies() == []
