"""Fixtures: `pytest_plugins = ["slr_constructs.testing.plugin"]` in the top-level conftest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slr_constructs.testing.snapshots import (
    TemplateSnapshotExtension,
    TemplateYamlSnapshotExtension,
)

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion


@pytest.fixture
def template_snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare a template, or a part of one, with the JSON file stored for this test.

    `assert template_of(stack) == template_snapshot`, or `resources_of(construct)` for one
    construct. `pytest --snapshot-update` stores what is new.
    """
    return snapshot.use_extension(TemplateSnapshotExtension)


@pytest.fixture
def template_snapshot_yaml(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare as `template_snapshot` does, with a YAML file."""
    return snapshot.use_extension(TemplateYamlSnapshotExtension)


@pytest.fixture
def order_snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare the order of a stack with the lines stored for this test.

    `assert order_lines(stack) == order_snapshot`: a pull request then shows, in words, when the
    order of creation or teardown changes.
    """
    return snapshot.use_extension(TemplateSnapshotExtension)
