"""What the demonstration prints of an account's journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.emulated.recipes import prepared
from tests.emulated.timeline import timeline

if TYPE_CHECKING:
    from tests.emulated.stacks import Account

_UP = """\
Stack
   0:15  role     AWSServiceRoleForMediaTailor is made
   0:15  feature  playbackConfiguration/ads is on, and uses
                    AWSServiceRoleForMediaTailor
   0:15  owner    Owner: AWS::MediaTailor::PlaybackConfiguration is created
   0:15  release  FeatureRelease: playbackConfiguration/ads/log-configuration
                    will be released when this resource is deleted"""

_DOWN = """\
Stack
   0:00  release  FeatureRelease: the sessions of ads are not logged any more
   0:00  owner    Owner: AWS::MediaTailor::PlaybackConfiguration is deleted
   0:11  role     AWSServiceRoleForMediaTailor is deleted"""


def test_a_stack_is_told_from_role_to_owner_and_back(account: Account) -> None:
    """Role, feature, owner and release with the time that passed, in the function's own words."""
    stack = prepared(account, "sessions")
    clock, journal = account.emulator.clock, account.emulator.journal

    began = clock.now()
    account.deploy(stack)
    up = journal.of(account.id)
    turned = clock.now()
    account.destroy(stack)

    assert "\n".join(timeline(up, since=began, width=80)) == _UP
    down = journal.of(account.id)[len(up) :]
    assert "\n".join(timeline(down, since=turned, width=80)) == _DOWN
