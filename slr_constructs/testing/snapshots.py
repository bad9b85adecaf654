"""Syrupy extensions for templates: one JSON or YAML file per test, without volatile values."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml
from syrupy.extensions.json import JSONSnapshotExtension

if TYPE_CHECKING:
    from syrupy.types import SerializableData, SerializedData

_ASSET_HASH = re.compile(r"\b[0-9a-f]{64}\b")
#: the required version of the CDK toolkit: the same in every stack.
_BOOTSTRAP = ("BootstrapVersion", "CheckBootstrapVersion")
_CDK_METADATA = ("aws:cdk:path", "aws:asset:path", "aws:asset:property", "aws:asset:is-bundled")


class TemplateSnapshotExtension(JSONSnapshotExtension):
    """Store a template or a part of one as JSON, without values that are irrelevant in a review.

    Asset hashes become `<asset>`. The bootstrap parameter and rule are removed, and so are the
    paths that the CDK command line adds as metadata.
    """

    def serialize(self, data: SerializableData, **options: Any) -> SerializedData:  # noqa: ANN401 - as syrupy has it
        """Return the normalized template as JSON text."""
        return super().serialize(normalize(data), **options)


class TemplateYamlSnapshotExtension(TemplateSnapshotExtension):
    """Store the same content as YAML."""

    file_extension = "yaml"

    def serialize(self, data: SerializableData, **options: Any) -> SerializedData:  # noqa: ANN401 - as syrupy has it
        """Return the normalized template as YAML text."""
        # via JSON, so that syrupy omits the same values
        value = json.loads(super().serialize(data, **options))
        return str(yaml.safe_dump(value, allow_unicode=True, width=100))


def normalize(value: Any) -> Any:  # noqa: ANN401 - any part of a template
    """Return a template, or a part of one, without volatile values."""
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
