"""Our own commands on an account whose stacks come and go: audit, leases, release and restore.

Whoever calls them has no right but those that `slr-constructs policy` prints. Our model: their
calls take no time, and their waits are in the time of the account, as are the function's.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import ServiceLinkedRole, catalogue
from slr_constructs.cli.roles import ROLES
from tests.emulated.furnished import users
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
    """Return somebody who may do what a command does, and nothing else."""
    person = Person(account, regions=REGIONS)
    person.may(policy(f"--{purpose}", *roles, "--account", account.id))
    return person


def _leases(account: Account, role_name: str = _ROLE) -> set[str]:
    """Return the ids of the stacks that hold a role."""
    tags = account.emulator.roles.tags(account.id, role_name)
    return {stack for tag, stack in tags.items() if ":lease:" in tag}


def _physical_ids(account: Account, region: str, stack_id: str) -> set[str]:
    cloudformation = account.emulator.client("cloudformation", account.id, region)
    found = cloudformation.describe_stack_resources(StackName=stack_id)["StackResources"]
    return {each["PhysicalResourceId"] for each in found}


def test_an_audit_shows_what_the_stacks_of_an_app_have(
    account: Account, sample_app: Mapping[str, Template], tally: Callable[..., None]
) -> None:
    """In two regions: exactly the uses, the stacks that own them, and the leases."""
    stacks = {
        account.deploy(template, region).stack_id: region
        for region in REGIONS
        for template in sample_app.values()
    }
    auditor = _person(account, "audit", *ROLES)

    result = auditor.run("audit", "--json")

    assert (result.exit_code, result.stderr) == (0, "")
    (told,) = json.loads(result.stdout)["accounts"]
    uses = 0
    for each in told["roles"]:
        definition = catalogue.by_role_name(each["role_name"])
        if definition.superseded_by is not None:
            assert each["users"] == []
            continue
        expected = users(account, definition)
        assert {*expected} == {*REGIONS}
        found: dict[str, list[str]] = {}
        for user in each["users"]:
            found.setdefault(user["region"], []).append(user["arn"])
            assert stacks[user["stack"]] == user["region"]
            had = _physical_ids(account, user["region"], user["stack"])
            assert had & {user["arn"], user["id"], user["name"]}
        assert {region: sorted(arns) for region, arns in sorted(found.items())} == expected
        assert {lease["stack"] for lease in each["leases"]} == _leases(account, each["role_name"])
        assert {lease["state"] for lease in each["leases"]} == {"exists"}
        uses += len(each["users"])
    for region in REGIONS:
        for template in sample_app.values():
            assert account.destroy(template, region).well
    assert broken(account.emulator.journal.of(account.id)) == []
    tally("account", uses_found=uses)


def test_a_role_that_stacks_hold_is_refused_by_their_names(
    account: Account, sample_app: Mapping[str, Template], tmp_path: Path
) -> None:
    """Nothing is changed, and no file is written."""
    for region in REGIONS:
        assert account.deploy(sample_app[_STACK], region).well
    before = left(account)
    state = tmp_path / "state.jsonl"

    result = _person(account, "release", "mediatailor").run(
        "release", "mediatailor", "--yes", "--state", str(state)
    )

    assert result.exit_code == 2
    for region in REGIONS:
        assert f"stack {_STACK} in {region} is there and holds the role" in result.stdout
    assert result.stderr.endswith(f"{_ROLE} was not touched: see what stands against it\n")
    assert left(account) == before
    assert not state.exists()


def _holding_only(name: str) -> Template:
    return synthesized(
        lambda stack: ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR), name=name
    )


def test_the_lease_of_a_stack_that_lost_its_function_is_dropped(
    account: Account, tally: Callable[..., None]
) -> None:
    """The stack ended without its function's doing, so nobody else takes the lease away."""
    stays, lost = _holding_only("Stays"), _holding_only("Lost")
    assert account.deploy(stays).well
    ended = account.deploy(lost, _THERE)
    function = account.emulator.client("lambda", account.id, _THERE)
    for each in function.list_functions()["Functions"]:
        function.delete_function(FunctionName=each["FunctionName"])
    assert account.destroy(lost, _THERE).status == "DELETE_FAILED"
    _delete_retaining(account, lost, ended.stack_id)
    assert ended.stack_id in _leases(account)
    person = _person(account, "release", "mediatailor")

    listed = person.run("leases", "mediatailor", "--json")
    states = {each["stack"]: each["state"] for each in json.loads(listed.stdout)["leases"]}
    assert states == {
        stack: "gone" if stack == ended.stack_id else "exists" for stack in _leases(account)
    }
    assert len(states) == 2
    result = person.run("leases", "mediatailor", "--drop-gone", "--yes")

    assert result.exit_code == 0, result.output
    assert f"dropped: the lease of Lost on {_ROLE}" in result.stdout
    assert len(_leases(account)) == 1
    # it is the last one now, and takes the role with it
    assert account.destroy(stays).well
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


