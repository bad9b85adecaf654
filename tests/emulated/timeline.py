"""What happened to roles, features and owners, as lines that a person reads."""

from __future__ import annotations

import re
import textwrap
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.emulated.emulator.journal import Entry

#: the types that a feature is switched on for, and IVS's channels.
_OWNERS = ("AWS::Chime::", "AWS::IVS::", "AWS::MediaPackage::", "AWS::MediaTailor::")
_ROLE = "Custom::ServiceLinkedRole"
#: what CDK adds to the names of constructs.
_HASH = re.compile(r"(Resource)?[0-9A-F]{8}$")


def timeline(entries: Sequence[Entry], *, since: float, width: int = 100) -> list[str]:
    """Return what happened, stack by stack, in the order in which it did.

    Args:
        entries: Those of the journal.

        since: When it began; times are given from there, in minutes and seconds.

        width: Of a line, in characters.
    """
    stacks: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        told = _told(entry)
        if told is not None:
            part, said = told
            minutes, seconds = divmod(round(entry.time - since), 60)
            stacks[entry.stack] += textwrap.wrap(
                f"  {minutes:2}:{seconds:02}  {part:<8} {said}",
                width,
                subsequent_indent=" " * 20,
                break_on_hyphens=False,
            )
    return [line for stack in sorted(stacks) for line in (stack, *stacks[stack])]


def _told(entry: Entry) -> tuple[str, str] | None:
    name = _HASH.sub("", entry.logical_id)
    if entry.what == "answer":
        if entry.type == _ROLE:
            # which names itself
            return "role", entry.details["reason"]
        part = "release" if entry.type.endswith("Release") else "feature"
        return part, f"{name}: {entry.details['reason']}"
    if entry.what == "switch" and entry.stack and entry.action in {"on", "off"}:
        return "feature", f"{_last(entry.type)} is {entry.action}, and uses {entry.details['role']}"
    if entry.what == "resource" and entry.type.startswith(_OWNERS):
        return "owner", f"{name}: {entry.type} is {entry.action}d"
    return None


def _last(arn: str) -> str:
    return arn.split(":", 5)[5]
