"""The commands audit, leases, release and restore on an account with stacks.

Their user has only the permissions that `slr-constructs policy` prints. Our model: their calls take
no time, and their waits take simulated time of the account, like the function's waits.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import ServiceLinkedRole, catalogue
from slr_constructs.account.usages import kinds_of
from slr_constructs.cli.role_argument import ROLES
from tests.emulated.furnished import usages
from tests.emulated.people import REGIONS, Person, policy
from tests.emulated.recipes import templates_of_recipes
from tests.emulated.stacks import synthesized
from tests.emulated.verdict import broken, left

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.emulated.stacks import Account, Begun, Template

_HERE, _THERE = REGIONS
_ROLE = catalogue.MEDIATAILOR.role_name
_ROLE_TYPE = "Custom::ServiceLinkedRole"
_STACK = "LiveShowCommercials"


def _person(account: Account, purpose: str, *roles: str) -> Person:
    """Return a user with only the permissions that a command needs."""
    person = Person(account, regions=REGIONS)
    person.may(policy(f"--{purpose}", *roles, "--account", account.id))
    return person


def _leases(account: Account, role_name: str = _ROLE) -> set[str]:
    """Return the ids of the stacks that have a lease on a role."""
    tags = account.emulator.roles.tags(account.id, role_name)
    return {stack for tag, stack in tags.items() if ":lease:" in tag}


def _physical_ids(account: Account, region: str, stack_id: str) -> set[str]:
    cloudformation = account.emulator.client("cloudformation", account.id, region)
    found = cloudformation.describe_stack_resources(StackName=stack_id)["StackResources"]
    return {each["PhysicalResourceId"] for each in found}


def test_an_audit_shows_the_usages_of_the_stacks_of_an_app(
    account: Account, sample_app: Mapping[str, Template], tally: Callable[..., None]
) -> None:
    """In two regions, it shows exactly the usages, the stacks that own them, and the leases."""
    stacks = {
        account.deploy(template, region).stack_id: region
        for region in REGIONS
        for template in sample_app.values()
    }
    auditor = _person(account, "audit", *ROLES)

    result = auditor.run("audit", "--format", "json")

    assert (result.exit_code, result.stderr) == (0, "")
    (audited,) = json.loads(result.stdout)["accounts"]
    count = 0
    for each in audited["roles"]:
        definition = catalogue.by_role_name(each["role_name"])
        # a former role, or one without a feature of this library
        if definition.superseded_by is not None or not kinds_of(definition):
            assert each["usages"] == []
            continue
        expected = usages(account, definition)
        assert {*expected} == {*REGIONS}
        found: dict[str, list[str]] = {}
        for usage in each["usages"]:
            found.setdefault(usage["region"], []).append(usage["arn"])
            assert stacks[usage["stack"]] == usage["region"]
            ids = _physical_ids(account, usage["region"], usage["stack"])
            assert ids & {usage["arn"], usage["id"], usage["name"]}
        assert {region: sorted(arns) for region, arns in sorted(found.items())} == expected
        assert {lease["stack"] for lease in each["leases"]} == _leases(account, each["role_name"])
        assert {lease["state"] for lease in each["leases"]} == {"exists"}
        count += len(each["usages"])
    for region in REGIONS:
        for template in sample_app.values():
            assert account.destroy(template, region).succeeded
    assert broken(account.emulator.journal.of(account.id)) == []
    tally("account", usages_found=count)


def test_release_refuses_a_role_with_leases_and_names_the_stacks(
    account: Account, sample_app: Mapping[str, Template], tmp_path: Path
) -> None:
    """The command changes nothing and writes no file."""
    for region in REGIONS:
        assert account.deploy(sample_app[_STACK], region).succeeded
    before = left(account)
    state = tmp_path / "state.jsonl"

    result = _person(account, "release", "mediatailor").run(
        "release", "mediatailor", "--yes", "--state", str(state)
    )

    assert result.exit_code == 2
    for region in REGIONS:
        assert f"stack {_STACK} in {region} exists and has a lease on the role" in result.stdout
    assert result.stderr.endswith(
        f"{_ROLE} was not changed. The plan lists what blocks the release\n"
    )
    assert left(account) == before
    assert not state.exists()


def _only_role(name: str) -> Template:
    return synthesized(
        lambda stack: ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR), name=name
    )


def test_the_lease_of_a_stack_without_its_function_is_dropped(
    account: Account, tally: Callable[..., None]
) -> None:
    """The stack was deleted without its function, which could not release the lease."""
    stays, lost = _only_role("Stays"), _only_role("Lost")
    assert account.deploy(stays).succeeded
    ended = account.deploy(lost, _THERE)
    function = account.emulator.client("lambda", account.id, _THERE)
    for each in function.list_functions()["Functions"]:
        function.delete_function(FunctionName=each["FunctionName"])
    assert account.destroy(lost, _THERE).status == "DELETE_FAILED"
    _delete_retaining(account, lost, ended.stack_id)
    assert ended.stack_id in _leases(account)
    person = _person(account, "release", "mediatailor")

    listed = person.run("leases", "mediatailor", "--format", "json")
    states = {each["stack"]: each["state"] for each in json.loads(listed.stdout)["leases"]}
    assert states == {
        stack: "deleted" if stack == ended.stack_id else "exists" for stack in _leases(account)
    }
    assert len(states) == 2
    result = person.run("leases", "mediatailor", "--drop-deleted", "--yes")

    assert result.exit_code == 0, result.output
    assert f"dropped: the lease of Lost on {_ROLE}" in result.stdout
    assert len(_leases(account)) == 1
    # it is the last stack now, and deletes the role
    assert account.destroy(stays).succeeded
    assert left(account) == []
    tally("account", leases_dropped=1)


def _delete_retaining(account: Account, template: Template, stack_id: str) -> None:
    """Delete a stack whose custom resources cannot be deleted."""
    cloudformation = account.emulator.client("cloudformation", account.id, _THERE)
    kept = [
        logical_id
        for logical_id, resource in template.body["Resources"].items()
        if resource["Type"].startswith("Custom::")
    ]
    operations = account.emulator.ended(stack_id) + 1
    cloudformation.delete_stack(StackName=stack_id, RetainResources=kept)
    account.emulator.wait_for(stack_id, operations)


# a stack is created during a release


def _sessions(name: str, percent: int = 100) -> Template:
    """Return a stack that logs the sessions of its own playback configuration."""
    template = templates_of_recipes()["sessions"]
    body: dict[str, Any] = copy.deepcopy(dict(template.body))
    for resource in body["Resources"].values():
        if "LogConfiguration" in resource.get("Properties", {}):
            resource["Properties"]["LogConfiguration"]["PercentEnabled"] = percent
    return dataclasses.replace(template, name=name, body=body)


class _Arrival:
    """A stack that is created at a given moment.

    Args:
        account: The account.

        seconds: The delay after the start of the other actions.
    """

    def __init__(self, account: Account, seconds: float) -> None:
        self._account = account
        self._seconds = seconds
        self._begun: list[Begun] = []
        self._thread = threading.Thread(target=self._arrive)

    def begin(self) -> None:
        """Start the delay."""
        self._actor = self._account.emulator.clock.join("arrival")
        self._thread.start()

    def _arrive(self) -> None:
        clock = self._account.emulator.clock
        clock.sleep(self._actor, self._seconds)
        self._begun.append(self._account.begin_deploy(_sessions("Arriving"), _THERE))
        clock.leave(self._actor)

    def end(self) -> str:
        """Wait until the stack is created, and return its id."""
        self._thread.join()
        ended = self._begun[0].end()
        assert ended.succeeded, ended
        return ended.stack_id


#: from before the release reads the account until after it has ended.
_MOMENTS = [number * 0.75 for number in range(12)]
_ODD, _EVEN = _MOMENTS[1::2], _MOMENTS[::2]


@pytest.mark.parametrize("moments", [_EVEN, _ODD], ids=["even", "odd"])
def test_a_stack_that_is_created_during_a_release_has_its_role(
    moments: list[float],
    new_account: Callable[[], Account],
    tmp_path: Path,
    tally: Callable[..., None],
) -> None:
    """At any moment; then the usages are restored, and the stacks are updated and deleted."""
    statuses = set()
    for seconds in moments:
        account = new_account()
        existing = account.deploy(_sessions("There"))
        assert existing.succeeded
        arrival = _Arrival(account, seconds)
        state = tmp_path / f"{account.id}.jsonl"

        result = _person(account, "release", "mediatailor").run(
            *("release", "mediatailor", "--yes", "--despite-stack", "There"),
            *("--state", str(state)),
            meanwhile=arrival.begin,
        )

        arrived = arrival.end()
        statuses.add(result.exit_code)
        assert result.exit_code in {0, 1}, result.output
        assert account.emulator.roles.exists(account.id, _ROLE)
        assert arrived in _leases(account)
        assert {*usages(account, catalogue.MEDIATAILOR)} == {_THERE}
        restored = _person(account, "restore", "mediatailor").run("restore", "--yes", str(state))
        assert restored.exit_code == 0, restored.output
        assert {*usages(account, catalogue.MEDIATAILOR)} == {*REGIONS}
        assert _leases(account) == {existing.stack_id, arrived}
        assert account.deploy(_sessions("There", percent=50)).succeeded
        assert account.deploy(_sessions("Arriving", percent=50), _THERE).succeeded
        assert account.destroy(_sessions("There")).succeeded
        assert account.destroy(_sessions("Arriving"), _THERE).succeeded
        assert [*left(account), *left(account, _THERE)] == []
    assert statuses == {0, 1}
    tally("account", arrivals_during_a_release=len(moments))
