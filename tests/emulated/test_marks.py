"""Owners outside of the stack: one stack at a time, and the settings before are given back.

Documented by AWS: the operations for tags, and at most 50 tags of 256 characters. Our model: the
services of the features (`tests/fake_services/features.py`), and cancellation
(`test_cancellation.py`).
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from constructs import Construct

from slr_constructs.handler.slr_handler.marks import MARK_TAG
from tests.emulated.emulator.behaviour import Refusal
from tests.emulated.recipes import EXISTING, changed, failing_after, prepared
from tests.emulated.stacks import synthesized_together
from tests.emulated.test_cancellation import _CALL_SECONDS, _moments, _to_the_end
from tests.fake_services import features
from tests.features import every_feature
from tests.features.every_feature import RECIPES
from tests.handler import events
from tests.handler.owners import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aws_cdk import Stack

    from tests.emulated.emulator.behaviour import Fault
    from tests.emulated.emulator.functions import Run
    from tests.emulated.stacks import Account, Template
    from tests.fake_services.features import TargetResource
    from tests.fake_services.wire import Call

_REGION = "us-east-1"
_ROWS = {row.kind: row for row in ROWS}

each_existing = pytest.mark.parametrize("recipe", EXISTING)


def _named(template: Template, name: str) -> Template:
    return dataclasses.replace(template, name=name)


def _owner(account: Account, recipe: str) -> TargetResource:
    kind = EXISTING[recipe]
    (owner,) = (
        each
        for (of, of_account, *_), each in account.emulator.features._targets.items()
        if (of, of_account) == (kind, account.id)
    )
    return owner


def _used(account: Account, recipe: str) -> Template:
    """Return a recipe's stack, whose existing owner has settings of others."""
    template = prepared(account, recipe)
    services = account.emulator.features
    services.makes_role[RECIPES[recipe].definition.role_name] = True
    before = json.dumps(_ROWS[EXISTING[recipe]].before).replace(events.ACCOUNT, account.id)
    if recipe == "existing-recording":
        services.add(features.RECORDING_CONFIGURATION, account.id, _REGION, "theirs")
    owner = _owner(account, recipe)
    with services.lock:
        services._put(owner, owner.data | json.loads(before))
    return template


def _state(account: Account, recipe: str) -> dict[str, Any]:
    """Return the settings and the tags of the owner."""
    owner = _owner(account, recipe)
    row = _ROWS[EXISTING[recipe]]
    members = {*row.nothing, *row.before, *row.configured}
    settings = {each: owner.data[each] for each in sorted(members) if each in owner.data}
    return {**settings, "tags": owner.tags}


def _marks(account: Account, recipe: str) -> list[str]:
    tags = _owner(account, recipe).tags
    return [value.split("/")[1] for key, value in tags.items() if key.startswith(MARK_TAG)]


@each_existing
@pytest.mark.parametrize("order", [*itertools.permutations(["A", "B"])], ids="-".join)
def test_of_two_stacks_only_the_first_configures_an_owner(
    recipe: str, order: Sequence[str], account: Account
) -> None:
    """The second is refused and changes nothing; it succeeds after the first is deleted."""
    template = _used(account, recipe)
    before = _state(account, recipe)
    first, second = (_named(template, name) for name in order)
    assert account.deploy(first).succeeded
    configured = _state(account, recipe)

    refused = account.deploy(second)
    assert refused.status == "ROLLBACK_COMPLETE"
    assert any(f"the stack {order[0]} already configures" in each for each in refused.reasons)
    assert (_state(account, recipe), _marks(account, recipe)) == (configured, [order[0]])
    assert account.destroy(second).succeeded
    assert _state(account, recipe) == configured

    assert account.destroy(first).succeeded
    assert _state(account, recipe) == before
    assert account.deploy(second).succeeded
    assert _marks(account, recipe) == [order[1]]
    assert account.destroy(second).succeeded
    assert _state(account, recipe) == before


@each_existing
def test_the_settings_before_are_given_back(recipe: str, account: Account) -> None:
    """After an update, a rolled back update and a deletion."""
    template = _used(account, recipe)
    before = _state(account, recipe)
    assert account.deploy(template).succeeded
    created = _state(account, recipe)

    assert account.deploy(failing_after(changed(template), 600)).status == (
        "UPDATE_ROLLBACK_COMPLETE"
    )
    # a replaced recording configuration has another ARN
    if recipe != "existing-recording":
        assert _state(account, recipe) == created
    if changed(template) != template:
        assert account.deploy(changed(template)).succeeded
    assert account.destroy(template).succeeded

    assert _state(account, recipe) == before


