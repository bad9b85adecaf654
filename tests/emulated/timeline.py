"""The history of roles, features and owners as readable lines."""

from __future__ import annotations

import re
import textwrap
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.emulated.emulator.journal import Entry

#: the types that features are configured on, and IVS's channels.
_OWNERS = ("AWS::Chime::", "AWS::IVS::", "AWS::MediaPackage::", "AWS::MediaTailor::")
_ROLE = "Custom::ServiceLinkedRole"
#: the suffix that CDK adds to the names of constructs.
_HASH = re.compile(r"(Resource)?[0-9A-F]{8}$")


def timeline(entries: Sequence[Entry], *, since: float, width: int = 100) -> list[str]:
    """Return the history of each stack in chronological order.

    Args:
        entries: The entries of the journal.

        since: The start; lines show the time since then, in minutes and seconds.

        width: The width of a line, in characters.
    """
    stacks: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        described = _describe(entry)
        if described is not None:
            part, text = described
            minutes, seconds = divmod(round(entry.time - since), 60)
            stacks[entry.stack] += textwrap.wrap(
                f"  {minutes:2}:{seconds:02}  {part:<8} {text}",
                width,
                subsequent_indent=" " * 20,
                break_on_hyphens=False,
            )
    return [line for stack in sorted(stacks) for line in (stack, *stacks[stack])]


def _describe(entry: Entry) -> tuple[str, str] | None:
    name = _HASH.sub("", entry.logical_id)
    if entry.what == "response":
        if entry.type == _ROLE:
            # the reason names the role
            return "role", entry.details["reason"]
        part = "clean-up" if entry.type.endswith("CleanUp") else "feature"
        return part, f"{name}: {entry.details['reason']}"
    if entry.what == "feature" and entry.stack and entry.action == "on":
        return "feature", f"{_last(entry.type)} is enabled, and uses {entry.details['role']}"
    if entry.what == "feature" and entry.stack and entry.action == "off":
        return "feature", f"{_last(entry.type)} is disabled"
    if entry.what == "resource" and entry.type.startswith(_OWNERS):
        return "owner", f"{name}: {entry.type} is {entry.action}d"
    return None


def _last(arn: str) -> str:
    return arn.split(":", 5)[5]