# somebody arrives


def _sessions(name: str, percent: int = 100) -> Template:
    """Return a stack that logs the sessions of a playback configuration of its own."""
    template = templates_of_recipes()["sessions"]
    body: dict[str, Any] = copy.deepcopy(dict(template.body))
    for resource in body["Resources"].values():
        if "LogConfiguration" in resource.get("Properties", {}):
            resource["Properties"]["LogConfiguration"]["PercentEnabled"] = percent
    return dataclasses.replace(template, name=name, body=body)


class _Arrival:
    """A stack that is created from some moment on.

    Args:
        account: Where.

        seconds: How long after the others begin.
    """

    def __init__(self, account: Account, seconds: float) -> None:
        self._account = account
        self._seconds = seconds
        self._begun: list[Begun] = []
        self._thread = threading.Thread(target=self._arrive)

    def begin(self) -> None:
        """Let the time run from now on."""
        self._actor = self._account.emulator.clock.join("arrival")
        self._thread.start()

    def _arrive(self) -> None:
        clock = self._account.emulator.clock
        clock.sleep(self._actor, self._seconds)
        self._begun.append(self._account.begin_deploy(_sessions("Arriving"), _THERE))
        clock.leave(self._actor)

    def end(self) -> str:
        """Wait until the stack is there, and return its id."""
        self._thread.join()
        ended = self._begun[0].end()
        assert ended.well, ended
        return ended.stack_id


#: from before the release looks around until after it has ended.
_MOMENTS = [number * 0.75 for number in range(12)]
_ODD, _EVEN = _MOMENTS[1::2], _MOMENTS[::2]


@pytest.mark.parametrize("moments", [_EVEN, _ODD], ids=["even", "odd"])
def test_a_stack_that_arrives_during_a_release_has_its_role(
    moments: list[float],
    new_account: Callable[[], Account],
    tmp_path: Path,
    tally: Callable[..., None],
) -> None:
    """Whenever it comes; then all is restored, and the stacks change and go as ever."""
    statuses = set()
    for seconds in moments:
        account = new_account()
        there = account.deploy(_sessions("There"))
        assert there.well
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
        assert {*users(account, catalogue.MEDIATAILOR)} == {_THERE}
        restored = _person(account, "restore", "mediatailor").run("restore", "--yes", str(state))
        assert restored.exit_code == 0, restored.output
        assert {*users(account, catalogue.MEDIATAILOR)} == {*REGIONS}
        assert _leases(account) == {there.stack_id, arrived}
        assert account.deploy(_sessions("There", percent=50)).well
        assert account.deploy(_sessions("Arriving", percent=50), _THERE).well
        assert account.destroy(_sessions("There")).well
        assert account.destroy(_sessions("Arriving"), _THERE).well
        assert [*left(account), *left(account, _THERE)] == []
    assert statuses == {0, 1}
    tally("account", arrivals_during_a_release=len(moments))
