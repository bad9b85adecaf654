"""The timeline that the demo prints from an account's journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slr_constructs.templates.app import App
from slr_constructs.templates.reading import StackTemplate
from tests.emulated.history import History
from tests.emulated.recipes import EXISTING, failing_after, prepared
from tests.emulated.timeline import heading, timeline
from tests.features.every_feature import RECIPES
from tests.readme_blocks import assert_quoted

if TYPE_CHECKING:
    from tests.emulated.stacks import Account, Template

_UP = """\
Stack
   0:16  role     AWSServiceRoleForMediaTailor: created, usable after 16 s
   0:16  owner    Owner: created
   0:16  feature  session logging of Owner: enabled"""

_DOWN = """\
Stack
   0:00  feature  session logging of Owner: disabled
   0:00  owner    Owner: deleted
   0:18  role     AWSServiceRoleForMediaTailor: deleted"""


def _history(template: Template) -> History:
    return History(App([StackTemplate(template.name, dict(template.body))]))


def test_the_timeline_shows_creation_and_teardown_of_a_stack(account: Account) -> None:
    """It shows role, feature and owner with the time since the stack began."""
    stack = prepared(account, "sessions")
    journal, history = account.emulator.journal, _history(stack)

    account.deploy(stack)
    up = journal.of(account.id)
    account.destroy(stack)

    assert "\n".join(timeline(history.add(up), width=80)) == _UP
    down = journal.of(account.id)[len(up) :]
    assert "\n".join(timeline(history.add(down), width=80)) == _DOWN


def test_the_excerpt_in_the_readme_is_real(
    account: Account, sample_app: dict[str, Template]
) -> None:
    """Two stacks share a role, and the first of them is deleted first."""
    account.emulator.behaviour.creates_every_role = True
    shared = [sample_app[name] for name in ("LiveShowBroadcast", "LiveShowCatchUp")]
    history = History(App([StackTemplate(each.name, dict(each.body)) for each in shared]))
    lines: list[str] = []
    known = 0

    for action, title in ((account.deploy, "Creation"), (account.destroy, "Deletion")):
        for each in shared:
            action(each)
            lines.append(heading(f"{title} of {each.name}"))
            entries = account.emulator.journal.of(account.id)
            lines += timeline(history.add(entries[known:]), width=100)
            known = len(entries)

    assert_quoted("LiveShowCatchUp", "\n".join(lines))


@pytest.mark.parametrize("recipe", [each for each in RECIPES if each not in EXISTING])
def test_every_feature_is_enabled_and_disabled_once(account: Account, recipe: str) -> None:
    """CloudFormation configures some features, and the function configures the others."""
    account.emulator.behaviour.creates_every_role = True
    stack = prepared(account, recipe)
    history = _history(stack)
    account.deploy(stack)
    account.destroy(stack)

    history.add(account.emulator.journal.of(account.id))
    assert history.features
    assert all(each.disabled is not None for each in history.features)
    assert len({each.name for each in history.features}) == len(history.features)
    assert [(each.created_by, each.deleted_by) for each in history.roles] == [("Stack", "Stack")]


_FAILED = """\
Stack
   0:00  role     AWSServiceRoleForMediaTailor: created, but not usable yet
   0:08  failed   NeverReady: WaitCondition timed out. Received 0 conditions
                  when expecting 1
   0:08  failed   AWSServiceRoleForMediaTailor: Resource creation cancelled
   0:10  rollback AWSServiceRoleForMediaTailor: CloudFormation requests its
                  deletion
   0:11  ignored  AWSServiceRoleForMediaTailor: the function's response to the
                  cancelled create is too late
   1:01  role     AWSServiceRoleForMediaTailor: deleted"""


def test_the_timeline_explains_a_cancelled_create(account: Account) -> None:
    """It shows which resource failed, which one was cancelled, and what the function did."""
    failing = failing_after(prepared(account, "sessions"), 8)
    history = _history(failing)
    account.deploy(failing)

    events = history.add(account.emulator.journal.of(account.id))
    assert "\n".join(timeline(events, width=80)) == _FAILED
