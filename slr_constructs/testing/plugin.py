"""Pytest fixtures; enable them with `pytest_plugins` in the top-level `conftest.py`."""

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
    """Compare a template, or a part of one, with the stored JSON snapshot of this test.

    Use `assert template_of(stack) == template_snapshot`, or `resources_of(construct)` for one
    construct. `pytest --snapshot-update` stores new and changed snapshots.
    """
    return snapshot.use_extension(TemplateSnapshotExtension)


@pytest.fixture
def template_snapshot_yaml(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare like `template_snapshot`, but with a YAML snapshot."""
    return snapshot.use_extension(TemplateYamlSnapshotExtension)


@pytest.fixture
def order_snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare the order of a stack with the stored lines of this test.

    Use `assert order_lines(stack) == order_snapshot`. A pull request then shows changes to the
    order of creation or deletion as readable lines.
    """
    return snapshot.use_extension(TemplateSnapshotExtension)
