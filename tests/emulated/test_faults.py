"""Services that are busy, and services that say no.

AWS's word: the codes and statuses of throttling, of failures and of denials are those of botocore's
models; where a service models none, IAM's common errors and API Gateway's words stand in. Our
model: how long a service stays busy, and the sentence of a denial, which is that of a service
control policy.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import textwrap
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from aws_cdk import aws_logs

from slr_constructs import MediaTailorSessionLogging, ServiceLinkedRole, catalogue
from slr_constructs.handler.slr_handler.operations import OPERATIONS
from tests.emulated.emulator.behaviour import Refusal, no_fault
from tests.emulated.recipes import RECIPE_OF, prepared
from tests.emulated.stacks import synthesized
from tests.emulated.verdict import broken, left
from tests.fake_services import features
from tests.features.every_feature import RECIPES
from tests.published import service_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from aws_cdk import Stack

    from tests.emulated.emulator.behaviour import Fault
    from tests.emulated.emulator.functions import Run
    from tests.emulated.emulator.journal import Entry
    from tests.emulated.stacks import Account, Ended, Template
    from tests.fake_services.wire import Call

_ROLE = "Custom::ServiceLinkedRole"
_RETENTION = "log-retention"
_CHAT_STREAM = "arn:aws:kinesis:${AWS::Region}:${AWS::AccountId}:stream/chime-messaging-chat"

#: the recipe in which each type of custom resource is looked at.
_RECIPE_OF = {
    _ROLE: "voice",
    **RECIPE_OF,
    "Custom::MediaTailorLogRetention": _RETENTION,
}

#: what an update changes, by type; None takes a property away. A release has nothing to change.
_CHANGES: dict[str, dict[str, object]] = {
    _ROLE: {"Description": "Another one"},
    "Custom::VoiceConnectorStreaming": {"DataRetentionInHours": 48},
    "Custom::AppInstanceStreaming": {
        "ChannelsStreamArn": None,
        "ChannelMessagesStreamArn": {"Fn::Sub": _CHAT_STREAM},
    },
    # is replaced, and the channel is told the new one
    "AWS::IVS::RecordingConfiguration": {"Name": "another"},
    "Custom::MediaTailorSessionLogging": {"PercentEnabled": 50},
    "Custom::MediaPackageChannelLogging": {"Ingress": "OFF"},
    "Custom::MediaPackagePackagingGroupLogging": {"Egress": "/aws/MediaPackage/another"},
    "Custom::MediaTailorLogRetention": {"RetentionInDays": 7},
}

#: more than botocore's own four attempts.
_TIMES = 6
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class _Words:
    """How a service says that it is busy, that it fails, and that it does not allow something."""

    busy: tuple[str, int]
    failing: tuple[tuple[str, int], ...]
    denied: tuple[str, int]


_CHIME = _Words(
    ("ThrottledClientException", 429),
    (("ServiceFailureException", 500), ("ServiceUnavailableException", 503)),
    ("ForbiddenException", 403),
)
_MEDIAPACKAGE = _Words(
    ("TooManyRequestsException", 429),
    (("InternalServerErrorException", 500), ("ServiceUnavailableException", 503)),
    ("ForbiddenException", 403),
)
_WORDS = {
    "iam": _Words(
        ("Throttling", 400),
        (("ServiceFailure", 500), ("ServiceUnavailable", 503)),
        ("AccessDenied", 403),
    ),
    "logs": _Words(
        ("ThrottlingException", 400),
        (("InternalFailure", 500), ("ServiceUnavailableException", 503)),
        ("AccessDeniedException", 400),
    ),
    "chime-sdk-voice": _CHIME,
    "chime-sdk-messaging": _CHIME,
    "ivs": _Words(
        ("ThrottlingException", 429),
        (("InternalServerException", 500), ("ServiceUnavailable", 503)),
        ("AccessDeniedException", 403),
    ),
    "mediatailor": _Words(
        ("TooManyRequestsException", 429),
        (("InternalFailure", 500), ("ServiceUnavailable", 503)),
        ("AccessDeniedException", 403),
    ),
    "mediapackage": _MEDIAPACKAGE,
    "mediapackage-vod": _MEDIAPACKAGE,
}
#: common errors of all services of AWS, which models leave out.
_IN_NO_MODEL = {
    ("iam", "Throttling"),
    ("iam", "ServiceUnavailable"),
    ("iam", "AccessDenied"),
    ("logs", "InternalFailure"),
    ("mediatailor", "TooManyRequestsException"),
    ("mediatailor", "InternalFailure"),
    ("mediatailor", "ServiceUnavailable"),
    ("mediatailor", "AccessDeniedException"),
}


@dataclass(frozen=True, slots=True)
class _Called:
    """One kind of call: for which resource type, which event, and which operation of a service."""

    type: str
    request: str
    call: str

    @classmethod
    def by(cls, run: Run, call: Call) -> _Called:
        """Return what a run calls."""
        return cls(run.type, run.request, f"{call.service}:{call.operation}")

    @classmethod
    def of(cls, entry: Entry) -> _Called:
        """Return what the journal says of a call."""
        return cls(entry.type, entry.details["request"], entry.action)

    @property
    def service(self) -> str:
        """The boto3 client."""
        return self.call.partition(":")[0]

    @property
    def operation(self) -> str:
        """The operation of the service."""
        return self.call.partition(":")[2]

    def __str__(self) -> str:
        """Return it in the words of a test's id."""
        return f"{self.type.removeprefix('Custom::')} {self.request} {self.call}"


