"""The table of resources that use a role, in the output of `audit`, `release` and `restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.account.stacks import name_of
from slr_constructs.cli.columns import Columns
from slr_constructs.templates.words import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slr_constructs.account.usages.kind import TargetResource

_NO_STACK = "-"


def usage_table(targets: Sequence[TargetResource], notes: Sequence[str] | None = None) -> Columns:
    """Return a table with one row for each resource.

    Args:
        targets: The resources that use a role.

        notes: The cells of the last column.
            Default: the last column has the stack of each resource.
    """
    last = notes
    if last is None:
        last = [_NO_STACK if each.stack is None else name_of(each.stack) for each in targets]
    rows = [
        [
            target.region,
            target.kind.name,
            visible(target.label),
            visible(target.configuration),
            visible(cell),
        ]
        for target, cell in zip(targets, last, strict=True)
    ]
    heading = "stack" if notes is None else "note"
    return Columns(("region", "kind", "name", "configuration", heading), rows, indent=2)
