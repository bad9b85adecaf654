"""Services that are busy, and services that deny calls.

Documented by AWS: the codes and statuses of throttling, failures and denials (botocore's models;
for services whose models have none, IAM's common errors and the codes of API Gateway). Our model:
how long a service stays busy, and the message of a denial, which is that of a service control
policy.
"""

from __future__ import annotations

import textwrap
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from slr_constructs import ServiceLinkedRole, catalogue
from slr_constructs.handler.slr_handler.operations import OPERATIONS
from tests.emulated.emulator.behaviour import Refusal, no_fault
from tests.emulated.recipes import CHANGES, RECIPE_OF, changed, prepared
from tests.emulated.stacks import synthesized
from tests.emulated.verdict import broken, left
from tests.features.every_feature import RECIPES
from tests.published import service_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from aws_cdk import Stack

    from tests.emulated.emulator.behaviour import Fault
    from tests.emulated.emulator.functions import Run
    from tests.emulated.journal import Entry
    from tests.emulated.stacks import Account, Ended, Template
    from tests.fake_services.wire import Call

_ROLE = "Custom::ServiceLinkedRole"
_CHAT_STREAM = "arn:aws:kinesis:${AWS::Region}:${AWS::AccountId}:stream/chime-messaging-chat"

#: the recipe that tests each type of custom resource.
_RECIPE_OF = {_ROLE: "voice", **RECIPE_OF}

#: the properties that an update changes, by type; None removes a property.
_CHANGES: dict[str, dict[str, object]] = CHANGES | {
    "Custom::AppInstanceStreaming": {
        "ChannelsStreamArn": None,
        "ChannelMessagesStreamArn": {"Fn::Sub": _CHAT_STREAM},
    },
}

#: the function asks it before each attempt of each change.
_ASKED = "cloudformation"
#: how often a service refuses one call because it is busy, and then because it fails.
_TIMES = 6
#: how often if it refuses every call, because a run has a limited time.
_TIMES_EACH = 2
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class _Errors:
    """The errors of a service for throttling, failures and denials."""

    busy: tuple[str, int]
    failing: tuple[tuple[str, int], ...]
    denied: tuple[str, int]


_CHIME = _Errors(
    ("ThrottledClientException", 429),
    (("ServiceFailureException", 500), ("ServiceUnavailableException", 503)),
    ("ForbiddenException", 403),
)
_MEDIAPACKAGE = _Errors(
    ("TooManyRequestsException", 429),
    (("InternalServerErrorException", 500), ("ServiceUnavailableException", 503)),
    ("ForbiddenException", 403),
)
_ERRORS = {
    "iam": _Errors(
        ("Throttling", 400),
        (("ServiceFailure", 500), ("ServiceUnavailable", 503)),
        ("AccessDenied", 403),
    ),
    "chime-sdk-voice": _CHIME,
    "chime-sdk-messaging": _CHIME,
    "ivs": _Errors(
        ("ThrottlingException", 429),
        (("InternalServerException", 500), ("ServiceUnavailable", 503)),
        ("AccessDeniedException", 403),
    ),
    "mediatailor": _Errors(
        ("TooManyRequestsException", 429),
        (("InternalFailure", 500), ("ServiceUnavailable", 503)),
        ("AccessDeniedException", 403),
    ),
    "mediapackage": _MEDIAPACKAGE,
    "mediapackage-vod": _MEDIAPACKAGE,
    "cloudformation": _Errors(
        ("Throttling", 400),
        (("InternalFailure", 500), ("ServiceUnavailable", 503)),
        ("AccessDenied", 403),
    ),
}
#: common errors of all AWS services, which the models omit.
_IN_NO_MODEL = {
    ("iam", "Throttling"),
    ("iam", "ServiceUnavailable"),
    ("iam", "AccessDenied"),
    ("cloudformation", "Throttling"),
    ("cloudformation", "InternalFailure"),
    ("cloudformation", "ServiceUnavailable"),
    ("cloudformation", "AccessDenied"),
    ("mediatailor", "TooManyRequestsException"),
    ("mediatailor", "InternalFailure"),
    ("mediatailor", "ServiceUnavailable"),
    ("mediatailor", "AccessDeniedException"),
}


