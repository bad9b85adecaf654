"""The template of `slr-constructs baseline` in several accounts and regions.

The template is deployed as it is printed, in a request, and Lambda gets the code in it. Our model:
IAM's service-linked roles and the services of the features.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from slr_constructs import ServiceLinkedRole, ServiceLinkedRoleFunction, catalogue
from slr_constructs.catalogue import RoleCreation
from slr_constructs.cli.command_line import slr_constructs
from slr_constructs.handler.slr_handler.operations.service_linked_role import LEASE_TAG
from tests.emulated.furnished import recipes_of, snapshot, stack_of, usages
from tests.emulated.people import REGIONS
from tests.emulated.recipes import EXISTING
from tests.emulated.stacks import Template, synthesized
from tests.fake_services import features
from tests.features.every_feature import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aws_cdk import Stack

    from tests.emulated.stacks import Account, Ended

#: the roles of the template.
ROLES = tuple(
    role
    for role in catalogue.ALL
    if role.creation is not RoleCreation.NEVER and catalogue.resource_types_of(role)
)
HOME, ABROAD = REGIONS
#: an app's stacks: a feature of every role, without existing owners.
APPS = [name for name in recipes_of(*ROLES) if name not in EXISTING]
A_MINUTE = 60


@pytest.fixture(scope="module", name="printed")
def printed_template() -> str:
    """Return what the command prints."""
    result = CliRunner().invoke(slr_constructs, ["baseline"])
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture
def baseline(printed: str) -> Template:
    """Return the template, which needs no files."""
    return Template("Baseline", json.loads(printed), {})


@pytest.fixture
def accounts(new_account: Callable[[], Account]) -> dict[str, Account]:
    """Return an empty account, one with roles created by hand, and one with a role in use."""
    found = {name: new_account() for name in ("empty", "by hand", "in use")}
    for role in ROLES:
        found["by hand"].emulator.roles.make(found["by hand"].id, role, description="by hand")
    services = found["in use"].emulator.features
    services.makes_role[catalogue.MEDIATAILOR.role_name] = True
    services.add(
        features.PLAYBACK_CONFIGURATION,
        found["in use"].id,
        ABROAD,
        "by-hand",
        {"LogConfiguration": {"PercentEnabled": 10}},
    )
    found["in use"].emulator.roles.make(found["in use"].id, catalogue.MEDIATAILOR)
    return found


def everywhere(
    accounts: dict[str, Account], begin: Callable[[Account, str], Callable[[], Ended]]
) -> Iterator[Ended]:
    """Begin operations in all accounts and regions at the same time, and yield how they end."""
    emulator = accounts["empty"].emulator
    with emulator.paused():
        begun = [begin(account, region) for account in accounts.values() for region in REGIONS]
    for end in begun:
        yield end()


def roles_of(account: Account) -> list[str]:
    """Return the service-linked roles of an account."""
    return account.emulator.roles.of(account.id)


def leases_of(account: Account, role_name: str) -> list[str]:
    """Return the stacks that have a lease on a role."""
    tags = account.emulator.roles.tags(account.id, role_name)
    return sorted(value.split("/")[1] for key, value in tags.items() if key.startswith(LEASE_TAG))


def outcomes(account: Account, ended: Ended) -> dict[str, str]:
    """Return the outcomes in the outputs of a baseline, by role."""
    region = ended.stack_id.split(":")[3]
    cloudformation = account.emulator.client("cloudformation", account.id, region)
    (stack,) = cloudformation.describe_stacks(StackName=ended.stack_id)["Stacks"]
    return {
        each["OutputKey"].removesuffix("Outcome"): each["OutputValue"]
        for each in stack["Outputs"]
        if each["OutputKey"].endswith("Outcome")
    }


def test_the_template_is_deployed_in_a_request_within_a_minute(
    account: Account, printed: str
) -> None:
    """`create_stack` gets the printed text, and no bucket exists in the account.

    The emulator creates one role after the other, and CloudFormation creates them at the same time.
    So the minute is that of this machine; in simulated time, each role is ready within 20 seconds.
    """
    emulator = account.emulator
    cloudformation = emulator.client("cloudformation", account.id, HOME)
    emulator.behaviour.creates_every_role = True
    start, simulated = time.monotonic(), emulator.clock.now()

    stack = cloudformation.create_stack(
        StackName="Baseline", TemplateBody=printed, Capabilities=["CAPABILITY_IAM"]
    )
    emulator.wait_for(stack["StackId"], 1)

    (ended,) = cloudformation.describe_stacks(StackName="Baseline")["Stacks"]
    assert ended["StackStatus"] == "CREATE_COMPLETE"
    assert time.monotonic() - start < A_MINUTE
    assert emulator.clock.now() - simulated < A_MINUTE / 3 * len(ROLES)
    assert roles_of(account) == sorted(role.role_name for role in ROLES)
    assert emulator.client("s3", account.id, HOME).list_buckets()["Buckets"] == []
    logs = emulator.client("logs", account.id, HOME).describe_log_groups()["logGroups"]
    assert len(logs) == 1


@pytest.mark.parametrize("of_iam", [True, False], ids=["IAM creates all", "IVS creates its own"])
def test_apps_come_and_go_and_the_roles_stay(
    accounts: dict[str, Account],
    baseline: Template,
    tally: Callable[..., None],
    of_iam: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """In three accounts and two regions; removing the baseline changes nothing that is in use.

    AWS does not document whether IAM creates the role of IVS. If not, the service creates it later.
    """
    names = sorted(role.role_name for role in ROLES)
    in_use = accounts["in use"]
    in_use.emulator.behaviour.creates_every_role = of_iam
    before = snapshot(in_use)

    deployed = [
        *everywhere(accounts, lambda account, region: account.begin_deploy(baseline, region).end)
    ]

    assert [each.status for each in deployed] == ["CREATE_COMPLETE"] * len(deployed)
    for which, account in accounts.items():
        later = of_iam or which == "by hand" or catalogue.IVS_RECORD_TO_S3.role_name
        assert roles_of(account) == [name for name in names if name != later]
        for name in roles_of(account):
            assert leases_of(account, name) == ["Baseline"] * len(REGIONS)
    assert snapshot(in_use) == before

    for account in accounts.values():
        for number, name in enumerate(APPS):
            app, region = stack_of(account, name), REGIONS[number % 2]
            assert account.deploy(app, region).succeeded, name
            assert account.destroy(app, region).succeeded, name
        assert roles_of(account) == names
    assert snapshot(in_use) == before

    # an app is deployed while the baseline is removed
    kept = stack_of(accounts["empty"], "sessions")
    assert accounts["empty"].deploy(kept, HOME).succeeded
    used = [usages(account, catalogue.MEDIATAILOR) for account in accounts.values()]
    state = [snapshot(account) for account in accounts.values()]

    removed = [
        *everywhere(accounts, lambda account, region: account.begin_destroy(baseline, region).end)
    ]

    assert [each.status for each in removed] == ["DELETE_COMPLETE"] * len(removed)
    assert [usages(account, catalogue.MEDIATAILOR) for account in accounts.values()] == used
    assert [snapshot(account) for account in accounts.values()] == state
    for account in accounts.values():
        assert roles_of(account) == names
    # the role was kept for good, so the last app does not delete it either
    assert accounts["empty"].destroy(kept, HOME).succeeded
    assert roles_of(accounts["empty"]) == names
    tally("baseline", baselines=len(deployed), apps=len(APPS) * len(accounts) + 1)


def test_the_outputs_say_what_happened_to_each_role(
    accounts: dict[str, Account], baseline: Template
) -> None:
    """Created in an empty account, adopted in one that had the role."""
    name = catalogue.MEDIATAILOR.role_name

    for which, text in (("empty", "created"), ("by hand", "adopted"), ("in use", "adopted")):
        ended = accounts[which].deploy(baseline, HOME)
        assert ended.succeeded
        found = outcomes(accounts[which], ended)
        assert sorted(found) == sorted(role.role_name for role in ROLES)
        assert text in found[name]


def test_an_app_that_imports_the_role_has_no_lease(account: Account, baseline: Template) -> None:
    """`from_existing` defines no resource for the role, which stays when the app is deleted."""
    assert account.deploy(baseline, HOME).succeeded

    def define(stack: Stack) -> None:
        role = ServiceLinkedRole.from_existing(stack, "Role", catalogue.MEDIATAILOR)
        RECIPES["sessions"].define(stack, "a", role)

    app = synthesized(define, name="App")
    assert account.deploy(app, HOME).succeeded
    assert leases_of(account, catalogue.MEDIATAILOR.role_name) == ["Baseline"]
    assert account.destroy(app, HOME).succeeded
    assert catalogue.MEDIATAILOR.role_name in roles_of(account)


def test_features_work_with_inline_code(account: Account) -> None:
    """The code of a stack without assets configures a feature and removes it."""

    def define(stack: Stack) -> None:
        ServiceLinkedRoleFunction.configure(stack, inline_code=True)
        RECIPES["voice"].define(stack, "a", None)

    app = synthesized(define, name="App")
    assert app.zips == {}
    assert account.deploy(app, ABROAD).succeeded
    assert usages(account, catalogue.CHIME_VOICE_CONNECTOR) != {}
    assert account.destroy(app, ABROAD).succeeded
    assert usages(account, catalogue.CHIME_VOICE_CONNECTOR) == {}
    assert roles_of(account) == []


def test_an_update_of_the_baseline_adds_roles(account: Account) -> None:
    """The stack of fewer roles becomes that of all; a role that is left out stays."""
    few, other = (
        Template(
            "Baseline",
            json.loads(CliRunner().invoke(slr_constructs, ["baseline", *roles]).stdout),
            {},
        )
        for roles in (["mediatailor"], ["mediapackage"])
    )
    assert account.deploy(few, HOME).succeeded
    assert account.deploy(other, HOME).succeeded

    assert roles_of(account) == [
        catalogue.MEDIAPACKAGE.role_name,
        catalogue.MEDIATAILOR.role_name,
    ]
    assert leases_of(account, catalogue.MEDIATAILOR.role_name) == []
    assert account.destroy(other, HOME).succeeded
    assert len(roles_of(account)) == 2
