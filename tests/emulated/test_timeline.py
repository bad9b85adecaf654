"""The timeline that the demo prints from an account's journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.emulated.recipes import failing_after, prepared
from tests.emulated.timeline import timeline

if TYPE_CHECKING:
    from tests.emulated.stacks import Account

_UP = """\
Stack
   0:16  role     AWSServiceRoleForMediaTailor is created
   0:16  feature  playbackConfiguration/ads is enabled, and uses
                    AWSServiceRoleForMediaTailor
   0:16  owner    Owner: AWS::MediaTailor::PlaybackConfiguration is created
   0:16  clean-up FeatureCleanUp: playbackConfiguration/ads/log-configuration
                    will be disabled when this resource is deleted"""

_DOWN = """\
Stack
   0:00  clean-up FeatureCleanUp: session logging of ads is disabled
   0:00  owner    Owner: AWS::MediaTailor::PlaybackConfiguration is deleted
   0:18  role     AWSServiceRoleForMediaTailor is deleted"""


def test_the_timeline_shows_creation_and_teardown_of_a_stack(account: Account) -> None:
    """It shows role, feature, owner and clean-up with the time and the function's messages."""
    stack = prepared(account, "sessions")
    clock, journal = account.emulator.clock, account.emulator.journal

    began = clock.now()
    account.deploy(stack)
    up = journal.of(account.id)
    middle = clock.now()
    account.destroy(stack)

    assert "\n".join(timeline(up, since=began, width=80)) == _UP
    down = journal.of(account.id)[len(up) :]
    assert "\n".join(timeline(down, since=middle, width=80)) == _DOWN


_FAILED = """\
Stack
   0:00  request  AWSServiceRoleForMediaTailor: CloudFormation sends Create
   0:00  call     Create calls iam:CreateServiceLinkedRole
   0:05  call     Create calls iam:TagRole
   0:08  failed   NeverReady: WaitCondition timed out. Received 0 conditions
                    when expecting 1
   0:08  failed   AWSServiceRoleForMediaTailor: Resource creation cancelled
   0:10  request  AWSServiceRoleForMediaTailor: CloudFormation sends Delete
   0:11  ignored  Create responds too late: CloudFormation no longer waits for
                    the create of AWSServiceRoleForMediaTailor088DF97B, because
                    its status is DELETE_IN_PROGRESS. Nothing more was changed
   0:44  call     Delete calls iam:UntagRole
   0:50  call     Delete calls iam:TagRole
   0:56  call     Delete calls iam:DeleteServiceLinkedRole
   1:01  role     AWSServiceRoleForMediaTailor is deleted"""


def test_the_timeline_explains_a_cancelled_create(account: Account) -> None:
    """It shows which resource failed, which one was cancelled, and what the function did."""
    failing = failing_after(prepared(account, "sessions"), 8)
    began = account.emulator.clock.now()
    account.deploy(failing)

    history = timeline(account.emulator.journal.of(account.id), since=began, width=80)
    assert "\n".join(history) == _FAILED
