"""The policies that `slr-constructs policy` prints are sufficient and minimal for the commands.

Every call of a command is checked against the policy of its user. The tests remove one action after
another from each policy; each time the command must report the missing action, and no data may be
lost.

Documented by AWS: the resources on which a call is authorized (the service authorization
reference), and the permissions that CloudFormation's handlers need to create a recording
configuration (its resource schema). Our model: services use the permissions of their caller as in
`_acting_for`.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from slr_constructs import catalogue
from slr_constructs.account.state import State
from slr_constructs.catalogue import RoleCreation
from slr_constructs.cli.role_argument import ROLES
from tests.cli.policies_page import ASSUME, LIST_ACCOUNTS, TRUSTED
from tests.emulated.furnished import (
    acquire_lease,
    furnish,
    mark_owners,
    missing_stack,
    recipes_of,
    snapshot,
    usages,
)
from tests.emulated.people import REGIONS, Person, policy
from tests.emulated.stacks import Account, Template
from tests.fake_services.wire import denied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    from slr_constructs.catalogue import RoleDefinition
    from tests.emulated.emulator.server import Emulator
    from tests.emulated.people import Document
    from tests.fake_services.wire import Call

_ACCOUNT = "111133330001"
_CURRENT = [each for each in catalogue.ALL if each.superseded_by is None]
_SHORT = {definition.role_name: short for short, definition in ROLES.items()}


@dataclass(frozen=True, slots=True)
class _Cut:
    """An element that is removed from a policy: an action, or one resource of several."""

    sid: str
    element: str
    value: str

    def __str__(self) -> str:
        """Return the element that is removed."""
        return f"{self.sid}: {self.value}"


def _many(value: Any) -> list[Any]:  # noqa: ANN401 - a string or a list of them
    return value if isinstance(value, list) else [value]


def _cuts(document: Document, *, element: str = "Action") -> Iterator[_Cut]:
    for statement in document["Statement"]:
        for value in _many(statement[element]):
            yield _Cut(statement["Sid"], element, value)


def _without(document: Document, cut: _Cut) -> Document:
    """Return a policy without an element."""
    less = copy.deepcopy(document)
    for statement in less["Statement"]:
        if statement["Sid"] == cut.sid:
            statement[cut.element] = [
                each for each in _many(statement[cut.element]) if each != cut.value
            ]
    less["Statement"] = [each for each in less["Statement"] if each[cut.element]]
    assert less != document
    return less


def _refuses(result: Result, cut: _Cut) -> bool:
    """Return whether a command fails and reports the missing action."""
    return result.exit_code in {1, 2} and f"perform: {cut.value} " in result.output


# audit


@pytest.fixture(scope="session", name="furnished")
def furnished_account(emulator: Emulator) -> Account:
    """Return an account in which all roles are in use; tests do not change it.

    The emulator has it until the end, so it is not created again if the tests of another module run
    between those of this one.
    """
    emulator.reset()
    account = Account(emulator, _ACCOUNT)
    furnish(account, _CURRENT, *recipes_of(*_CURRENT))
    return account


def _found(result: Result) -> dict[str, Any]:
    (account,) = json.loads(result.stdout)["accounts"]
    return {each["role_name"]: each for each in account["roles"]}


def test_an_audit_with_its_policy_finds_everything(
    furnished: Account, tally: Callable[..., None]
) -> None:
    """In all regions of the services, it finds every usage and every lease with their stacks."""
    person = Person(furnished)
    person.may(policy("--audit", *ROLES, "--account", furnished.id))

    result = person.run("audit", "--format", "json")

    assert (result.exit_code, result.stderr) == (0, "")
    found = _found(result)
    assert list(found) == [each.role_name for each in catalogue.ALL]
    for definition in catalogue.ALL:
        audited = found[definition.role_name]
        by_region: dict[str, list[str]] = {}
        for usage in audited["usages"]:
            by_region.setdefault(usage["region"], []).append(usage["arn"])
        assert {region: sorted(arns) for region, arns in sorted(by_region.items())} == usages(
            furnished, definition
        )
        tags = furnished.emulator.roles.tags(furnished.id, definition.role_name)
        assert {each["tag"]: each["stack"] for each in audited["leases"]} == {
            tag: stack for tag, stack in tags.items() if ":lease:" in tag
        }
        states = {each["stack_name"]: each["state"] for each in audited["leases"]}
        assert states == dict.fromkeys(states, "exists") | {"Gone": "deleted"}
        # each kind has an owner of a stack and an existing owner that a stack configures
        owners = {each["stack_name"] for each in audited["usages"]} - {None}
        today = definition.superseded_by or definition.role_name
        assert owners == {*recipes_of(catalogue.by_role_name(today))}
    tally("account permissions", usages_found=sum(len(each["usages"]) for each in found.values()))


_REGIONS_NOT_READ = "the list of enabled regions cannot be read, so every region is read"
#: the messages for missing permissions without which the audit can still read the rest.
_SEEN_IN_AN_AUDIT = {
    # the audit reads all regions then; a disabled region refuses the credentials
    "account:ListRegions": f"slr-constructs: {_REGIONS_NOT_READ}",
}


@pytest.mark.parametrize("short", ROLES)
def test_every_permission_of_an_audit_is_needed(
    short: str, furnished: Account, tally: Callable[..., None]
) -> None:
    """Without any of the actions it is incomplete, and reports what it could not read."""
    person = Person(furnished, regions=REGIONS)
    document = policy("--audit", short, "--account", furnished.id)
    person.may(document)
    whole = person.run("audit", short)
    assert (whole.exit_code, whole.stderr) == (0, "")

    unseen = []
    cuts = [*_cuts(document)]
    for cut in cuts:
        person.may(_without(document, cut))
        result = person.run("audit", short)
        text = _SEEN_IN_AN_AUDIT.get(cut.value)
        if not (_refuses(result, cut) if text is None else text in result.output):
            unseen.append(str(cut))
    assert unseen == [], "\n\n".join(map(str, unseen))
    tally("account permissions", actions_taken_out_of_audits=len(cuts))


def test_an_audit_may_look_for_roles_that_do_not_exist(account: Account) -> None:
    """IAM does not know their path, and denies actions that are allowed only on the path."""
    person = Person(account, regions=REGIONS)
    document = policy("--audit", *ROLES, "--account", account.id)
    person.may(document)
    result = person.run("audit")
    assert (result.exit_code, result.stderr) == (0, "")

    for cut in _cuts(document, element="Resource"):
        if cut.value.startswith("arn:aws:iam:") and "/aws-service-role/" not in cut.value:
            person.may(_without(document, cut))
            name = cut.value.rpartition("/")[2]
            result = person.run("audit", name)
            assert result.exit_code == 1
            assert f"the role {name}: not read: AccessDenied: " in result.stderr


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("chime:ListVoiceConnectors", "ForbiddenException"),
        ("chime:GetMessagingStreamingConfigurations", "ForbiddenException"),
        ("ivs:ListChannels", "AccessDeniedException"),
        ("mediatailor:ListChannels", "AccessDeniedException"),
        ("mediapackage:ListChannels", "ForbiddenException"),
        ("mediapackage-vod:ListPackagingGroups", "ForbiddenException"),
        ("cloudformation:DescribeStackResources", "AccessDenied"),
        ("iam:GetRole", "AccessDenied"),
    ],
)
def test_a_denial_has_the_code_of_its_service(action: str, code: str, furnished: Account) -> None:
    """The codes are those of botocore's models; MediaTailor's model lists none."""
    person = Person(furnished, regions=REGIONS)
    document = policy("--audit", *ROLES, "--account", furnished.id)
    cut = next(each for each in _cuts(document) if each.value == action)
    person.may(_without(document, cut))

    stderr = person.run("audit").stderr
    assert ": not read" in stderr
    assert f": {code}: User: " in stderr


# release and restore

_HOLDER = Template("Holder", {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}, {})
#: the IAM User Guide lists these permissions for the creation of a service-linked role. Only IVS is
#: known to use them, when it creates a recording configuration.
_BY_THE_USER_GUIDE = {"iam:AttachRolePolicy", "iam:PutRolePolicy"}


def _acting_for(person: Person) -> Callable[[str, Call], None]:
    """Return services that act with the permissions of their caller if it is this person."""

    def act(access_key: str, call: Call) -> None:
        if access_key == person.access_key:
            for action, resource, context in _done_for_a_caller(person.account, call):
                if not person.is_allowed(action, resource, context):
                    raise denied(call.service, call.operation, person.access_key, action)

    return act


def _done_for_a_caller(account: Account, call: Call) -> Iterator[tuple[str, str, dict[str, str]]]:
    if call.operation == "PutMessagingStreamingConfigurations":
        yield _making(account, catalogue.CHIME_MESSAGING)
        for stream in call.parameters["StreamingConfigurations"]:
            for action in ("DescribeStream", "PutRecord", "PutRecords"):
                yield f"kinesis:{action}", stream["ResourceArn"], {}
        # as if the streams were encrypted
        yield "kms:GenerateDataKey", f"arn:aws:kms:{call.region}:{account.id}:key/a", {}
    if call.operation == "CreateRecordingConfiguration":
        definition = catalogue.IVS_RECORD_TO_S3
        bucket = call.parameters["destinationConfiguration"]["s3"]["bucketName"]
        for action in ("GetBucketLocation", "ListBucket"):
            yield f"s3:{action}", f"arn:aws:s3:::{bucket}", {}
        for action in sorted(_BY_THE_USER_GUIDE):
            yield action, definition.arn(partition="aws", account=account.id), {}
        if not account.emulator.roles.exists(account.id, definition.role_name):
            yield _making(account, definition)
        if "tags" in call.parameters:
            last = "recording-configuration/new"
            yield "ivs:TagResource", f"arn:aws:ivs:{call.region}:{account.id}:{last}", {}


def _making(account: Account, definition: RoleDefinition) -> tuple[str, str, dict[str, str]]:
    context = {"iam:AWSServiceName": definition.service_principal}
    arn = definition.arn(partition="aws", account=account.id)
    return "iam:CreateServiceLinkedRole", arn, context


class _Released:
    """A role that is released and restored repeatedly.

    Args:
        account: An empty account.

        definition: The role.

        state: The path of the state file.
    """

    def __init__(self, account: Account, definition: RoleDefinition, state: Path) -> None:
        self.account = account
        self.definition = definition
        self.state = state
        self.person = Person(account, regions=REGIONS)
        self.name = definition.role_name
        self.short = _SHORT[self.name]
        account.emulator.behaviour.acts_for = _acting_for(self.person)
        today = catalogue.by_role_name(definition.superseded_by or self.name)
        furnish(account, [today])
        #: the current role; resources use the older role only if the current one does not exist.
        self.successor = None if definition.superseded_by is None else today.role_name
        account.emulator.features.makes_role[today.role_name] |= self.successor is not None
        self.holder = account.deploy(_HOLDER).stack_id
        self.iam = account.emulator.client("iam", account.id, REGIONS[0])
        self.lease = acquire_lease(account, self.name, self.holder)
        self.lease_of_missing = acquire_lease(account, self.name, missing_stack(account))
        self.iam.tag_role(RoleName=self.name, Tags=[{"Key": "team", "Value": "video"}])
        self.iam.update_role_description(RoleName=self.name, Description="of the video team")
        self.to_release = policy("--release", self.short, "--account", account.id)
        self.to_restore = policy("--restore", self.short, "--account", account.id)
        self.before = snapshot(account)

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the role."""
        return self.account.emulator.roles.tags(self.account.id, self.name)

    @property
    def exists(self) -> bool:
        """Whether the role exists."""
        return self.account.emulator.roles.exists(self.account.id, self.name)

    def release(self, document: Document) -> Result:
        """Release the role with this policy, despite its leases."""
        roles = self.account.emulator.roles
        if self.successor is not None and roles.exists(self.account.id, self.successor):
            # it was created by the restore
            roles.delete(self.account.id, self.successor)
        self.person.may(document)
        despite = ("--despite-stack", "Holder") if self.holder in self.tags.values() else ()
        options = ("--yes", "--delete-recording-configurations", "--state", str(self.state))
        return self.person.run("release", self.short, *options, *despite)

    def restore(self, document: Document) -> Result:
        """Restore the released usages with this policy."""
        self.person.may(document)
        return self.person.run("restore", "--yes", str(self.state))

    def release_all(self) -> None:
        """Release the role with the complete policy."""
        result = self.release(self.to_release)
        assert result.exit_code == 0, result.output
        assert not self.exists
        assert usages(self.account, self.definition) == {}

    def restore_all(self) -> None:
        """Restore everything with the complete policy, and check that it is as before."""
        result = self.restore(self.to_restore)
        assert result.exit_code == 0, result.output
        assert snapshot(self.account) == self.before
        if self.exists:
            assert self.lease in self.tags
            assert self.tags["team"] == "video"


