"""What an account's journal has to show, and what may be left in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from tests.emulated.emulator.journal import Entry
    from tests.emulated.stacks import Account

_ROLE = "Custom::ServiceLinkedRole"
_NATIVE_ROLE = "AWS::IAM::ServiceLinkedRole"
#: they outlive the stacks that made them, as the library says: several stacks may share them.
_KEPT_LOGS = "MediaTailor/"


def broken(entries: Sequence[Entry]) -> list[str]:
    """Return the promises that were broken on the way, each with the entry that broke it.

    Every role before its feature, every release before its owner, the role deleted last, and
    nothing that the function said is lost.
    """
    return [f"{what}: {entry}" for what, entry in _broken(entries)]


def _broken(entries: Sequence[Entry]) -> Iterator[tuple[str, Entry]]:
    #: the role that each stack holds, by its resource.
    held: dict[tuple[str, str, str], str] = {}
    #: the role that each thing uses.
    on: dict[str, str] = {}
    for entry in entries:
        _hold(held, entry)
        if entry.what in {"lost log", "ended"}:
            yield "the function's run was not as it should be", entry
        elif entry.what == "role" and entry.action == "deleted":
            if entry.type in on.values():
                yield "a role deleted before what used it was released", entry
            # one that arrives meanwhile has its lease on it too, and waits to make the role again
            leases = [stack for tag, stack in entry.details["tags"].items() if ":lease:" in tag]
            if {*map(_place, leases)} & {(region, stack) for region, stack, _ in held}:
                yield "a role deleted while a stack held it", entry
        elif entry.what == "switch":
            yield from _out_of_order(entry, held.values(), on)


def _place(stack_id: str) -> tuple[str, str]:
    """Return a stack's region and name."""
    return stack_id.split(":")[3], stack_id.split("/")[1]


def _out_of_order(
    entry: Entry, held: Collection[str], on: dict[str, str]
) -> Iterator[tuple[str, Entry]]:
    role = entry.details["role"]
    if entry.action == "on":
        if role not in held:
            yield "a feature before its role", entry
        on[entry.type] = role
    elif entry.action == "delete" and entry.details["on"]:
        yield "an owner before the release of its feature", entry
    elif entry.action in {"off", "delete"}:
        on.pop(entry.type, None)


def _hold(held: dict[tuple[str, str, str], str], entry: Entry) -> None:
    """Note whether a stack holds a role from now on, or does so no more."""
    if (entry.what, entry.type) not in {("answer", _ROLE), ("resource", _NATIVE_ROLE)}:
        return
    holder = (entry.region, entry.stack, entry.logical_id)
    if entry.action in {"Delete", "delete"}:
        held.pop(holder, None)
    elif entry.details.get("status", "SUCCESS") == "SUCCESS":
        held[holder] = entry.details["physical_id"]


def left(account: Account, region: str = "us-east-1") -> list[str]:
    """Return what is left in an account, by ARN or by kind and name."""
    emulator = account.emulator

    def client(service: str) -> Any:  # noqa: ANN401 - boto3's own
        return emulator.client(service, account.id, region)

    groups = client("logs").describe_log_groups()["logGroups"]
    return [
        *emulator.features.left(account.id),
        *(role["Arn"] for role in client("iam").list_roles()["Roles"]),
        *(each["FunctionArn"] for each in client("lambda").list_functions()["Functions"]),
        *(
            group["logGroupName"]
            for group in groups
            if not group["logGroupName"].startswith(_KEPT_LOGS)
        ),
        *client("kinesis").list_streams()["StreamNames"],
    ]
