"""The emulator: its patches and extensions, and that it runs the uploaded zip."""

from __future__ import annotations

import dataclasses
import io
import threading
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.emulated.emulator.behaviour import Crash, Refusal
from tests.emulated.emulator.clock import START, Clock
from tests.emulated.emulator.patches import seeded_order
from tests.emulated.recipes import changed, failing_after, prepared
from tests.emulated.verdict import broken, left

if TYPE_CHECKING:
    from tests.emulated.emulator.behaviour import Fault
    from tests.emulated.emulator.functions import Run
    from tests.emulated.stacks import Account, Template
    from tests.fake_services.wire import Call

_OTHER_FUNCTION = """
import json, urllib.request

def handler(event, context):
    response = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    response |= {"Status": "FAILED", "Reason": "another zip", "PhysicalResourceId": "other"}
    body = json.dumps(response).encode()
    urllib.request.urlopen(
        urllib.request.Request(
            event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""}
        )
    ).close()
"""


def _with_other_zip(template: Template) -> Template:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("slr_handler/__init__.py", "")
        archive.writestr("slr_handler/entrypoint.py", _OTHER_FUNCTION)
    return dataclasses.replace(template, zips=dict.fromkeys(template.zips, packed.getvalue()))


def test_it_is_the_uploaded_zip_that_runs(account: Account) -> None:
    """A different zip has a different response."""
    ended = account.deploy(_with_other_zip(prepared(account, "sessions")))

    assert any("another zip" in reason for reason in ended.reasons), ended


def test_the_response_url_is_that_of_the_region(account: Account) -> None:
    """The function accepts only the bucket of CloudFormation in its own region."""
    account.deploy(prepared(account, "sessions"))

    urls = {
        each.details["event"]["ResponseURL"].partition("/_")[0]
        for each in account.emulator.journal.of(account.id, "event")
    }
    assert urls == {
        "https://cloudformation-custom-resource-response-useast1.s3.us-east-1.amazonaws.com"
    }


def test_the_output_of_the_function_is_in_its_log_group(account: Account) -> None:
    """The emulator writes it with the permissions of the function's role, as Lambda does."""
    account.deploy(prepared(account, "sessions"))

    logs = account.emulator.client("logs", account.id, "us-east-1")
    (group,) = [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]]
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    lines = logs.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"])
    assert any('"event": "response"' in line["message"] for line in lines["events"])


def _refuse_clean_up(run: Run, call: Call) -> Fault | None:
    if run.request == "Delete" and call.service == "mediatailor":
        return Refusal("BadRequestException", "not today", 400)
    return None


def test_a_failed_delete_keeps_its_dependencies(account: Account) -> None:
    """The next delete then finds function, policies, owner and role, and succeeds."""
    stack = prepared(account, "sessions")
    account.deploy(stack)
    account.emulator.behaviour.fault = _refuse_clean_up

    ended = account.destroy(stack)

    assert ended.status == "DELETE_FAILED"
    assert account.emulator.roles.of(account.id) == ["AWSServiceRoleForMediaTailor"]
    kept = [reason for reason in ended.reasons if "not deleted, because" in reason]
    assert len(kept) == len(stack.body["Resources"]) - 1
    account.emulator.reset()
    assert account.destroy(stack).succeeded
    assert broken(account.emulator.journal.of(account.id)) == []
    assert left(account) == []


def test_only_the_seed_determines_an_order_and_dependencies_are_kept() -> None:
    """The same seed gives the same order, and ten seeds give more than one."""
    resources: dict[str, dict[str, Any]] = {
        "A": {},
        "B": {"DependsOn": "A"},
        "C": {"Properties": {"Name": {"Ref": "A"}}},
        "D": {"Condition": "Never"},
    }
    conditions = {"Never": False}

    orders = {tuple(seeded_order(resources, conditions, str(seed))) for seed in range(10)}

    assert orders == {("A", "B", "C"), ("A", "C", "B")}
    assert seeded_order(resources, conditions, "1") == seeded_order(resources, conditions, "1")


def test_a_circular_dependency_has_no_order() -> None:
    """CloudFormation refuses such a template."""
    with pytest.raises(ValueError, match="Circular dependency"):
        seeded_order({"A": {"DependsOn": "B"}, "B": {"DependsOn": "A"}}, {}, "0")