@pytest.fixture(name="released_in")
def create_released(account: Account, tmp_path: Path) -> Callable[[RoleDefinition], _Released]:
    """Return a function that creates a role that can be released and restored."""
    return lambda definition: _Released(account, definition, tmp_path / "state.jsonl")


#: the messages for missing permissions that are not the service's own refusal.
_SEEN_IN_A_RELEASE = {
    "cloudformation:DescribeStacks": "Gone in us-east-1 may exist and has a lease on the role",
    "iam:TagRole": "IAM rejected a change to its tags (AccessDenied)",
}


@pytest.mark.parametrize("short", ROLES)
def test_every_permission_of_a_release_is_needed(
    short: str, released_in: Callable[[RoleDefinition], _Released], tally: Callable[..., None]
) -> None:
    """Without any of the actions it reports the missing one; then it succeeds with all of them."""
    role = released_in(ROLES[short])
    # a release includes the audit, which reads the older role too; the audit has its own tests
    others = {*_OLDER, role.successor or ""} - {role.name}
    older = {f"Find{name.removeprefix('AWSServiceRoleFor')}Role" for name in others}
    cuts = [each for each in _cuts(role.to_release) if each.sid not in older]
    assert older or len(cuts) == len([*_cuts(role.to_release)])
    unseen = []
    for cut in cuts:
        tags = role.tags
        result = role.release(_without(role.to_release, cut))
        if cut.value == "account:ListRegions":
            # the result is the same because all regions are enabled
            seen = result.exit_code == 0 and _REGIONS_NOT_READ in result.stderr
        elif cut.value in _SEEN_IN_A_RELEASE:
            seen = result.exit_code in {1, 2} and _SEEN_IN_A_RELEASE[cut.value] in result.output
        else:
            seen = _refuses(result, cut)
        if not seen:
            unseen.append((str(cut), result.exit_code, result.output))
        if snapshot(role.account) == role.before and role.tags == tags:
            continue
        if role.exists or usages(role.account, role.definition):
            role.release_all()
        if role.definition.creation is RoleCreation.NEVER:
            _bring_back(role)
        role.restore_all()
        acquire_lease(role.account, role.name, missing_stack(role.account))
    assert unseen == [], "\n\n".join(map(str, unseen))
    tally("account permissions", actions_taken_out_of_releases=len(cuts))


