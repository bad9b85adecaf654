"""A warning about templates that are too large for the place where they are deployed from.

CloudFormation accepts a template of 51,200 bytes in a request, and larger ones only from a bucket.
A stack with the synthesizer `BootstraplessSynthesizer` has no bucket. The size of a template is
known only after it was written, so a plugin of CDK reads it, as `RoleGuard` does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import jsii
from aws_cdk import (
    BootstraplessSynthesizer,
    IPolicyValidationPlugin,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
    Stage,
    Validations,
)

from slr_constructs._function_definition import REQUEST_BYTES
from slr_constructs._registry import key_of
from slr_constructs._version import __version__

if TYPE_CHECKING:
    from aws_cdk import IPolicyValidationContext, Stack

_RULE = "TemplateTooLarge"


def warn_about_size(stack: Stack) -> None:
    """Warn at synthesis if a stack with inline code gets too large and has no bucket."""
    root = stack.node.root
    # a plugin needs an app; other roots are synthesized only by tests
    if not isinstance(stack.synthesizer, BootstraplessSynthesizer) or not isinstance(root, Stage):
        return
    key = key_of(root)
    if key not in _PLUGINS:
        _PLUGINS[key] = _TemplateSize()
        Validations.of(root).add_plugins(_PLUGINS[key])
    _PLUGINS[key].paths[stack.template_file] = stack.node.path


@jsii.implements(IPolicyValidationPlugin)
class _TemplateSize:
    """Reports templates that are too large for a request."""

    def __init__(self) -> None:
        #: The paths of the stacks, by the names of their templates.
        self.paths: dict[str, str] = {}

    @property
    def name(self) -> str:
        """The name of the plugin, which is the prefix of the rule that you acknowledge."""
        return "slr-constructs-template-size"

    @property
    def version(self) -> str:
        """The version of this library."""
        return __version__

    @property
    def rule_ids(self) -> list[str]:
        """The ids of the rules that you can acknowledge."""
        return [_RULE]

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:
        """Return one warning for each template. CDK calls this method at synthesis."""
        sizes = {
            self.paths[path.name]: path.stat().st_size
            for path in map(Path, context.template_paths)
            if path.name in self.paths
        }
        return PolicyValidationPluginReport(
            success=True,
            violations=[
                PolicyViolation(
                    rule_name=_RULE,
                    severity="warning",
                    description=(
                        f"The template of {path} has {size:,} bytes, but CloudFormation accepts at"
                        f" most {REQUEST_BYTES:,} in a request, and this stack has no bucket."
                    ),
                    fix=(
                        "Upload the template to a bucket, split the stack, set"
                        " suppress_template_indentation, or use a synthesizer with a bucket."
                    ),
                    violating_resources=[
                        PolicyViolatingResource(construct_path=path, locations=[])
                    ],
                )
                for path, size in sizes.items()
                if size > REQUEST_BYTES
            ],
        )


#: The plugins, by the key of their app.
_PLUGINS: dict[str, _TemplateSize] = {}
