"""What takes place outside of stacks: an audit, a release, a restore.

Lists know no resource, so those have a star; so have stacks, which are asked for by what is in
them. All the rest is about things by their kind, in the place that is named, and about the roles to
the letter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slr_constructs import catalogue, rights
from slr_constructs.catalogue import RoleCreation, with_older_names
from slr_constructs.policies.of_function import creation, streams
from slr_constructs.policies.place import Place, Statements, sid_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slr_constructs.catalogue import RoleDefinition

    _Of = dict[str, Callable[[Place], Statements]]


def for_an_audit(definitions: Sequence[RoleDefinition], place: Place) -> Statements:
    """Let somebody read who holds roles, and change nothing."""
    # an older role is looked for together with the one that took its place
    every = with_older_names(definitions)
    statements: Statements = {}
    for each in every:
        statements |= _find(each, place)
    statements |= {"FindRegions": rights.find_regions(), "FindStacks": rights.find_stacks()}
    for each in every:
        statements |= _USERS[each.role_name](place)
    return statements


def _find(definition: RoleDefinition, place: Place) -> Statements:
    right = rights.find_role(place.role(definition), place.role_without_path(definition))
    return {f"Find{sid_of(definition)}": right}


def for_a_release(definitions: Sequence[RoleDefinition], place: Place) -> Statements:
    """Let somebody read the same, switch off what uses roles, and delete them."""
    statements = for_an_audit(definitions, place)
    for each in definitions:
        sid, role = sid_of(each), place.role(each)
        if each.superseded_by is not None:
            # what uses a role uses the one of today, if that is there
            statements |= _find(catalogue.by_role_name(each.superseded_by), place)
        statements |= _OFF[each.role_name](place)
        statements |= {
            f"LetGoOf{sid}": rights.let_go_of_role(role),
            f"Delete{sid}": rights.let_delete(role),
        }
    return statements


def for_a_restore(definitions: Sequence[RoleDefinition], place: Place) -> Statements:
    """Let somebody make the roles again, and switch on what used them."""
    statements: Statements = {"LookUpStacks": rights.look_up_stacks()}
    for each in definitions:
        sid, role = sid_of(each), place.role(each)
        statements |= {
            **_find(each, place),
            f"PutBack{sid}": rights.put_back_role(role),
        }
        if each.creation is RoleCreation.SERVICE:
            # whose description is its service's
            statements[f"Edit{sid}"] = rights.let_edit(role)
        if each.creation is not RoleCreation.NEVER:
            create, give_policies = rights.let_create(each, role)
            statements |= {f"Create{sid}": create, f"GivePoliciesTo{sid}": give_policies}
        statements |= _ON[each.role_name](place)
    return statements


# what uses roles


def _find_voice_connectors(place: Place) -> Statements:
    return {
        "ListVoiceConnectors": rights.find_by_lists("chime:ListVoiceConnectors"),
        "LookAtVoiceConnectors": rights.look_at_voice_connectors(place.voice_connectors),
    }


def _find_app_instances(place: Place) -> Statements:
    return {
        "ListAppInstances": rights.find_by_lists("chime:ListAppInstances"),
        "LookAtAppInstances": rights.look_at_app_instances(place.app_instances),
    }


def _find_ivs(_place: Place) -> Statements:
    return {"ListIvs": rights.find_by_lists("ivs:ListChannels", "ivs:ListRecordingConfigurations")}


def _find_mediatailor(_place: Place) -> Statements:
    return {
        "ListMediaTailor": rights.find_by_lists(
            "mediatailor:ListChannels", "mediatailor:ListPlaybackConfigurations"
        )
    }


def _find_mediapackage(_place: Place) -> Statements:
    return {
        "ListMediaPackage": rights.find_by_lists(
            "mediapackage-vod:ListPackagingGroups", "mediapackage:ListChannels"
        )
    }


# off


def _stop_voice_connectors(place: Place) -> Statements:
    return {"StopVoiceConnectors": rights.stop_voice_connectors(place.voice_connectors)}


def _stop_app_instances(place: Place) -> Statements:
    return {"StopAppInstances": rights.stop_app_instances(place.app_instances)}


def _stop_ivs(place: Place) -> Statements:
    return {
        "LookAtIvs": rights.look_at_ivs(place.ivs_channels, place.recording_configurations),
        "PointIvsChannels": rights.point_ivs_channels(place.ivs_channels),
        "DeleteRecordingConfigurations": rights.delete_recording_configurations(
            place.recording_configurations
        ),
    }


def _switch_mediatailor(place: Place) -> Statements:
    return {
        "LookAtMediaTailor": rights.look_at_mediatailor(
            place.playback_configurations, place.linear_channels
        ),
        "MediaTailorSessionLogging": rights.log_sessions(place.playback_configurations),
        "MediaTailorAsRunLogging": rights.log_as_run(place.linear_channels),
    }


def _switch_mediapackage(place: Place) -> Statements:
    return {
        "LookAtMediaPackage": rights.look_at_mediapackage(
            place.live_channels, place.packaging_groups
        ),
        "MediaPackageChannelLogging": rights.log_live_channel(place.live_channels),
        "MediaPackagePackagingGroupLogging": rights.log_packaging_group(place.packaging_groups),
    }


# on


def _start_voice_connectors(place: Place) -> Statements:
    return {
        "LookAtVoiceConnectors": rights.look_at_voice_connectors(place.voice_connectors),
        "StartVoiceConnectors": rights.start_voice_connectors(
            place.voice_connectors, place.media_insights
        ),
    }


def _start_app_instances(place: Place) -> Statements:
    return {
        # today's role, even where it is the older one that comes back
        **creation(catalogue.CHIME_MESSAGING, place),
        "LookAtAppInstances": rights.look_at_app_instances(place.app_instances),
        "StartAppInstances": rights.start_app_instances(place.app_instances),
        **streams(place),
    }


def _start_ivs(place: Place) -> Statements:
    return {
        "ListIvs": rights.find_by_lists("ivs:ListRecordingConfigurations"),
        "LookAtIvs": rights.look_at_ivs(place.ivs_channels, place.recording_configurations),
        "MakeRecordingConfigurations": rights.make_recording_configurations(
            place.recording_configurations
        ),
        "RecordToBuckets": rights.record_to_buckets(f"arn:{place.partition}:s3:::*"),
        "PointIvsChannels": rights.point_ivs_channels(place.ivs_channels),
    }


_USERS: _Of = {
    catalogue.CHIME_VOICE_CONNECTOR.role_name: _find_voice_connectors,
    catalogue.CHIME_MESSAGING.role_name: _find_app_instances,
    catalogue.CHIME_MESSAGING_LEGACY.role_name: _find_app_instances,
    catalogue.IVS_RECORD_TO_S3.role_name: _find_ivs,
    catalogue.MEDIATAILOR.role_name: _find_mediatailor,
    catalogue.MEDIAPACKAGE.role_name: _find_mediapackage,
}
_OFF: _Of = {
    catalogue.CHIME_VOICE_CONNECTOR.role_name: _stop_voice_connectors,
    catalogue.CHIME_MESSAGING.role_name: _stop_app_instances,
    catalogue.CHIME_MESSAGING_LEGACY.role_name: _stop_app_instances,
    catalogue.IVS_RECORD_TO_S3.role_name: _stop_ivs,
    catalogue.MEDIATAILOR.role_name: _switch_mediatailor,
    catalogue.MEDIAPACKAGE.role_name: _switch_mediapackage,
}
_ON: _Of = {
    catalogue.CHIME_VOICE_CONNECTOR.role_name: _start_voice_connectors,
    catalogue.CHIME_MESSAGING.role_name: _start_app_instances,
    catalogue.CHIME_MESSAGING_LEGACY.role_name: _start_app_instances,
    catalogue.IVS_RECORD_TO_S3.role_name: _start_ivs,
    catalogue.MEDIATAILOR.role_name: _switch_mediatailor,
    catalogue.MEDIAPACKAGE.role_name: _switch_mediapackage,
}
