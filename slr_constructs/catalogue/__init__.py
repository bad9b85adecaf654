"""The catalogue of service-linked roles: all facts about AWS that slr-constructs uses.

Each role is one `RoleDefinition`, and each resource type that uses a role is one `ResourceType`.
`CHIME_MESSAGING_LEGACY` is the older role of the messaging feature, which may still exist in an
account. `CHIME_MEDIA_PIPELINES` and `CHIME_TRANSCRIPTION` are roles without a construct for their
features. Your own `RoleDefinition` works in the same way. The names that this package exports are
public; its modules, one for each feature, are internal.

A tag beside each fact names its source:

- `[document]`: the AWS page about the role, in the edition that slr-constructs was written from;
- `[page]`: the current edition of that page, or another page in the role's `documentation`;
- `[policy]`: the default version of the role's AWS managed policy, as the AWS Managed Policy
  Reference prints it and moto ships it;
- `[botocore]`: the service model, or the list of endpoints, in botocore;
- `[schema]`: the CloudFormation resource schema, as cfn-lint ships it;
- `[seen]`: not AWS, but published results of other people, mainly
  github.com/righteousgambit/quiet-riot (`terraform/`) for the roles that IAM created, and
  github.com/zoph-io/MAMIP for the history of managed policies;
- `[inferred]`: our conclusion, which is not documented.

If a fact has several tags, all these sources agree. If sources disagree, the role's
`contradictions` name both sides and the one that is used. `tests/test_catalogue.py` compares the
facts with the published sources. They were not verified against AWS itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs.catalogue import (
    app_instance_streaming,
    ivs_recording,
    mediapackage_logging,
    mediatailor_logging,
    voice_connector_streaming,
)
from slr_constructs.catalogue.app_instance_streaming import CHIME_MESSAGING, CHIME_MESSAGING_LEGACY
from slr_constructs.catalogue.chime_sdk_media import CHIME_MEDIA_PIPELINES, CHIME_TRANSCRIPTION
from slr_constructs.catalogue.ivs_recording import IVS_RECORD_TO_S3
from slr_constructs.catalogue.mediapackage_logging import MEDIAPACKAGE
from slr_constructs.catalogue.mediatailor_logging import MEDIATAILOR
from slr_constructs.catalogue.resource_type import ResourceType, Usage
from slr_constructs.catalogue.role_definition import (
    Claim,
    Contradiction,
    RoleCreation,
    RoleDefinition,
    Statement,
)
from slr_constructs.catalogue.voice_connector_streaming import CHIME_VOICE_CONNECTOR

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ALL",
    "CHIME_MEDIA_PIPELINES",
    "CHIME_MESSAGING",
    "CHIME_MESSAGING_LEGACY",
    "CHIME_TRANSCRIPTION",
    "CHIME_VOICE_CONNECTOR",
    "IVS_RECORD_TO_S3",
    "MEDIAPACKAGE",
    "MEDIATAILOR",
    "RESOURCE_TYPES",
    "Claim",
    "Contradiction",
    "ResourceType",
    "RoleCreation",
    "RoleDefinition",
    "Statement",
    "Usage",
    "by_role_name",
    "resource_types_of",
    "with_superseded_roles",
]

ALL = (
    CHIME_VOICE_CONNECTOR,
    CHIME_MESSAGING,
    CHIME_MESSAGING_LEGACY,
    IVS_RECORD_TO_S3,
    MEDIATAILOR,
    MEDIAPACKAGE,
    CHIME_MEDIA_PIPELINES,
    CHIME_TRANSCRIPTION,
)

#: all resource types that use a role. Those of a role are in the order in which the AWS
#: documentation disables them.
RESOURCE_TYPES = (
    *voice_connector_streaming.RESOURCE_TYPES,
    *app_instance_streaming.RESOURCE_TYPES,
    *ivs_recording.RESOURCE_TYPES,
    *mediatailor_logging.RESOURCE_TYPES,
    *mediapackage_logging.RESOURCE_TYPES,
)


def resource_types_of(definition: RoleDefinition) -> tuple[ResourceType, ...]:
    """Return the resource types that use a role; none if the catalogue has no feature of the role.

    A role that was replaced has the types of the role that replaced it.
    """
    name = definition.superseded_by or definition.role_name
    return tuple(each for each in RESOURCE_TYPES if each.role.role_name == name)


def usage_lists_of(definition: RoleDefinition) -> tuple[str, ...]:
    """Return the operations that list resources whose usage of a role IAM may not know."""
    return tuple(
        each.calls.list.operation
        for each in resource_types_of(definition)
        if not each.is_known_to_iam
    )


def by_role_name(role_name: str) -> RoleDefinition:
    """Return a role of the catalogue by its name.

    Raises:
        KeyError: The catalogue does not contain the role. The text lists all names.
    """
    for definition in ALL:
        if definition.role_name == role_name:
            return definition
    known = ", ".join(definition.role_name for definition in ALL)
    message = f"role_name must be one of {known}, got {role_name}"
    raise KeyError(message)


def with_superseded_roles(definitions: Iterable[RoleDefinition]) -> list[RoleDefinition]:
    """Return roles without duplicates, each followed by the older roles that it replaced."""
    return list(
        dict.fromkeys(
            each
            for definition in definitions
            for each in (
                definition,
                *(old for old in ALL if old.superseded_by == definition.role_name),
            )
        )
    )