_OLDER = {each.role_name for each in catalogue.ALL if each.superseded_by is not None}


def _bring_back(role: _Released) -> None:
    """Create a role again that neither IAM nor a service creates today."""
    role.account.emulator.roles.make(role.account.id, role.definition)


@pytest.mark.parametrize("short", ROLES)
def test_every_permission_of_a_restore_is_needed(
    short: str, released_in: Callable[[RoleDefinition], _Released], tally: Callable[..., None]
) -> None:
    """Without any of the actions it reports the missing one; then it succeeds with all of them."""
    role = released_in(ROLES[short])
    cuts = [*_cuts(role.to_restore)]
    unseen = []
    for cut in cuts:
        role.release_all()
        if role.definition.creation is RoleCreation.NEVER:
            _bring_back(role)
        if cut.value == "ivs:ListRecordingConfigurations":
            _interrupt(role.state)
        result = role.restore(_without(role.to_restore, cut))
        if cut.sid == "MediaInsights" or (
            cut.value in _BY_THE_USER_GUIDE and role.definition is not catalogue.IVS_RECORD_TO_S3
        ):
            # the recorded streaming has no media insights
            seen = result.exit_code == 0
        elif cut.value == "cloudformation:DescribeStacks":
            # a stack with an unknown state counts as an existing stack
            seen = role.lease_of_missing in role.tags
        else:
            seen = _refuses(result, cut)
        if not seen:
            unseen.append((str(cut), result.exit_code, result.output))
        role.restore_all()
        acquire_lease(role.account, role.name, missing_stack(role.account))
    assert unseen == [], "\n\n".join(map(str, unseen))
    tally("account permissions", actions_taken_out_of_restores=len(cuts))


