"""Helpers for tests of stacks: stable snapshots, and assertions about the order of resources.

This package needs the extra `slr-constructs[testing]`. To use the fixtures, add
`pytest_plugins = ["slr_constructs.testing.plugin"]` to the top-level `conftest.py`. They are opt-in
so that pytest does not load jsii in other projects. The names that this package exports and the
plugin are public; its other modules are internal.
"""

from slr_constructs._extras import require

# before the imports that would fail with the name of a package
require("testing", "slr_constructs.testing")

from slr_constructs.testing.assertions import (  # noqa: E402
    assert_created_before,
    assert_deleted_before,
    assert_role_released,
)
from slr_constructs.testing.snapshots import (  # noqa: E402
    TemplateSnapshotExtension,
    TemplateYamlSnapshotExtension,
)
from slr_constructs.testing.templates import order_lines, resources_of, template_of  # noqa: E402

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