class _ForAWhile:
    """Refuses one call a number of times in a row, and lets it pass."""

    def __init__(self, called: _Called, number: int) -> None:
        self._called = called
        #: of its kind, the call that is refused.
        self._number = number
        self._refusals = _refusals(called.service)
        self._passed = 0

    def __call__(self, run: Run, call: Call) -> Fault | None:
        """Return what happens to a call."""
        if _Called.by(run, call) != self._called:
            return None
        if self._passed + 1 == self._number and self._refusals:
            return self._refusals.pop(0)
        self._passed += 1
        return None


class _EveryCallForAWhile:
    """Refuses every call of every run a number of times in a row, and lets it pass."""

    def __init__(self) -> None:
        self._said: Counter[str] = Counter()

    def __call__(self, run: Run, call: Call) -> Fault | None:
        """Return what happens to a call."""
        refusals = _refusals(call.service)
        number = self._said[run.id]
        self._said[run.id] = (number + 1) % (len(refusals) + 1)
        return refusals[number] if number < len(refusals) else None


def _refusals(service: str) -> list[Refusal]:
    """Return what a service says on a bad day: throttling, and then failures."""
    words = _WORDS[service]
    throttling = Refusal(words.busy[0], "Rate exceeded", words.busy[1])
    failing = [Refusal(code, "Try again later.", status) for code, status in words.failing]
    return [throttling] * _TIMES + failing * (_TIMES // 2)


def _denial(called: _Called) -> Refusal:
    code, status = _WORDS[called.service].denied
    text = (
        f"User: the-function is not authorized to perform: {called.operation} with an explicit"
        " deny in a service control policy"
    )
    return Refusal(code, text, status)


def _for_good(called: _Called) -> Callable[[Run, Call], Fault | None]:
    return lambda run, call: _denial(called) if _Called.by(run, call) == called else None


@functools.cache
def _with_retention() -> Template:
    def define(stack: Stack) -> None:
        MediaTailorSessionLogging(
            stack,
            "Feature",
            playback_configuration="a",
            log_retention=aws_logs.RetentionDays.ONE_MONTH,
        )

    return synthesized(define)


def _stack(account: Account, recipe: str) -> Template:
    if recipe != _RETENTION:
        return prepared(account, recipe)
    account.emulator.features.add(features.PLAYBACK_CONFIGURATION, account.id, "us-east-1", "a")
    return _with_retention()


def _changed(template: Template, changes: Mapping[str, Mapping[str, object]]) -> Template:
    body = copy.deepcopy(dict(template.body))
    for resource in body["Resources"].values():
        for name, value in changes.get(resource["Type"], {}).items():
            resource["Properties"].pop(name, None)
            if value is not None:
                resource["Properties"][name] = value
    return dataclasses.replace(template, body=body)


def _calls(account: Account) -> list[Entry]:
    return account.emulator.journal.of(account.id, "call")


def _story(account: Account) -> str:
    """Return what a person wants to see of a scenario that went wrong."""
    told = account.emulator.journal.of(account.id, "call", "answer", "switch", "role")
    return "\n".join(textwrap.shorten(str(entry), 300) for entry in told)


def _numbered(account: Account, types: Sequence[str]) -> Iterator[tuple[_Called, int]]:
    """Return the calls that a life of a stack made for some types, and the count of each kind."""
    seen: Counter[_Called] = Counter()
    for entry in _calls(account):
        called = _Called.of(entry)
        if called.type in types:
            seen[called] += 1
            yield called, seen[called]


def _live(account: Account, template: Template, *, updated: bool) -> list[Ended]:
    """Deploy a stack, update it if that is wanted, and destroy it."""
    ended = [account.deploy(template)]
    if updated:
        ended.append(account.deploy(_changed(template, _CHANGES)))
    return [*ended, account.destroy(template)]


def _spotless(account: Account) -> list[str]:
    """Return what is left of a stack that should not be."""
    # things that were there before it, and the role that IVS makes for itself
    theirs = ("(off)", catalogue.IVS_RECORD_TO_S3.role_name)
    return [each for each in left(account) if not each.endswith(theirs)]


def _went_well(account: Account, ended: Sequence[Ended]) -> None:
    wrong = [*(each for each in ended if not each.well), *_spotless(account)]
    wrong += broken(account.emulator.journal.of(account.id))
    assert wrong == [], _story(account)


_BY_RECIPE: dict[str, list[str]] = defaultdict(list)
for _type, _recipe in _RECIPE_OF.items():
    _BY_RECIPE[_recipe].append(_type)


def test_every_type_of_custom_resource_is_looked_at() -> None:
    """A type that is added shows up here."""
    assert set(_RECIPE_OF) == set(OPERATIONS)


@pytest.mark.parametrize("service", _WORDS)
def test_the_words_are_those_of_the_models(service: str) -> None:
    """A code that the model of a service has is there with the status that it has there."""
    model = service_model(service)
    statuses = {
        shape.metadata.get("error", {}).get("code", name): shape.metadata.get("error", {}).get(
            "httpStatusCode"
        )
        for name, shape in ((name, model.shape_for(name)) for name in model.shape_names)
        if shape.metadata.get("exception")
    }
    words = _WORDS[service]
    for code, status in (words.busy, *words.failing, words.denied):
        assert ((service, code) in _IN_NO_MODEL) != (code in statuses), code
        assert statuses.get(code) in {None, status}, code


@pytest.mark.parametrize("recipe", _BY_RECIPE)
def test_a_call_that_is_refused_for_a_while_fails_no_stack(
    recipe: str, new_account: Callable[[], Account], tally: Callable[..., None]
) -> None:
    """Throttling and failures, of each call alone: the stack comes and goes, nothing is left."""
    clean = new_account()
    _went_well(clean, _live(clean, _stack(clean, recipe), updated=True))
    numbered = list(_numbered(clean, _BY_RECIPE[recipe]))
    assert numbered

    refused = 0
    for called, number in numbered:
        account = new_account()
        template = _stack(account, recipe)
        account.emulator.behaviour.fault = _ForAWhile(called, number)
        _went_well(account, _live(account, template, updated=called.request == "Update"))
        faults = [entry for entry in _calls(account) if "fault" in entry.details]
        assert {_Called.of(entry) for entry in faults} == {called}, _story(account)
        assert len(faults) == 2 * _TIMES
        refused += len(faults)
    tally("busy", calls=len(numbered), stacks=len(numbered), refusals=refused)


@pytest.mark.parametrize("recipe", [*RECIPES, _RETENTION])
def test_services_that_refuse_every_call_at_first_fail_no_stack(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """A bad day: every call has to be made again and again, in deploy, update and destroy."""
    template = _stack(account, recipe)
    account.emulator.behaviour.fault = _EveryCallForAWhile()

    _went_well(account, _live(account, template, updated=True))

    statuses = Counter("fault" in entry.details for entry in _calls(account))
    assert statuses[True] == 2 * _TIMES * statuses[False] > 0
    tally("busy", stacks=1, refusals=statuses[True])


#: denials after which the role stays, and the stack comes or goes all the same.
_ROLE_STAYS = {
    _Called(_ROLE, "Create", "iam:TagRole"),
    _Called(_ROLE, "Delete", "iam:UntagRole"),
    _Called(_ROLE, "Delete", "iam:TagRole"),
    _Called(_ROLE, "Delete", "iam:DeleteServiceLinkedRole"),
}
#: IAM has deleted the role by the time the function would ask for the second time.
_NEVER_MIND = {_Called(_ROLE, "Delete", "iam:GetServiceLinkedRoleDeletionStatus")}
#: the way back does without them; any other update that is denied cannot be taken back either.
_TAKEN_BACK = {
    _Called(_ROLE, "Update", "iam:UpdateRoleDescription"),
    _Called(
        "Custom::AppInstanceStreaming",
        "Update",
        "chime-sdk-messaging:DeleteMessagingStreamingConfigurations",
    ),
}


def _kinds(account: Account, recipe: str) -> list[_Called]:
    """Return what the life of a stack calls, each kind once."""
    _went_well(account, _live(account, _stack(account, recipe), updated=True))
    return list(dict.fromkeys(called for called, _ in _numbered(account, _BY_RECIPE[recipe])))


def _told_why(account: Account, called: _Called, ended: Ended) -> None:
    """Hold that the stack's events say what was denied, for what, and within a minute."""
    story = f"{ended}\n{_story(account)}"
    code, words = _denial(called).code, "explicit deny in a service control policy"
    answers = [
        entry
        for entry in account.emulator.journal.of(account.id, "answer")
        if entry.type == called.type and entry.action == called.request
    ]
    failed = [entry for entry in answers if entry.details["status"] == "FAILED"]
    assert failed, story
    for entry in failed:
        reason = entry.details["reason"]
        assert called.operation in reason, story
        assert code in reason, story
        assert words in reason, story
        assert entry.logical_id in reason or "AWSServiceRoleFor" in reason, story
        assert any(reason in said for said in ended.reasons), story
        assert entry.details["seconds"] <= _MINUTE, story


def _role_is_kept(account: Account, called: _Called) -> None:
    """Hold that the function said that it keeps the role, and why, within a minute."""
    (answer,) = (
        entry
        for entry in account.emulator.journal.of(account.id, "answer")
        if entry.type == _ROLE and entry.action == called.request
    )
    assert "kept" in answer.details["reason"], _story(account)
    assert _denial(called).code in answer.details["reason"], _story(account)
    assert answer.details["seconds"] <= _MINUTE, _story(account)
    role_name = catalogue.CHIME_VOICE_CONNECTOR.role_name
    assert account.emulator.roles.of(account.id) == [role_name], _story(account)


@pytest.mark.parametrize("recipe", _BY_RECIPE)
def test_a_call_that_is_denied_is_told_and_leaves_nothing(
    recipe: str, new_account: Callable[[], Account], tally: Callable[..., None]
) -> None:
    """Each kind of call, denied for good.

    A deploy rolls back, a destroy fails or keeps the role; the reason names the call, the thing and
    the denial within a minute; once the denial is lifted the stack goes, and nothing is left.
    """
    kinds = _kinds(new_account(), recipe)
    for called in kinds:
        account = new_account()
        emulator = account.emulator
        template = _stack(account, recipe)
        emulator.behaviour.fault = _for_good(called)
        deployed = account.deploy(template)
        if called.request == "Create" and called not in _ROLE_STAYS:
            assert deployed.status == "ROLLBACK_COMPLETE", _story(account)
            _told_why(account, called, deployed)
            assert _spotless(account) == [], _story(account)
        else:
            assert deployed.well, _story(account)
        if called.request == "Update":
            updated = account.deploy(_changed(template, _CHANGES))
            back = "COMPLETE" if called in _TAKEN_BACK else "FAILED"
            assert updated.status == f"UPDATE_ROLLBACK_{back}", _story(account)
            _told_why(account, called, updated)
        if called.request == "Delete":
            destroyed = account.destroy(template)
            if called in _ROLE_STAYS | _NEVER_MIND:
                assert destroyed.well, _story(account)
            else:
                assert destroyed.status == "DELETE_FAILED", _story(account)
                _told_why(account, called, destroyed)
        emulator.behaviour.fault = no_fault
        if called.request != "Delete" or not destroyed.well:
            assert account.destroy(template).well, _story(account)
        if called in _ROLE_STAYS:
            _role_is_kept(account, called)
        else:
            assert _spotless(account) == [], _story(account)
        assert broken(emulator.journal.of(account.id)) == []
    tally("denied", kinds_of_call=len(kinds), stacks=len(kinds))


@pytest.mark.parametrize(
    "operation", ["GetRole", "UntagRole", "TagRole", "DeleteServiceLinkedRole"]
)
def test_a_required_role_that_cannot_go_fails_the_destroy(
    operation: str, account: Account, tally: Callable[..., None]
) -> None:
    """`RoleRemoval.REQUIRE`: the denial is told, and once it is lifted the role goes."""
    called = _Called(_ROLE, "Delete", f"iam:{operation}")
    template = _changed(_stack(account, "voice"), {_ROLE: {"Removal": "REQUIRE"}})
    account.emulator.behaviour.fault = _for_good(called)
    assert account.deploy(template).well, _story(account)

    destroyed = account.destroy(template)

    assert destroyed.status == "DELETE_FAILED", _story(account)
    assert any(_denial(called).code in reason for reason in destroyed.reasons), destroyed
    (answer,) = (
        entry
        for entry in account.emulator.journal.of(account.id, "answer")
        if entry.type == _ROLE and entry.action == "Delete"
    )
    assert answer.details["seconds"] <= _MINUTE, _story(account)
    account.emulator.behaviour.fault = no_fault
    assert account.destroy(template).well, _story(account)
    assert left(account) == [], _story(account)
    tally("denied", stacks=1)


def _tags_denied(run: Run, call: Call) -> Fault | None:
    tags = call.operation in {"TagRole", "UntagRole"}
    return _denial(_Called.by(run, call)) if tags else None


@pytest.mark.parametrize("recipe", [*RECIPES, _RETENTION])
def test_refused_tags_fail_no_stack(
    recipe: str, account: Account, tally: Callable[..., None]
) -> None:
    """Deploy, update and destroy succeed, and the role is kept."""
    template = _stack(account, recipe)
    account.emulator.behaviour.fault = _tags_denied

    ended = _live(account, template, updated=True)

    assert [each.well for each in ended] == [True] * 3, _story(account)
    role_name = RECIPES.get(recipe, RECIPES["sessions"]).definition.role_name
    assert account.emulator.roles.of(account.id) == [role_name], _story(account)
    assert [each for each in _spotless(account) if role_name not in each] == []
    assert broken(account.emulator.journal.of(account.id)) == []
    tally("denied", stacks=1, roles_kept=1)


def _with_role_alone(name: str) -> Template:
    def define(stack: Stack) -> None:
        ServiceLinkedRole(stack, "Role", definition=catalogue.MEDIATAILOR)

    return synthesized(define, name=name)


def test_a_role_held_without_tags_outlives_the_next_holder(account: Account) -> None:
    """Tags are refused to the first stack alone; the second one leaves it the role."""
    first, second = _with_role_alone("First"), _with_role_alone("Second")
    account.emulator.behaviour.fault = _tags_denied
    assert account.deploy(first).well
    account.emulator.behaviour.fault = no_fault

    assert account.deploy(second).well
    assert account.destroy(second).well

    role_name = catalogue.MEDIATAILOR.role_name
    assert account.emulator.roles.of(account.id) == [role_name], _story(account)