def _interrupt(state: Path) -> None:
    """Make the state file look like that of a restore that was interrupted during a creation."""
    disabled = State.read(state).disabled.values()
    arns = [target.arn for target in disabled if target.kind.disabled_by_deletion]
    assert arns
    with state.open("a") as file:
        for arn in arns:
            file.write(f"{json.dumps({'creating': arn})}\n")


# leases


@pytest.mark.parametrize("short", [_SHORT[each.role_name] for each in _CURRENT])
def test_every_permission_to_drop_leases_and_marks_is_needed(
    short: str, account: Account, tally: Callable[..., None]
) -> None:
    """The command reads the account, and removes the tags of a stack that was deleted."""
    definition = ROLES[short]
    furnish(account, [definition])
    stack = missing_stack(account)
    names = [each.role_name for each in catalogue.with_superseded_roles([definition])]
    document = policy("--leases", short, "--account", account.id)
    person = Person(account, regions=REGIONS)

    unseen = []
    cuts = [*_cuts(document)]
    for cut in cuts:
        for name in names:
            acquire_lease(account, name, stack)
        owners = mark_owners(account, definition)
        person.may(_without(document, cut))
        result = person.run("leases", short, "--marks", "--drop-deleted", "--yes")
        text = _SEEN_IN_AN_AUDIT.get(cut.value)
        if not (_refuses(result, cut) if text is None else text in result.output):
            unseen.append((str(cut), result.output))
    assert unseen == [], "\n\n".join(map(str, unseen))
    person.may(document)
    result = person.run("leases", short, "--marks", "--drop-deleted", "--yes")
    assert result.exit_code == 0, result.output
    assert [account.emulator.roles.tags(account.id, name) for name in names] == [{}] * len(names)
    assert [stack in each.tags.values() for each in owners] == [False] * len(owners)
    tally("account permissions", actions_taken_out_of_leases=len(cuts))