@dataclass(frozen=True, slots=True)
class _Called:
    """One kind of call: the resource type, the event, and the operation of a service."""

    type: str
    request: str
    call: str

    @classmethod
    def by(cls, run: Run, call: Call) -> _Called:
        """Return the kind of a run's call."""
        return cls(run.type, run.request, f"{call.service}:{call.operation}")

    @classmethod
    def of(cls, entry: Entry) -> _Called:
        """Return the kind of a call in the journal."""
        return cls(entry.type, entry.details["request"], entry.action)

    @property
    def service(self) -> str:
        """The name of the boto3 client."""
        return self.call.partition(":")[0]

    @property
    def operation(self) -> str:
        """The operation of the service."""
        return self.call.partition(":")[2]

    def __str__(self) -> str:
        """Return a readable name."""
        return f"{self.type.removeprefix('Custom::')} {self.request} {self.call}"


class _Temporarily:
    """Refuses one call several times in a row, and then allows it."""

    def __init__(self, called: _Called, number: int) -> None:
        self._called = called
        #: the number of the refused call among the calls of its kind.
        self._number = number
        self._refusals = _refusals(called.service, _times_of(called.service))
        self._passed = 0

    def __call__(self, run: Run, call: Call) -> Fault | None:
        """Return the fault of a call."""
        if _Called.by(run, call) != self._called:
            return None
        if self._passed + 1 == self._number and self._refusals:
            return self._refusals.pop(0)
        self._passed += 1
        return None


class _EveryCallTemporarily:
    """Refuses every call of every run several times in a row, and then allows it.

    A service counts the calls in each of its regions.
    """

    def __init__(self) -> None:
        self._refused: Counter[tuple[str, str, str]] = Counter()

    def __call__(self, run: Run, call: Call) -> Fault | None:
        """Return the fault of a call."""
        refusals = _refusals(call.service, _TIMES_EACH)
        place = (run.id, call.service, call.region)
        number = self._refused[place]
        self._refused[place] = (number + 1) % (len(refusals) + 1)
        return refusals[number] if number < len(refusals) else None


def _times_of(service: str) -> int:
    # a question is retried for a shorter time
    return _TIMES_EACH if service == _ASKED else _TIMES