@functools.cache
def _renamed_stacks() -> Mapping[str, Template]:
    """Return the recipes' stacks with features that have another construct id."""
    return synthesized_together(
        {recipe: functools.partial(_define_renamed, recipe) for recipe in EXISTING}
    )


def _define_renamed(recipe: str, stack: Stack) -> None:
    RECIPES[recipe].define(Construct(stack, "Renamed"), "a", None)


@each_existing
def test_a_renamed_construct_takes_over_the_settings_before(recipe: str, account: Account) -> None:
    """It is one deployment, and its rollback gives the owner back to the first construct."""
    template = _used(account, recipe)
    before = _state(account, recipe)
    assert account.deploy(template).succeeded
    configured = _state(account, recipe)
    body = json.dumps(_renamed_stacks()[recipe].body).replace(every_feature.ACCOUNT, account.id)
    renamed = dataclasses.replace(template, body=json.loads(body))

    assert account.deploy(failing_after(renamed, 600)).status == "UPDATE_ROLLBACK_COMPLETE"
    # a replaced recording configuration has another ARN
    if recipe != "existing-recording":
        assert _state(account, recipe) == configured
    assert account.deploy(renamed).succeeded
    assert _marks(account, recipe) == ["Stack"]
    assert account.destroy(renamed).succeeded

    assert _state(account, recipe) == before


@each_existing
def test_a_rolled_back_create_gives_back_the_settings_before(recipe: str, account: Account) -> None:
    """Another resource of the stack fails after the feature was configured."""
    template = _used(account, recipe)
    before = _state(account, recipe)

    assert account.deploy(failing_after(template, 600)).status == "ROLLBACK_COMPLETE"

    assert _state(account, recipe) == before


@each_existing
def test_a_create_that_is_cancelled_at_any_call_gives_back_the_settings_before(
    recipe: str, account: Account
) -> None:
    """CloudFormation then deletes the resource with an id that it made up."""
    template = _used(account, recipe)
    before = _state(account, recipe)
    account.emulator.behaviour.call_seconds = lambda: _CALL_SECONDS
    ended, entries = _to_the_end(account, lambda: account.begin_deploy(template))
    assert ended.succeeded
    assert account.destroy(template).succeeded
    for seconds in _moments(entries, {"Create"}):
        failing = failing_after(template, seconds)
        ended, _ = _to_the_end(account, functools.partial(account.begin_deploy, failing))
        assert ended.status == "ROLLBACK_COMPLETE"
        assert _state(account, recipe) == before, f"after {seconds} seconds"
        assert account.destroy(failing).succeeded


def _refuse_tags(account: Account) -> None:
    def fault(_run: Run, call: Call) -> Fault | None:
        refused = call.operation in ("TagResource", "UntagResource", "ListTagsForResource")
        return Refusal("AccessDeniedException", "an SCP says no", 403) if refused else None

    account.emulator.behaviour.fault = fault


@each_existing
@pytest.mark.parametrize(
    "unprotect",
    [_refuse_tags, lambda _account: None],
    ids=["tags refused", "tags vanished"],
)
def test_without_a_mark_the_feature_is_disabled(
    recipe: str, unprotect: Callable[[Account], None], account: Account
) -> None:
    """It works, and the deletion removes only what is still as the stack asked."""
    template = prepared(account, recipe)
    unprotect(account)
    assert account.deploy(template).succeeded
    _owner(account, recipe).set_tags({})

    assert account.destroy(template).succeeded

    assert not _owner(account, recipe).on or recipe == "existing-recording"
    assert _owner(account, recipe).tags == {}


@each_existing
def test_settings_before_that_do_not_fit_are_lost(recipe: str, account: Account) -> None:
    """The owner has 49 tags of others, so there is room for the mark only."""
    template = _used(account, recipe)
    theirs = {f"tag{number}": "theirs" for number in range(49)}
    _owner(account, recipe).set_tags(theirs)
    assert account.deploy(template).succeeded
    assert _marks(account, recipe) == ["Stack"]
    logs = [str(each) for each in account.emulator.journal.of(account.id, "log")]
    assert any("settings before not recorded" in each for each in logs)

    assert account.destroy(template).succeeded

    assert _owner(account, recipe).tags == theirs