# an organization


def test_an_audit_of_an_organization_assumes_a_role_in_each_account(
    new_account: Callable[[], Account], tally: Callable[..., None]
) -> None:
    """The user has the statements of `docs/account-policies.md`, each role the audit's policy."""
    caller, other = new_account(), new_account()
    furnish(other, [catalogue.IVS_RECORD_TO_S3])
    person = Person(caller, regions=REGIONS)
    trust = copy.deepcopy(TRUSTED)
    trust["Principal"] = {"AWS": f"arn:aws:iam::{caller.id}:root"}
    del trust["Condition"]
    iam = other.emulator.client("iam", other.id, REGIONS[0])
    iam.create_role(
        RoleName="AccountReader",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    iam.put_role_policy(
        RoleName="AccountReader",
        PolicyName="audit",
        PolicyDocument=json.dumps(policy("--audit", "ivs", "--account", other.id)),
    )
    document = {"Version": "2012-10-17", "Statement": [LIST_ACCOUNTS, ASSUME]}
    entered = ("audit", "ivs", "--format", "json", "--organization-role", "AccountReader")

    person.may(document)
    result = person.run(*entered, "--account", other.id)
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(_found(result)[catalogue.IVS_RECORD_TO_S3.role_name]["usages"]) == 4

    person.may(_without(document, _Cut("EnterAccounts", "Action", "sts:AssumeRole")))
    result = person.run(*entered, "--account", other.id)
    assert result.exit_code == 1
    assert "perform: sts:AssumeRole " in result.stderr
    person.may(_without(document, _Cut("ListAccounts", "Action", "organizations:ListAccounts")))
    result = person.run(*entered)
    assert result.exit_code == 2
    assert (
        "the accounts of the organization cannot be listed: AccessDeniedException: "
        in result.stderr
    )
    tally("account permissions", actions_taken_out_of_those_for_an_organization=2)
