"""For tests of stacks: quiet snapshots, the order of creation and teardown, assertions about it.

Needs the extra `slr-constructs[testing]`. The fixtures are opt-in, for nobody's pytest should load
jsii unasked: `pytest_plugins = ["slr_constructs.testing.plugin"]` in the top-level `conftest.py`.
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
