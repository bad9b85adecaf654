"""A stack with the Voice Connector role is deleted while SIP media applications exist.

Our model: IAM does not know that a SIP media application may use the role, so it would delete it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.emulated.emulator.behaviour import Refusal
from tests.emulated.recipes import prepared
from tests.fake_services import features

if TYPE_CHECKING:
    from tests.emulated.emulator.behaviour import Fault
    from tests.emulated.emulator.functions import Run
    from tests.emulated.stacks import Account, Ended
    from tests.fake_services.wire import Call

_LIST = "ListSipMediaApplications"
_OTHER_REGION = "eu-west-2"


def _add(account: Account) -> features.TargetResource:
    data = {"Name": "menu", "AwsRegion": _OTHER_REGION, "Endpoints": [{"LambdaArn": "arn"}]}
    return account.emulator.features.add(
        features.SIP_MEDIA_APPLICATION, account.id, _OTHER_REGION, "menu", data
    )


def _roles(account: Account) -> int:
    return len(account.emulator.roles.of(account.id))


def _outcome(account: Account, ended: Ended) -> str:
    """Return the reason of the response to the Delete of the role."""
    assert ended.succeeded, ended
    *_, last = (
        entry
        for entry in account.emulator.journal.of(account.id, "response", "Delete")
        if entry.action == "Delete" and entry.type == "Custom::ServiceLinkedRole"
    )
    return str(last.details["reason"])


def test_the_role_is_kept_while_one_exists_in_any_region(account: Account) -> None:
    """The next stack that is deleted without one deletes the role."""
    template = prepared(account, "voice")
    menu = _add(account)
    assert account.deploy(template).succeeded

    kept = _outcome(account, account.destroy(template))

    assert kept.endswith(f"it may be used by SipMediaApplications in {_OTHER_REGION}")
    assert _roles(account) == 1

    account.emulator.client(
        "chime-sdk-voice", account.id, _OTHER_REGION
    ).delete_sip_media_application(SipMediaApplicationId=menu.id)
    assert account.deploy(template).succeeded
    assert _outcome(account, account.destroy(template)).endswith("is deleted")
    assert _roles(account) == 0


def test_the_role_is_kept_if_a_region_is_denied(account: Account) -> None:
    """A service control policy may deny regions. The response names them."""
    denied = Refusal("AccessDeniedException", "An organization policy denies it.", 403)

    def fault(_run: Run, call: Call) -> Fault | None:
        return denied if call.operation == _LIST and call.region == _OTHER_REGION else None

    account.emulator.behaviour.fault = fault
    template = prepared(account, "voice")
    assert account.deploy(template).succeeded

    kept = _outcome(account, account.destroy(template))

    assert kept.endswith(
        f"it may be in use, because these calls failed: {_LIST} in {_OTHER_REGION}"
        " (AccessDeniedException)"
    )
    assert _roles(account) == 1


@pytest.mark.parametrize("recipe", ["chat", "sessions"])
def test_a_stack_with_another_role_makes_no_such_call(account: Account, recipe: str) -> None:
    """Only the Voice Connector role has such usages."""
    template = prepared(account, recipe)
    assert account.deploy(template).succeeded
    assert account.destroy(template).succeeded

    calls = account.emulator.journal.of(account.id, "call")
    assert calls
    assert not [entry for entry in calls if entry.details.get("operation") == _LIST]
    assert _roles(account) == 0
