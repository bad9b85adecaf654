"""What `slr-constructs policy` prints for people: enough for the commands, and nothing more.

Every call of a command is checked against the policy of the user who calls it. One action after
another is taken out of each policy, and each time somebody has to see that it is missing, and
nothing may be lost.

AWS's word: what a call is authorized on (the service authorization reference), and what
CloudFormation's handlers need to make a recording configuration (its resource schema). Our model:
the services use the rights of their caller as `_acting_for` says.
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
from slr_constructs.cli.roles import ROLES
from tests.cli.policies_page import ASSUME, LIST_ACCOUNTS, TRUSTED
from tests.emulated.furnished import furnish, gone_stack, hold, looks, recipes_of, users
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
    """One thing taken out of a policy: an action, or one resource of several."""

    sid: str
    element: str
    value: str

    def __str__(self) -> str:
        """Return what is missing."""
        return f"{self.sid}: {self.value}"


def _many(value: Any) -> list[Any]:  # noqa: ANN401 - a string or a list of them
    return value if isinstance(value, list) else [value]


def _cuts(document: Document, *, element: str = "Action") -> Iterator[_Cut]:
    for statement in document["Statement"]:
        for value in _many(statement[element]):
            yield _Cut(statement["Sid"], element, value)


def _without(document: Document, cut: _Cut) -> Document:
    """Return a policy that lacks something."""
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
    """Tell whether a command says that the action is missing, and does not call it a success."""
    return result.exit_code in {1, 2} and f"perform: {cut.value} " in result.output


# audit


@pytest.fixture(scope="module", name="furnished")
def furnished_account(emulator: Emulator) -> Account:
    """Return an account in which all roles are used, which nobody changes."""
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
    """In all regions of the services: every use, every lease, and whose it is."""
    person = Person(furnished)
    person.may(policy("--audit", *ROLES, "--account", furnished.id))

    result = person.run("audit", "--json")

    assert (result.exit_code, result.stderr) == (0, "")
    found = _found(result)
    assert list(found) == [each.role_name for each in catalogue.ALL]
    for definition in catalogue.ALL:
        told = found[definition.role_name]
        by_region: dict[str, list[str]] = {}
        for user in told["users"]:
            by_region.setdefault(user["region"], []).append(user["arn"])
        assert {region: sorted(arns) for region, arns in sorted(by_region.items())} == users(
            furnished, definition
        )
        tags = furnished.emulator.roles.tags(furnished.id, definition.role_name)
        assert {each["tag"]: each["stack"] for each in told["leases"]} == {
            tag: stack for tag, stack in tags.items() if ":lease:" in tag
        }
        states = {each["stack_name"]: each["state"] for each in told["leases"]}
        assert states == dict.fromkeys(states, "exists") | {"Gone": "gone"}
        # each kind has one that a stack owns and one that a stack has switched on, or at least one
        owners = {each["stack_name"] for each in told["users"]} - {None}
        today = definition.superseded_by or definition.role_name
        assert owners == {*recipes_of(catalogue.by_role_name(today))}
    tally("account rights", uses_found=sum(len(each["users"]) for each in found.values()))


_UNTOLD_REGIONS = "which regions are enabled was not read"
#: what somebody sees, and in which words, who lacks a right without which the rest is read.
_SEEN_IN_AN_AUDIT = {
    # not which regions are enabled: one that is not takes no credentials
    "account:ListRegions": f"slr-constructs: {_UNTOLD_REGIONS}",
}


@pytest.mark.parametrize("short", ROLES)
def test_every_right_of_an_audit_is_needed(
    short: str, furnished: Account, tally: Callable[..., None]
) -> None:
    """Without any action it is not complete, and says what it did not read."""
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
    tally("account rights", actions_taken_out_of_audits=len(cuts))


def test_an_audit_may_look_for_roles_that_are_not_there(account: Account) -> None:
    """IAM does not know the path of those, and denies what is allowed on the path alone."""
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
            assert f"the role {name} was not read: AccessDenied: " in result.stderr


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
    """As botocore's models have it; only MediaTailor's lists none for its operations."""
    person = Person(furnished, regions=REGIONS)
    document = policy("--audit", *ROLES, "--account", furnished.id)
    cut = next(each for each in _cuts(document) if each.value == action)
    person.may(_without(document, cut))

    assert f"not read: {code}: User: " in person.run("audit").stderr


# release and restore

_HOLDER = Template("Holder", {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}, {})
#: the IAM User Guide asks for these of whoever makes a service-linked role. Only IVS is known to
#: use them, when it makes a recording configuration.
_BY_THE_USER_GUIDE = {"iam:AttachRolePolicy", "iam:PutRolePolicy"}


def _acting_for(person: Person) -> Callable[[str, Call], None]:
    """Return services that do with the rights of their caller what they do for the person."""

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
    """A role that is released and restored over and over again.

    Args:
        account: An account in which nothing is.

        definition: The role.

        state: Where the state file is.
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
        #: the role of today, without which alone the older one is what things use.
        self.successor = None if definition.superseded_by is None else today.role_name
        account.emulator.features.makes_role[today.role_name] |= self.successor is not None
        self.holder = account.deploy(_HOLDER).stack_id
        self.iam = account.emulator.client("iam", account.id, REGIONS[0])
        self.lease = hold(account, self.name, self.holder)
        self.lease_of_gone = hold(account, self.name, gone_stack(account))
        self.iam.tag_role(RoleName=self.name, Tags=[{"Key": "team", "Value": "video"}])
        self.iam.update_role_description(RoleName=self.name, Description="of the video team")
        self.to_release = policy("--release", self.short, "--account", account.id)
        self.to_restore = policy("--restore", self.short, "--account", account.id)
        self.before = looks(account)

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the role."""
        return self.account.emulator.roles.tags(self.account.id, self.name)

    @property
    def there(self) -> bool:
        """Whether the role is there."""
        return self.account.emulator.roles.exists(self.account.id, self.name)

    def release(self, document: Document) -> Result:
        """Release the role with this policy, whatever stack holds it."""
        roles = self.account.emulator.roles
        if self.successor is not None and roles.exists(self.account.id, self.successor):
            # made with what was restored
            roles.delete(self.account.id, self.successor)
        self.person.may(document)
        despite = ("--despite-stack", "Holder") if self.holder in self.tags.values() else ()
        options = ("--yes", "--delete-recording-configurations", "--state", str(self.state))
        return self.person.run("release", self.short, *options, *despite)

    def restore(self, document: Document) -> Result:
        """Restore what was released with this policy."""
        self.person.may(document)
        return self.person.run("restore", "--yes", str(self.state))

    def release_all(self) -> None:
        """Release the role with the whole policy."""
        result = self.release(self.to_release)
        assert result.exit_code == 0, result.output
        assert not self.there
        assert users(self.account, self.definition) == {}

    def restore_all(self) -> None:
        """Restore everything with the whole policy; it is as it was."""
        result = self.restore(self.to_restore)
        assert result.exit_code == 0, result.output
        assert looks(self.account) == self.before
        if self.there:
            assert self.lease in self.tags
            assert self.tags["team"] == "video"


@pytest.fixture(name="released_in")
def made_released(account: Account, tmp_path: Path) -> Callable[[RoleDefinition], _Released]:
    """Return what makes a role that can be released and restored."""
    return lambda definition: _Released(account, definition, tmp_path / "state.jsonl")


#: in which words somebody sees what he lacks, where it is not the service's own refusal.
_SEEN_IN_A_RELEASE = {
    "cloudformation:DescribeStacks": "stack Gone in us-east-1 may be there and holds the role",
    "iam:TagRole": "IAM refused its tags (AccessDenied)",
}


@pytest.mark.parametrize("short", ROLES)
def test_every_right_of_a_release_is_needed(
    short: str, released_in: Callable[[RoleDefinition], _Released], tally: Callable[..., None]
) -> None:
    """Without any action it says what it may not, and with all of them it then goes through."""
    role = released_in(ROLES[short])
    # it includes the audit, which reads the older role too, whose rights are tested there
    others = {*_OLDER, role.successor or ""} - {role.name}
    older = {f"Find{name.removeprefix('AWSServiceRoleFor')}Role" for name in others}
    cuts = [each for each in _cuts(role.to_release) if each.sid not in older]
    assert older or len(cuts) == len([*_cuts(role.to_release)])
    unseen = []
    for cut in cuts:
        tags = role.tags
        result = role.release(_without(role.to_release, cut))
        if cut.value == "account:ListRegions":
            # nothing hangs on it as long as all regions are enabled
            seen = result.exit_code == 0 and _UNTOLD_REGIONS in result.stderr
        elif cut.value in _SEEN_IN_A_RELEASE:
            seen = result.exit_code in {1, 2} and _SEEN_IN_A_RELEASE[cut.value] in result.output
        else:
            seen = _refuses(result, cut)
        if not seen:
            unseen.append((str(cut), result.exit_code, result.output))
        if looks(role.account) == role.before and role.tags == tags:
            continue
        if role.there or users(role.account, role.definition):
            role.release_all()
        if role.definition.creation is RoleCreation.NEVER:
            _bring_back(role)
        role.restore_all()
        hold(role.account, role.name, gone_stack(role.account))
    assert unseen == [], "\n\n".join(map(str, unseen))
    tally("account rights", actions_taken_out_of_releases=len(cuts))


_OLDER = {each.role_name for each in catalogue.ALL if each.superseded_by is not None}


def _bring_back(role: _Released) -> None:
    """Make a role again that neither IAM nor a service makes today."""
    role.account.emulator.roles.make(role.account.id, role.definition)


@pytest.mark.parametrize("short", ROLES)
def test_every_right_of_a_restore_is_needed(
    short: str, released_in: Callable[[RoleDefinition], _Released], tally: Callable[..., None]
) -> None:
    """Without any action it says what it may not, and with all of them it then goes through."""
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
        if cut.value in _BY_THE_USER_GUIDE and role.definition is not catalogue.IVS_RECORD_TO_S3:
            seen = result.exit_code == 0
        elif cut.value == "cloudformation:DescribeStacks":
            # a stack that nobody can tell of counts as one that is there
            seen = role.lease_of_gone in role.tags
        else:
            seen = _refuses(result, cut)
        if not seen:
            unseen.append((str(cut), result.exit_code, result.output))
        role.restore_all()
        hold(role.account, role.name, gone_stack(role.account))
    assert unseen == [], "\n\n".join(map(str, unseen))
    tally("account rights", actions_taken_out_of_restores=len(cuts))


def _interrupt(state: Path) -> None:
    """Let a state file tell that a restore was interrupted while it made something again."""
    off = State.read(state).off.values()
    arns = [thing.arn for thing in off if thing.kind.deleted]
    assert arns
    with state.open("a") as file:
        for arn in arns:
            file.write(f"{json.dumps({'making': arn})}\n")


# leases


def test_every_right_to_drop_leases_is_needed(account: Account, tally: Callable[..., None]) -> None:
    """It takes those of an audit that are about roles and stacks, and to take tags away."""
    definition = catalogue.MEDIATAILOR
    furnish(account, [definition])
    name = definition.role_name
    arn = definition.arn(partition="aws", account=account.id)
    document = policy("--audit", "mediatailor", "--account", account.id)
    document["Statement"] = [
        *(each for each in document["Statement"] if each["Sid"] not in _OF_USES),
        {"Sid": "Untag", "Effect": "Allow", "Action": "iam:UntagRole", "Resource": arn},
    ]
    person = Person(account)
    unneeded = "cloudformation:DescribeStackResources"

    unseen = []
    cuts = [each for each in _cuts(document) if each.value != unneeded]
    for cut in cuts:
        person.may(_without(document, cut))
        result = person.run("leases", "mediatailor", "--drop-gone", "--yes")
        text = f"kept: the lease of Gone on {name}, for nobody can tell"
        told = cut.value == "cloudformation:DescribeStacks" and text in result.stdout
        if not (told or _refuses(result, cut)):
            unseen.append((str(cut), result.output))
    assert unseen == [], "\n\n".join(map(str, unseen))
    assert gone_stack(account) in account.emulator.roles.tags(account.id, name).values()
    person.may(_without(document, _Cut("FindStacks", "Action", unneeded)))
    result = person.run("leases", "mediatailor", "--drop-gone", "--yes")
    assert result.exit_code == 0, result.output
    assert account.emulator.roles.tags(account.id, name) == {}
    tally("account rights", actions_taken_out_of_leases=len(cuts))


#: the statements of an audit about what uses roles, and where.
_OF_USES = {"FindRegions", "ListMediaTailor"}


# an organization


def test_whoever_reads_an_organization_enters_each_account_by_its_role(
    new_account: Callable[[], Account], tally: Callable[..., None]
) -> None:
    """With the two statements of `docs/account-policies.md`; each role has the audit's policy."""
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
    entered = ("audit", "ivs", "--json", "--organization-role", "AccountReader")

    person.may(document)
    result = person.run(*entered, "--account", other.id)
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(_found(result)[catalogue.IVS_RECORD_TO_S3.role_name]["users"]) == 4

    person.may(_without(document, _Cut("EnterAccounts", "Action", "sts:AssumeRole")))
    result = person.run(*entered, "--account", other.id)
    assert result.exit_code == 1
    assert "perform: sts:AssumeRole " in result.stderr
    person.may(_without(document, _Cut("ListAccounts", "Action", "organizations:ListAccounts")))
    result = person.run(*entered)
    assert result.exit_code == 2
    assert "the organization cannot be read: AccessDeniedException: " in result.stderr
    tally("account rights", actions_taken_out_of_those_for_an_organization=2)
