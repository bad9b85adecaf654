"""An operation of the function: what it does for one type of custom resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .context import Context
    from .contract import Contract


@dataclass(frozen=True, slots=True)
class Operation:
    """One resource type: its contract, and how to configure and remove its target.

    `configure` handles create and update, `remove` handles delete. All are idempotent and return a
    sentence about what they did.
    """

    contract: type[Contract]
    configure: Callable[[Any, Context], str]
    remove: Callable[[Any, Context], str]
    #: handles an update that keeps the target: the new and the old contract.
    #: Default: `configure`, with the new one.
    update: Callable[[Any, Any, Context], str] | None = None
    #: handles a delete of what may not have been configured. Default: `remove`.
    undo: Callable[[Any, Context], str] | None = None


def do_nothing_until_delete(wanted: Contract, _context: Context) -> str:
    """Do nothing: a clean-up resource acts only when it is deleted."""
    return f"{wanted.physical_id} will be disabled when this resource is deleted"
