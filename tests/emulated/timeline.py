"""The history of roles, features and owners as readable lines."""

from __future__ import annotations

import re
import textwrap
from collections import defaultdict
from typing import TYPE_CHECKING

from tests.emulated.emulator.wait_conditions import TIMED_OUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.emulated.emulator.journal import Entry

#: the types that features are configured on, and IVS's channels.
_OWNERS = ("AWS::Chime::", "AWS::IVS::", "AWS::MediaPackage::", "AWS::MediaTailor::")
_ROLE = "Custom::ServiceLinkedRole"
_REFUSED = 400
#: the suffix that CDK adds to the names of constructs.
_HASH = re.compile(r"(Resource)?[0-9A-F]{8}$")


def timeline(entries: Sequence[Entry], *, since: float, width: int = 100) -> list[str]:
    """Return the history of each stack in chronological order.

    The history of a custom resource that CloudFormation cancelled includes its requests, and the
    calls that the function made for them, except reads.

    Args:
        entries: The entries of the journal.

        since: The start; lines show the time since then, in minutes and seconds.

        width: The width of a line, in characters.
    """
    stacks: dict[str, list[str]] = defaultdict(list)
    cancelled = {_resource(entry) for entry in entries if entry.what == "cancelled"}
    for entry in entries:
        described = list(_describe(entry))
        if _resource(entry) in cancelled:
            described += _describe_cancelled(entry)
        for part, text in described:
            minutes, seconds = divmod(round(entry.time - since), 60)
            stacks[entry.stack] += textwrap.wrap(
                f"  {minutes:2}:{seconds:02}  {part:<8} {text}",
                width,
                subsequent_indent=" " * 20,
                break_on_hyphens=False,
            )
    return [line for stack in sorted(stacks) for line in (stack, *stacks[stack])]


def _resource(entry: Entry) -> tuple[str, str, str]:
    return entry.region, entry.stack, entry.logical_id


def _name(entry: Entry) -> str:
    return _HASH.sub("", entry.logical_id)


def _describe(entry: Entry) -> Iterator[tuple[str, str]]:
    if entry.what == "response":
        if entry.type == _ROLE:
            # the reason names the role
            yield "role", entry.details["reason"]
        else:
            part = "clean-up" if entry.type.endswith("CleanUp") else "feature"
            yield part, f"{_name(entry)}: {entry.details['reason']}"
    elif entry.what == "feature" and entry.stack and entry.action == "on":
        yield "feature", f"{_last(entry.type)} is enabled, and uses {entry.details['role']}"
    elif entry.what == "feature" and entry.stack and entry.action == "off":
        yield "feature", f"{_last(entry.type)} is disabled"
    elif entry.what == "resource" and entry.type.startswith(_OWNERS):
        yield "owner", f"{_name(entry)}: {entry.type} is {entry.action}d"


def _describe_cancelled(entry: Entry) -> Iterator[tuple[str, str]]:
    if entry.what == "event":
        yield "request", f"{_name(entry)}: CloudFormation sends {entry.action}"
    elif entry.what == "cancelled":
        yield "failed", f"{entry.details['failed']}: {TIMED_OUT}"
        yield "failed", f"{_name(entry)}: {entry.details['reason']}"
    elif entry.what == "call" and not _is_read(entry.action):
        outcome = "" if entry.details["status"] < _REFUSED else ", which is refused"
        yield "call", f"{entry.details['request']} calls {entry.action}{outcome}"
    elif entry.what == "ignored":
        yield "ignored", f"{entry.action} responds too late: {entry.details['reason']}"


def _is_read(action: str) -> bool:
    """Return whether an action, such as `iam:GetRole`, changes nothing."""
    return action.partition(":")[2].startswith(("Get", "List", "Describe"))


def _last(arn: str) -> str:
    return arn.split(":", 5)[5]
