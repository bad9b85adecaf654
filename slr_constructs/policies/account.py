"""Policy statements for the commands `audit`, `release` and `restore`.

List actions do not support resource ARNs, so their resource is `*`. The resource of stack actions
is also `*`, because stacks are looked up by their resources. All other statements name the resource
type in the given partition, region and account, or the exact ARN of a role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs import catalogue, permissions
from slr_constructs.catalogue import RoleCreation, with_superseded_roles
from slr_constructs.policies.function import creation_statements, stream_statements
from slr_constructs.policies.place import Place, Statements, sid_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slr_constructs.catalogue import RoleDefinition

    _StatementsOfRole = dict[str, Callable[[Place], Statements]]


def audit_statements(definitions: Sequence[RoleDefinition], place: Place) -> Statements:
    """Return the statements to read the usages and leases of roles."""
    # an audit of a role includes the older role that it replaced
    roles = with_superseded_roles(definitions)
    statements: Statements = {}
    for each in roles:
        statements |= _find(each, place)
    statements |= {
        "FindRegions": permissions.find_regions(),
        "FindStacks": permissions.find_stacks(),
    }
    for each in roles:
        statements |= _READ[each.role_name](place)
    return statements


def _find(definition: RoleDefinition, place: Place) -> Statements:
    permission = permissions.find_role(place.role(definition), place.role_without_path(definition))
    return {f"Find{sid_of(definition)}": permission}


def release_statements(definitions: Sequence[RoleDefinition], place: Place) -> Statements:
    """Return the statements to audit roles, to disable their features and to delete them."""
    statements = audit_statements(definitions, place)
    for each in definitions:
        sid, role = sid_of(each), place.role(each)
        if each.superseded_by is not None:
            # the features use the current role, if it exists
            statements |= _find(catalogue.by_role_name(each.superseded_by), place)
        statements |= _REMOVE[each.role_name](place)
        statements |= {
            f"Release{sid}": permissions.release_role(role),
            f"Delete{sid}": permissions.allow_delete(role),
        }
    return statements


def restore_statements(definitions: Sequence[RoleDefinition], place: Place) -> Statements:
    """Return the statements to create roles again and to configure their features."""
    statements: Statements = {"DescribeStacks": permissions.describe_stacks_of_leases()}
    for each in definitions:
        sid, role = sid_of(each), place.role(each)
        statements |= {
            **_find(each, place),
            f"Restore{sid}": permissions.restore_role(role),
        }
        if each.creation is RoleCreation.SERVICE:
            # the service sets the description of the role
            statements[f"Edit{sid}"] = permissions.allow_edit(role)
        if each.creation is not RoleCreation.NEVER:
            create, attach_policies = permissions.allow_create(each, role)
            statements |= {f"Create{sid}": create, f"AttachPoliciesTo{sid}": attach_policies}
        statements |= _CONFIGURE[each.role_name](place)
    return statements


# read role usages


def _find_voice_connectors(place: Place) -> Statements:
    return {
        "ListVoiceConnectors": permissions.find_by_lists("chime:ListVoiceConnectors"),
        "DescribeVoiceConnectors": permissions.describe_voice_connectors(place.voice_connectors),
    }


def _find_app_instances(place: Place) -> Statements:
    return {
        "ListAppInstances": permissions.find_by_lists("chime:ListAppInstances"),
        "DescribeAppInstances": permissions.describe_app_instances(place.app_instances),
    }


def _find_ivs(_place: Place) -> Statements:
    return {
        "ListIvs": permissions.find_by_lists("ivs:ListChannels", "ivs:ListRecordingConfigurations")
    }


def _find_mediatailor(_place: Place) -> Statements:
    return {
        "ListMediaTailor": permissions.find_by_lists(
            "mediatailor:ListChannels", "mediatailor:ListPlaybackConfigurations"
        )
    }


def _find_mediapackage(_place: Place) -> Statements:
    return {
        "ListMediaPackage": permissions.find_by_lists(
            "mediapackage-vod:ListPackagingGroups", "mediapackage:ListChannels"
        )
    }


# disable features


def _remove_voice_connectors(place: Place) -> Statements:
    return {
        "StopVoiceConnectorStreaming": permissions.remove_voice_connectors(place.voice_connectors)
    }


def _remove_app_instances(place: Place) -> Statements:
    return {"StopAppInstanceStreaming": permissions.remove_app_instances(place.app_instances)}


def _remove_ivs(place: Place) -> Statements:
    return {
        "DescribeIvs": permissions.describe_ivs(place.ivs_channels, place.recording_configurations),
        "UpdateIvsChannels": permissions.update_ivs_channels(place.ivs_channels),
        "DeleteRecordingConfigurations": permissions.delete_recording_configurations(
            place.recording_configurations
        ),
    }


def _configure_mediatailor(place: Place) -> Statements:
    return {
        "DescribeMediaTailor": permissions.describe_mediatailor(
            place.playback_configurations, place.linear_channels
        ),
        "MediaTailorSessionLogging": permissions.log_sessions(place.playback_configurations),
        "MediaTailorAsRunLogging": permissions.log_as_run(place.linear_channels),
    }


def _configure_mediapackage(place: Place) -> Statements:
    return {
        "DescribeMediaPackage": permissions.describe_mediapackage(
            place.live_channels, place.packaging_groups
        ),
        "MediaPackageChannelLogging": permissions.log_live_channel(place.live_channels),
        "MediaPackagePackagingGroupLogging": permissions.log_packaging_group(
            place.packaging_groups
        ),
    }


# enable features


def _configure_voice_connectors(place: Place) -> Statements:
    return {
        "DescribeVoiceConnectors": permissions.describe_voice_connectors(place.voice_connectors),
        "StartVoiceConnectorStreaming": permissions.configure_voice_connectors(
            place.voice_connectors, place.media_insights
        ),
    }


def _configure_app_instances(place: Place) -> Statements:
    return {
        # the current role, even if the older one is restored
        **creation_statements(catalogue.CHIME_MESSAGING, place),
        "DescribeAppInstances": permissions.describe_app_instances(place.app_instances),
        "StartAppInstanceStreaming": permissions.configure_app_instances(place.app_instances),
        **stream_statements(place),
    }


def _configure_ivs(place: Place) -> Statements:
    return {
        "ListIvs": permissions.find_by_lists("ivs:ListRecordingConfigurations"),
        "DescribeIvs": permissions.describe_ivs(place.ivs_channels, place.recording_configurations),
        "CreateRecordingConfigurations": permissions.create_recording_configurations(
            place.recording_configurations
        ),
        "RecordToBuckets": permissions.record_to_buckets(f"arn:{place.partition}:s3:::*"),
        "UpdateIvsChannels": permissions.update_ivs_channels(place.ivs_channels),
    }


_READ: _StatementsOfRole = {
    catalogue.CHIME_VOICE_CONNECTOR.role_name: _find_voice_connectors,
    catalogue.CHIME_MESSAGING.role_name: _find_app_instances,
    catalogue.CHIME_MESSAGING_LEGACY.role_name: _find_app_instances,
    catalogue.IVS_RECORD_TO_S3.role_name: _find_ivs,
    catalogue.MEDIATAILOR.role_name: _find_mediatailor,
    catalogue.MEDIAPACKAGE.role_name: _find_mediapackage,
}
_REMOVE: _StatementsOfRole = {
    catalogue.CHIME_VOICE_CONNECTOR.role_name: _remove_voice_connectors,
    catalogue.CHIME_MESSAGING.role_name: _remove_app_instances,
    catalogue.CHIME_MESSAGING_LEGACY.role_name: _remove_app_instances,
    catalogue.IVS_RECORD_TO_S3.role_name: _remove_ivs,
    catalogue.MEDIATAILOR.role_name: _configure_mediatailor,
    catalogue.MEDIAPACKAGE.role_name: _configure_mediapackage,
}
_CONFIGURE: _StatementsOfRole = {
    catalogue.CHIME_VOICE_CONNECTOR.role_name: _configure_voice_connectors,
    catalogue.CHIME_MESSAGING.role_name: _configure_app_instances,
    catalogue.CHIME_MESSAGING_LEGACY.role_name: _configure_app_instances,
    catalogue.IVS_RECORD_TO_S3.role_name: _configure_ivs,
    catalogue.MEDIATAILOR.role_name: _configure_mediatailor,
    catalogue.MEDIAPACKAGE.role_name: _configure_mediapackage,
}
