"""The timeline that the demo prints from an account's journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.emulated.recipes import prepared
from tests.emulated.timeline import timeline

if TYPE_CHECKING:
    from tests.emulated.stacks import Account

_UP = """\
Stack
   0:15  role     AWSServiceRoleForMediaTailor is created
   0:15  feature  playbackConfiguration/ads is enabled, and uses
                    AWSServiceRoleForMediaTailor
   0:15  owner    Owner: AWS::MediaTailor::PlaybackConfiguration is created
   0:15  clean-up FeatureCleanUp: playbackConfiguration/ads/log-configuration
                    will be disabled when this resource is deleted"""

_DOWN = """\
Stack
   0:00  clean-up FeatureCleanUp: session logging of ads is disabled
   0:00  owner    Owner: AWS::MediaTailor::PlaybackConfiguration is deleted
   0:11  role     AWSServiceRoleForMediaTailor is deleted"""


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
