"""The declarations of service-linked roles; those of one role may conflict in an account."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from slr_constructs.templates.role_usage import NATIVE_ROLE_TYPE, Role, properties_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slr_constructs.templates.app import App, Place


class Declaration(NamedTuple):
    """A resource that declares a role."""

    place: Place
    role: Role
    body: Mapping[str, Any]
    #: the name of the resource.
    shown: str

    @property
    def is_native(self) -> bool:
        """Whether it is an AWS::IAM::ServiceLinkedRole."""
        return bool(self.body["Type"] == NATIVE_ROLE_TYPE)

    @property
    def suffix(self) -> Any:  # noqa: ANN401 - a text or an intrinsic function
        """The last part of the name, for a service with several roles; None for most services."""
        return properties_of(self.body).get("CustomSuffix")

    @property
    def description(self) -> str | None:
        """The description of the role; None if it is omitted or unknown."""
        text = properties_of(self.body).get("Description")
        return text if isinstance(text, str) else None

    def __str__(self) -> str:
        """Return the name and the stack of the resource, for a message."""
        return f"`{self.shown}` in the stack `{self.place.stack}`"


def declarations_in(app: App) -> list[Declaration]:
    """Return all declarations of known service principals, in the order of deployment."""
    return [
        Declaration(place, role, stack.resources[place.logical_id], stack.show(place.logical_id))
        for place, role in app.roles
        if isinstance(role.principal, str)
        for stack in (app.stacks[place.stack],)
    ]


def same_role(app: App) -> Iterator[tuple[Declaration, Declaration, bool]]:
    """Yield each two declarations of the same role that may be for the same account.

    The third value is whether they probably are. Single templates may be for any account.
    """
    for one, other in combinations(declarations_in(app), 2):
        stacks = one.place.stack, other.place.stack
        if (one.role.principal, one.suffix) == (other.role.principal, other.suffix):
            if app.share_account(*stacks):
                yield one, other, True
            elif app.may_share_account(*stacks):
                yield one, other, False
