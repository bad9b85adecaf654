"""Syrupy extensions for templates: JSON or YAML, a file a test, without what changes by itself."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml
from syrupy.extensions.json import JSONSnapshotExtension

if TYPE_CHECKING:
    from syrupy.types import SerializableData, SerializedData

_ASSET_HASH = re.compile(r"\b[0-9a-f]{64}\b")
#: which CDK toolkit may deploy the template: every stack has them, none is about the stack.
_BOOTSTRAP = ("BootstrapVersion", "CheckBootstrapVersion")
_CDK_METADATA = ("aws:cdk:path", "aws:asset:path", "aws:asset:property", "aws:asset:is-bundled")


class TemplateSnapshotExtension(JSONSnapshotExtension):
    """Store a template or a part of one as JSON, with what is noise in a review left out.

    Asset hashes read `<asset>`; the bootstrap parameter and rule, and the paths that the CDK
    command line adds as metadata, are dropped.
    """

    def serialize(self, data: SerializableData, **options: Any) -> SerializedData:  # noqa: ANN401 - as syrupy has it
        """Return the normalized template as JSON text."""
        return super().serialize(normalize(data), **options)


class TemplateYamlSnapshotExtension(TemplateSnapshotExtension):
    """Store the same as YAML, which some read more easily."""

    file_extension = "yaml"

    def serialize(self, data: SerializableData, **options: Any) -> SerializedData:  # noqa: ANN401 - as syrupy has it
        """Return the normalized template as YAML text."""
        # what syrupy leaves out of JSON, it leaves out of YAML
        value = json.loads(super().serialize(data, **options))
        return str(yaml.safe_dump(value, allow_unicode=True, width=100))


def normalize(value: Any) -> Any:  # noqa: ANN401 - any part of a template
    """Return a template, or a part of one, without what changes by itself."""
    if isinstance(value, str):
        return _ASSET_HASH.sub("<asset>", value)
    if isinstance(value, list):
        return [normalize(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {
        key: normalize(each)
        for key, each in value.items()
        if key not in _BOOTSTRAP and key not in _CDK_METADATA
    }
    return {
        key: each
        for key, each in kept.items()
        if each or key not in ("Metadata", "Parameters", "Rules") or not value[key]
    }
