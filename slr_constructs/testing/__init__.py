"""Helpers for tests of stacks: stable snapshots, and assertions about the order of resources.

This package needs the extra `slr-constructs[testing]`. To use the fixtures, add
`pytest_plugins = ["slr_constructs.testing.plugin"]` to the top-level `conftest.py`. They are opt-in
so that pytest does not load jsii in other projects. The names that this package exports and the
plugin are public; its other modules are internal.
"""

from slr_constructs.testing.assertions import (
    assert_created_before,
    assert_deleted_before,
    assert_role_released,
)
from slr_constructs.testing.snapshots import (
    TemplateSnapshotExtension,
    TemplateYamlSnapshotExtension,
)
from slr_constructs.testing.templates import order_lines, resources_of, template_of

__all__ = [
    "TemplateSnapshotExtension",
    "TemplateYamlSnapshotExtension",
    "assert_created_before",
    "assert_deleted_before",
    "assert_role_released",
    "order_lines",
    "resources_of",
    "template_of",
]
