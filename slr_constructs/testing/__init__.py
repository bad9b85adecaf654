"""For tests of stacks: snapshots that stay quiet, and the order of creation and teardown in lines.

Needs the extra `slr-constructs[testing]`. The fixtures are opt-in, for nobody's pytest should load
jsii unasked: `pytest_plugins = ["slr_constructs.testing.plugin"]` in the top-level `conftest.py`.
"""

from slr_constructs.testing.snapshots import TemplateSnapshotExtension
from slr_constructs.testing.templates import order_lines, resources_of, template_of

__all__ = ["TemplateSnapshotExtension", "order_lines", "resources_of", "template_of"]