def test_time_passes_while_all_actors_wait() -> None:
    """It advances to the actor with the shortest wait, one after another."""
    clock = Clock()
    woken: list[tuple[str, float]] = []

    def wait(name: str, seconds: float) -> None:
        woken.append((name, clock.sleep(name, seconds) - START))
        clock.leave(name)

    actors = {clock.join("late"): 5.0, clock.join("early"): 3.0}
    threads = [threading.Thread(target=wait, args=item) for item in actors.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert woken == [("early#1", 3.0), ("late#0", 5.0)]


def test_time_is_paused_while_an_actor_is_awake() -> None:
    """A test can start several actions at the same moment."""
    clock = Clock()
    sleeper = clock.join("sleeper")
    done = threading.Event()

    def wait() -> None:
        clock.sleep(sleeper, 1)
        clock.leave(sleeper)
        done.set()

    with clock.actor("awake") as awake:
        threading.Thread(target=wait).start()
        assert clock.sleep(awake, 0.5) == START + 0.5
        assert not done.is_set()
    assert done.wait(10)
    assert clock.now() == START + 1


def test_unknown_callers_have_no_permissions(account: Account) -> None:
    """IAM refuses calls with unknown credentials."""
    iam = account.emulator.client("iam", "unknown-key", "us-east-1")

    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        iam.get_role(RoleName="AWSServiceRoleForMediaTailor")


def _status(account: Account, stack_id: str, logical_id: str) -> tuple[str, str]:
    """Return the status of a stack and of one of its resources."""
    cloudformation = account.emulator.client("cloudformation", account.id, "us-east-1")
    (stack,) = cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
    resource = cloudformation.describe_stack_resource(
        StackName=stack_id, LogicalResourceId=logical_id
    )
    return stack["StackStatus"], resource["StackResourceDetail"]["ResourceStatus"]


def _role_of(stack: Template) -> str:
    (name,) = (
        name
        for name, resource in stack.body["Resources"].items()
        if resource["Type"] == "Custom::ServiceLinkedRole"
    )
    return str(name)


def test_the_failure_of_a_resource_cancels_the_resource_in_progress(account: Account) -> None:
    """The Delete has a generated id, and comes while the Create runs, whose response is ignored."""
    emulator, stack = account.emulator, prepared(account, "sessions")
    role = _role_of(stack)

    with emulator.paused() as actor:
        began = emulator.clock.now()
        begun = account.begin_deploy(failing_after(stack, 4))
        statuses = {}
        for second in (3, 5, 7):
            emulator.clock.sleep(actor, began + second - emulator.clock.now())
            statuses[second] = _status(account, begun.stack_id, role)
    ended = begun.end()

    assert statuses == {
        3: ("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS"),
        5: ("CREATE_IN_PROGRESS", "CREATE_FAILED"),
        7: ("ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"),
    }
    assert ended.status == "ROLLBACK_COMPLETE"
    assert f"{role}: Resource creation cancelled" in ended.reasons
    assert any(reason.startswith("NeverReady: WaitCondition timed out") for reason in ended.reasons)
    create, delete = emulator.journal.of(account.id, "event")
    assert delete.time - create.time == 6
    assert delete.details["event"]["PhysicalResourceId"].startswith(f"Stack-{role}-")
    (ignored,) = emulator.journal.of(account.id, "ignored")
    assert ignored.action == "Create"
    # the owner depends on the role
    assert "Owner" not in {each.logical_id for each in emulator.journal.of(account.id, "resource")}


def test_a_deleted_stack_is_found_by_its_id(account: Account) -> None:
    """A new stack with the same name does not hide it."""
    stack = prepared(account, "sessions")
    deleted = account.deploy(stack).stack_id
    account.destroy(stack)
    account.deploy(stack)

    assert _status(account, deleted, "Owner") == ("DELETE_COMPLETE", "DELETE_COMPLETE")


def test_a_cancelled_update_is_sent_back_with_the_attempted_properties(account: Account) -> None:
    """The rollback sends the previous properties, and the attempted ones as the old properties."""
    emulator = account.emulator
    here, there = (prepared(account, "existing-sessions", letter) for letter in "ab")
    account.deploy(here)
    emulator.behaviour.call_seconds = lambda: 2.0
    known = len(emulator.journal.of(account.id, "event"))

    ended = account.deploy(failing_after(there, 1))

    assert ended.status == "UPDATE_ROLLBACK_COMPLETE"
    assert any(reason.endswith(": Resource update cancelled") for reason in ended.reasons)
    sent = [entry.details["event"] for entry in emulator.journal.of(account.id, "event")[known:]]
    update, back = (event for event in sent if event["RequestType"] == "Update")
    assert back["PhysicalResourceId"] == update["PhysicalResourceId"]
    assert back["ResourceProperties"] == update["OldResourceProperties"]
    assert back["OldResourceProperties"] == update["ResourceProperties"]


def _limited(stack: Template, age: int, retries: int) -> Template:
    """Return a template with other limits for the events of its function."""
    limits = {"MaximumEventAgeInSeconds": age, "MaximumRetryAttempts": retries}
    return changed(stack, {"AWS::Lambda::EventInvokeConfig": limits})


def test_lambda_drops_events_that_are_too_old(account: Account) -> None:
    """CloudFormation receives no response to the Create, and sends a Delete."""
    behaviour = account.emulator.behaviour
    stack = _limited(prepared(account, "sessions"), age=60, retries=2)
    behaviour.start_seconds = lambda event: 61 if event["RequestType"] == "Create" else 60

    ended = account.deploy(stack)

    assert ended.status == "ROLLBACK_COMPLETE"
    assert any("did not receive a response" in reason for reason in ended.reasons)
    assert {
        call.details["request"] for call in account.emulator.journal.of(account.id, "call")
    } == {"Delete"}
    assert len(account.emulator.journal.of(account.id, "dropped")) == 1


@pytest.mark.parametrize(("age", "retries", "runs"), [(3600, 2, 3), (3600, 1, 2), (60, 2, 1)])
def test_lambda_retries_as_often_as_configured(
    age: int, retries: int, runs: int, account: Account
) -> None:
    """It does not retry an event that is too old by then."""
    stack = _limited(prepared(account, "sessions"), age, retries)
    account.emulator.behaviour.fault = lambda run, _: (
        Crash(done=False) if run.request == "Create" else None
    )

    assert account.deploy(stack).status == "ROLLBACK_COMPLETE"
    assert len(account.emulator.journal.of(account.id, "ended")) == runs
