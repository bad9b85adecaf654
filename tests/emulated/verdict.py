"""Checks of an account's journal, and of what is left in an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from tests.emulated.journal import Entry
    from tests.emulated.stacks import Account

_ROLE = "Custom::ServiceLinkedRole"
_NATIVE_ROLE = "AWS::IAM::ServiceLinkedRole"
#: they are kept when their stack is deleted, as documented, because several stacks may share them.
_KEPT_LOGS = "MediaTailor/"


def broken(entries: Sequence[Entry]) -> list[str]:
    """Return the violations of the library's guarantees, each with its entry.

    A role exists before its feature, a feature is disabled before its owner is deleted, the role is
    deleted last, no log line of the function is lost, and Lambda drops an event before
    CloudFormation stops waiting for its response.
    """
    return [f"{text}: {entry}" for text, entry in _violations(entries)]


def _violations(entries: Sequence[Entry]) -> Iterator[tuple[str, Entry]]:
    #: the role that each stack needs, by its resource.
    needed: dict[tuple[str, str, str], str] = {}
    #: the role that each resource uses.
    used: dict[str, str] = {}
    for entry in entries:
        _update_needed(needed, entry)
        if entry.what in {"lost log", "ended"}:
            yield "a run of the function failed or lost its log", entry
        elif entry.what == "event" and _outlives_its_wait(entry):
            yield "Lambda may run an event after CloudFormation has stopped waiting", entry
        elif entry.what == "role" and entry.action == "deleted":
            if entry.type in used.values():
                yield "a role was deleted while a feature used it", entry
            # a stack that is being created has its lease on the role too, and creates it again
            leases = [stack for tag, stack in entry.details["tags"].items() if ":lease:" in tag]
            if {*map(_place, leases)} & {(region, stack) for region, stack, _ in needed}:
                yield "a role was deleted while a stack needed it", entry
        elif entry.what == "feature":
            yield from _out_of_order(entry, needed.values(), used)


def _outlives_its_wait(entry: Entry) -> bool:
    timeout = entry.details["event"]["ResourceProperties"]["ServiceTimeout"]
    return bool(entry.details["maximum_age"] >= float(timeout))


def _place(stack_id: str) -> tuple[str, str]:
    """Return a stack's region and name."""
    return stack_id.split(":")[3], stack_id.split("/")[1]


def _out_of_order(
    entry: Entry, needed: Collection[str], used: dict[str, str]
) -> Iterator[tuple[str, Entry]]:
    role = entry.details["role"]
    if entry.action == "on":
        if role not in needed:
            yield "a feature was enabled before its role was created", entry
        used[entry.type] = role
    elif entry.action == "delete" and entry.details["on"]:
        yield "an owner was deleted before its feature was disabled", entry
    elif entry.action in {"off", "delete"}:
        used.pop(entry.type, None)


def _update_needed(needed: dict[tuple[str, str, str], str], entry: Entry) -> None:
    """Record that a stack needs a role, or no longer needs it."""
    if (entry.what, entry.type) not in {("response", _ROLE), ("resource", _NATIVE_ROLE)}:
        return
    resource = (entry.region, entry.stack, entry.logical_id)
    if entry.action in {"Delete", "delete"}:
        needed.pop(resource, None)
    elif entry.details.get("status", "SUCCESS") == "SUCCESS":
        needed[resource] = entry.details["physical_id"]


def left(account: Account, region: str = "us-east-1") -> list[str]:
    """Return the resources that are left in an account, by ARN or name."""
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


def retained(account: Account, region: str = "us-east-1") -> list[str]:
    """Return the names of the resources that stacks may retain: buckets and MediaTailor's logs."""
    emulator = account.emulator
    groups = emulator.client("logs", account.id, region).describe_log_groups()["logGroups"]
    names = [group["logGroupName"] for group in groups]
    buckets = emulator.client("s3", account.id, region).list_buckets()["Buckets"]
    return [
        *(bucket["Name"] for bucket in buckets),
        *(name for name in names if name.startswith(_KEPT_LOGS)),
    ]