def _refusals(service: str, times: int) -> list[Refusal]:
    """Return refusals of a service: throttling, and then failures."""
    errors = _ERRORS[service]
    throttling = Refusal(errors.busy[0], "Rate exceeded", errors.busy[1])
    failing = [Refusal(code, "Try again later.", status) for code, status in errors.failing]
    return [throttling] * times + failing * (times // 2)


def _denial(called: _Called) -> Refusal:
    code, status = _ERRORS[called.service].denied
    text = (
        f"User: the-function is not authorized to perform: {called.operation} with an explicit"
        " deny in a service control policy"
    )
    return Refusal(code, text, status)


def _always(called: _Called) -> Callable[[Run, Call], Fault | None]:
    return lambda run, call: _denial(called) if _Called.by(run, call) == called else None


def _calls(account: Account) -> list[Entry]:
    return account.emulator.journal.of(account.id, "call")


def _story(account: Account) -> str:
    """Return the entries that explain a failed scenario."""
    entries = account.emulator.journal.of(account.id, "call", "response", "feature", "role")
    return "\n".join(textwrap.shorten(str(entry), 300) for entry in entries)


def _numbered(account: Account, types: Sequence[str]) -> Iterator[tuple[_Called, int]]:
    """Return the calls that a stack made for some types, numbered by kind."""
    seen: Counter[_Called] = Counter()
    for entry in _calls(account):
        called = _Called.of(entry)
        if called.type in types:
            seen[called] += 1
            yield called, seen[called]


def _live(account: Account, template: Template, *, updated: bool) -> list[Ended]:
    """Deploy a stack, update it if `updated` is set, and destroy it."""
    ended = [account.deploy(template)]
    if updated:
        ended.append(account.deploy(changed(template, _CHANGES)))
    return [*ended, account.destroy(template)]


def _left(account: Account) -> list[str]:
    """Return what a stack left behind."""
    # ignore existing owners, and the role that IVS creates for itself
    others = ("(off)", catalogue.IVS_RECORD_TO_S3.role_name)
    return [each for each in left(account) if not each.endswith(others)]


def _assert_success(account: Account, ended: Sequence[Ended]) -> None:
    problems = [*(each for each in ended if not each.succeeded), *_left(account)]
    problems += broken(account.emulator.journal.of(account.id))
    assert problems == [], _story(account)


_BY_RECIPE: dict[str, list[str]] = defaultdict(list)
for _type, _recipe in _RECIPE_OF.items():
    _BY_RECIPE[_recipe].append(_type)


def test_every_type_of_custom_resource_is_tested() -> None:
    """The test fails if a new type has no recipe."""
    assert set(_RECIPE_OF) == set(OPERATIONS)


@pytest.mark.parametrize("service", _ERRORS)
def test_the_errors_are_those_of_the_models(service: str) -> None:
    """A code of a service's model has the status of that model."""
    model = service_model(service)
    statuses = {
        shape.metadata.get("error", {}).get("code", name): shape.metadata.get("error", {}).get(
            "httpStatusCode"
        )
        for name, shape in ((name, model.shape_for(name)) for name in model.shape_names)
        if shape.metadata.get("exception")
    }
    errors = _ERRORS[service]
    for code, status in (errors.busy, *errors.failing, errors.denied):
        assert ((service, code) in _IN_NO_MODEL) != (code in statuses), code
        assert statuses.get(code) in {None, status}, code


@pytest.mark.parametrize("recipe", _BY_RECIPE)
def test_a_call_that_is_refused_temporarily_fails_no_stack(
    recipe: str, new_account: Callable[[], Account], tally: Callable[..., None]
) -> None:
    """Throttling and failures of one call at a time: all operations succeed, nothing is left."""
    clean = new_account()
    _assert_success(clean, _live(clean, prepared(clean, recipe), updated=True))
    numbered = list(_numbered(clean, _BY_RECIPE[recipe]))
    assert numbered

    refused = 0
    for called, number in numbered:
        account = new_account()
        template = prepared(account, recipe)
        account.emulator.behaviour.fault = _Temporarily(called, number)
        _assert_success(account, _live(account, template, updated=called.request == "Update"))
        faults = [entry for entry in _calls(account) if "fault" in entry.details]
        assert {_Called.of(entry) for entry in faults} == {called}, _story(account)
        assert len(faults) == 2 * _times_of(called.service)
        refused += len(faults)
    tally("busy", calls=len(numbered), stacks=len(numbered), refusals=refused)


@pytest.mark.parametrize("recipe", RECIPES)
def test_services_that_refuse_every_call_at_first_fail_no_stack(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """Every call needs several retries, in deploy, update and destroy."""
    template = prepared(account, recipe)
    account.emulator.behaviour.fault = _EveryCallTemporarily()

    _assert_success(account, _live(account, template, updated=True))

    statuses = Counter("fault" in entry.details for entry in _calls(account))
    assert statuses[True] == 2 * _TIMES_EACH * statuses[False] > 0
    tally("busy", stacks=1, refusals=statuses[True])


#: denials after which the role is kept, although the operation on the stack succeeds.
_ROLE_STAYS = {
    _Called(_ROLE, "Create", "iam:TagRole"),
    _Called(_ROLE, "Delete", "iam:GetRole"),
    _Called(_ROLE, "Delete", "iam:UntagRole"),
    _Called(_ROLE, "Delete", "iam:TagRole"),
    _Called(_ROLE, "Delete", "iam:DeleteServiceLinkedRole"),
    _Called(_ROLE, "Delete", "chime-sdk-voice:ListSipMediaApplications"),
}
#: denials without effect: the function only verifies what it has deleted.
_NO_EFFECT = {
    _Called(_ROLE, "Delete", "iam:GetServiceLinkedRoleDeletionStatus"),
    _Called(
        "Custom::VoiceConnectorStreaming",
        "Delete",
        "chime-sdk-voice:GetVoiceConnectorStreamingConfiguration",
    ),
    _Called(
        "Custom::AppInstanceStreaming",
        "Delete",
        "chime-sdk-messaging:GetMessagingStreamingConfigurations",
    ),
}
#: denials after which the rollback succeeds, because it does not need the call; after any other
#: denial of an update the rollback fails too.
_ROLLED_BACK = {
    _Called(_ROLE, "Update", "iam:UpdateRoleDescription"),
    _Called(
        "Custom::AppInstanceStreaming",
        "Update",
        "chime-sdk-messaging:DeleteMessagingStreamingConfigurations",
    ),
}


def _has_effect(called: _Called) -> bool:
    """Return whether a denial of a call fails an operation, or keeps the role."""
    # without tags, the feature works, and `test_marks.py` shows what is not protected
    is_tag = called.call.endswith(("ListTagsForResource", ":TagResource", ":UntagResource"))
    return called not in _NO_EFFECT and called.service != _ASKED and not is_tag


def _kinds(account: Account, recipe: str) -> list[_Called]:
    """Return the kinds of calls that a stack makes, each once."""
    _assert_success(account, _live(account, prepared(account, recipe), updated=True))
    return list(dict.fromkeys(called for called, _ in _numbered(account, _BY_RECIPE[recipe])))


def _assert_reported(account: Account, called: _Called, ended: Ended) -> None:
    """Check that the stack's events report the denial and the resource within a minute."""
    story = f"{ended}\n{_story(account)}"
    code, text = _denial(called).code, "explicit deny in a service control policy"
    responses = [
        entry
        for entry in account.emulator.journal.of(account.id, "response")
        if entry.type == called.type and entry.action == called.request
    ]
    failed = [entry for entry in responses if entry.details["status"] == "FAILED"]
    assert failed, story
    for entry in failed:
        reason = entry.details["reason"]
        assert called.operation in reason, story
        assert code in reason, story
        assert text in reason, story
        assert entry.logical_id in reason or "AWSServiceRoleFor" in reason, story
        assert any(reason in each for each in ended.reasons), story
        assert entry.details["seconds"] <= _MINUTE, story


def _assert_role_is_kept(account: Account, called: _Called) -> None:
    """Check that the function reports within a minute that it keeps the role, and why."""
    (response,) = (
        entry
        for entry in account.emulator.journal.of(account.id, "response")
        if entry.type == _ROLE and entry.action == called.request
    )
    assert "kept" in response.details["reason"], _story(account)
    assert _denial(called).code in response.details["reason"], _story(account)
    assert response.details["seconds"] <= _MINUTE, _story(account)
    role_name = catalogue.CHIME_VOICE_CONNECTOR.role_name
    assert account.emulator.roles.of(account.id) == [role_name], _story(account)


@pytest.mark.parametrize("recipe", _BY_RECIPE)
def test_a_denied_call_is_reported_and_leaves_nothing(
    recipe: str, new_account: Callable[[], Account], tally: Callable[..., None]
) -> None:
    """Each kind of call is denied permanently.

    A deploy rolls back; a destroy fails or keeps the role. The reason names the call, the resource
    and the denial within a minute. When the call is allowed again, the stack can be deleted, and
    nothing is left.
    """
    kinds = _kinds(new_account(), recipe)
    for called in kinds:
        account = new_account()
        emulator = account.emulator
        template = prepared(account, recipe)
        emulator.behaviour.fault = _always(called)
        deployed = account.deploy(template)
        if called.request == "Create" and _has_effect(called) and called not in _ROLE_STAYS:
            assert deployed.status == "ROLLBACK_COMPLETE", _story(account)
            _assert_reported(account, called, deployed)
            assert _left(account) == [], _story(account)
        else:
            assert deployed.succeeded, _story(account)
        if called.request == "Update":
            updated = account.deploy(changed(template, _CHANGES))
            if _has_effect(called):
                result = "COMPLETE" if called in _ROLLED_BACK else "FAILED"
                assert updated.status == f"UPDATE_ROLLBACK_{result}", _story(account)
                _assert_reported(account, called, updated)
            else:
                assert updated.succeeded, _story(account)
        if called.request == "Delete":
            destroyed = account.destroy(template)
            if called in _ROLE_STAYS or not _has_effect(called):
                assert destroyed.succeeded, _story(account)
            else:
                assert destroyed.status == "DELETE_FAILED", _story(account)
                _assert_reported(account, called, destroyed)
        emulator.behaviour.fault = no_fault
        if called.request != "Delete" or not destroyed.succeeded:
            assert account.destroy(template).succeeded, _story(account)
        if called in _ROLE_STAYS:
            _assert_role_is_kept(account, called)
        else:
            assert _left(account) == [], _story(account)
        assert broken(emulator.journal.of(account.id)) == []
    tally("denied", kinds_of_call=len(kinds), stacks=len(kinds))


@pytest.mark.parametrize(
    "operation", ["GetRole", "UntagRole", "TagRole", "DeleteServiceLinkedRole"]
)
def test_a_required_role_that_cannot_be_deleted_fails_the_destroy(
    operation: str, account: Account, tally: Callable[..., None]
) -> None:
    """With `RoleRemoval.REQUIRE`, the denial is reported; later the role can be deleted."""
    called = _Called(_ROLE, "Delete", f"iam:{operation}")
    template = changed(prepared(account, "voice"), {_ROLE: {"Removal": "REQUIRE"}})
    account.emulator.behaviour.fault = _always(called)
    assert account.deploy(template).succeeded, _story(account)

    destroyed = account.destroy(template)

    assert destroyed.status == "DELETE_FAILED", _story(account)
    assert any(_denial(called).code in reason for reason in destroyed.reasons), destroyed
    (response,) = (
        entry
        for entry in account.emulator.journal.of(account.id, "response")
        if entry.type == _ROLE and entry.action == "Delete"
    )
    assert response.details["seconds"] <= _MINUTE, _story(account)
    account.emulator.behaviour.fault = no_fault
    assert account.destroy(template).succeeded, _story(account)
    assert left(account) == [], _story(account)
    tally("denied", stacks=1)


def _tags_denied(run: Run, call: Call) -> Fault | None:
    tags = call.operation in {"TagRole", "UntagRole"}
    return _denial(_Called.by(run, call)) if tags else None


@pytest.mark.parametrize("recipe", RECIPES)
def test_denied_tags_fail_no_stack(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """Deploy, update and destroy succeed, and the role is kept."""
    template = prepared(account, recipe)
    account.emulator.behaviour.fault = _tags_denied

    ended = _live(account, template, updated=True)

    assert [each.succeeded for each in ended] == [True] * 3, _story(account)
    role_name = RECIPES[recipe].definition.role_name
    assert account.emulator.roles.of(account.id) == [role_name], _story(account)
    assert [each for each in _left(account) if role_name not in each] == []
    assert broken(account.emulator.journal.of(account.id)) == []
    tally("denied", stacks=1, roles_kept=1)


def _only_role(name: str) -> Template:
    def define(stack: Stack) -> None:
        ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR)

    return synthesized(define, name=name)


def test_a_role_of_a_stack_without_a_lease_is_kept_by_the_next_stack(account: Account) -> None:
    """Tags are denied only for the first stack; the second stack does not delete its role."""
    first, second = _only_role("First"), _only_role("Second")
    account.emulator.behaviour.fault = _tags_denied
    assert account.deploy(first).succeeded
    account.emulator.behaviour.fault = no_fault

    assert account.deploy(second).succeeded
    assert account.destroy(second).succeeded

    role_name = catalogue.MEDIATAILOR.role_name
    assert account.emulator.roles.of(account.id) == [role_name], _story(account)
