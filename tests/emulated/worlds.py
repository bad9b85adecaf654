"""The answers of the emulator to the experiments, and the opposite answers.

Our model of AWS gives one of the answers to each experiment. A world changes the model so that it
gives the other one. Neither says anything about AWS: the worlds show that the experiments notice
both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator
from ministack.services import iam, kinesis, kms

from slr_constructs.catalogue import IVS_RECORD_TO_S3
from tests.emulated.emulator.behaviour import Refusal
from tests.fake_services import features as kinds
from tests.fake_services.features import Features, Kind
from tests.fake_services.wire import Call, Refused, invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.emulated.stacks import Account

    Data = dict[str, Any]
    Operation = Callable[[Features, Kind, Call], Data]


@dataclass(frozen=True, slots=True)
class Played:
    """How the emulator plays both answers of an experiment."""

    #: the answer of the model.
    answer: str
    #: changes the model so that it gives the other answer.
    opposite: Callable[[Account], None]
    #: whether the role stays, with the answer of the model or with the other one.
    role_stays: bool = False


def _behaves(**changes: object) -> Callable[[Account], None]:
    def change(account: Account) -> None:
        for name, value in changes.items():
            setattr(account.emulator.behaviour, name, value)

    return change


def _replaces(service: str, **operations: Operation) -> Callable[[Account], None]:
    def change(account: Account) -> None:
        for name, operation in operations.items():
            account.emulator.features.replaced[service, name] = operation

    return change


def _uses(kind: Kind, rule: Callable[[Any], bool]) -> Callable[[Account], None]:
    def change(account: Account) -> None:
        account.emulator.features.uses_role[kind] = rule

    return change


def _merge_voice(features: Features, kind: Kind, call: Call) -> Data:
    before = features._requested(kind, call).data.get("StreamingConfiguration", {})
    merged = before | call.parameters["StreamingConfiguration"]
    return features._put_member(kind, call, "StreamingConfiguration", merged)


def _limit_retention(features: Features, kind: Kind, call: Call) -> Data:
    if call.parameters["StreamingConfiguration"]["DataRetentionInHours"] > 87600:
        raise invalid(call.service, "DataRetentionInHours is too large")
    return features._put_streaming(kind, call)


def _replace_streams(features: Features, kind: Kind, call: Call) -> Data:
    wanted = call.parameters["StreamingConfigurations"]
    return features._put_member(kind, call, "StreamingConfigurations", wanted)


def _free_on_delete(features: Features, kind: Kind, call: Call) -> Data:
    target = features._requested(kind, call)
    features._delete(kind, call)
    features._use(target, uses=False)
    return {}


def _sip_media_applications_use_the_role(account: Account) -> None:
    _uses(kinds.SIP_MEDIA_APPLICATION, lambda _: True)(account)
    _replaces("chime-sdk-voice", DeleteSipMediaApplication=_free_on_delete)(account)


def _refuse_on_demand(features: Features, kind: Kind, call: Call) -> Data:
    for each in call.parameters["StreamingConfigurations"]:
        stream = kinesis._streams[each["ResourceArn"].rpartition("/")[2]]
        if stream["StreamModeDetails"]["StreamMode"] == "ON_DEMAND":
            raise invalid(call.service, "the stream is on-demand")
    return features._put_streams(kind, call)


def _needs(
    operation: str, action: str, resource: Callable[[str], str]
) -> Callable[[Account], None]:
    """Let a service use a permission of its caller for an operation."""

    def change(account: Account) -> None:
        def act(access_key: str, call: Call) -> None:
            if call.operation != operation or access_key == account.id:
                return
            principal = iam_evaluator.resolve_principal(access_key, account.id)
            request = iam_evaluator.EvalContext(
                principal_arn=principal.arn,
                principal_type=principal.type,
                principal_account=principal.account,
                action=action,
                resource_arn=resource(account.id),
                region=call.region,
                service_context={},
            )
            if iam_evaluator.evaluate(request, principal.policies).decision != "Allow":
                raise Refused("AccessDeniedException", f"not authorized to perform {action}", 403)

        account.emulator.behaviour.acts_for = act

    return change


def _write_inline_policy(features: Features, kind: Kind, call: Call) -> Data:
    created = features._create(kind, call)
    role = iam._roles.get_scoped(call.account, None, IVS_RECORD_TO_S3.role_name)
    role["InlinePolicies"]["bucket"] = '{"Statement": []}'
    return created


def _without_tags(operation: Operation) -> Operation:
    """Return an update that removes the tags of the resource."""

    def carry_out(features: Features, kind: Kind, call: Call) -> Data:
        target = features.find(kind, call.account, call.region, str(kind.id_in(call.parameters)))
        if target is not None:
            target.set_tags({})
        given = {name: value for name, value in call.parameters.items() if name.lower() != "tags"}
        return operation(features, kind, replace(call, parameters=given))

    return carry_out


def _without_logs(operation: Operation, logs: Data) -> Operation:
    """Return an update that disables the logs of the resource."""

    def carry_out(features: Features, kind: Kind, call: Call) -> Data:
        response = operation(features, kind, call)
        target = features._requested(kind, call)
        features._put(target, {**target.data, "LogConfiguration": logs})
        return response

    return carry_out


def _ivs_role(account: str) -> str:
    return IVS_RECORD_TO_S3.arn(partition="aws", account=account)


def _only_key(_account: str) -> str:
    (key,) = kms._keys.values()
    return str(key["Arn"])


PLAYED = {
    "custom-suffix": Played("refused", _behaves(accepts_suffixes=True)),
    "ivs-role": Played("refused", _behaves(creates_every_role=True)),
    "unknown-principal": Played(
        "known",
        _behaves(unknown_principal=Refusal("InvalidInput", "the principal is not valid", 400)),
    ),
    "own-tags": Played("at-once", _behaves(own_changes_seconds=5.0)),
    "log-group": Played("log-group", _behaves(log_groups_as_streams=True)),
    "voice-never-configured": Played(
        "not-found",
        _replaces("chime-sdk-voice", GetVoiceConnectorStreamingConfiguration=lambda *_: {}),
    ),
    "voice-put": Played(
        "replaces",
        _replaces("chime-sdk-voice", PutVoiceConnectorStreamingConfiguration=_merge_voice),
    ),
    "voice-disabled": Played(
        "uses",
        _uses(
            kinds.VOICE_CONNECTOR,
            lambda data: not data.get("StreamingConfiguration", {"Disabled": True})["Disabled"],
        ),
    ),
    "voice-retention": Played(
        "unlimited",
        _replaces("chime-sdk-voice", PutVoiceConnectorStreamingConfiguration=_limit_retention),
    ),
    "sip-media-application": Played("free", _sip_media_applications_use_the_role),
    "messaging-put": Played(
        "merges",
        _replaces("chime-sdk-messaging", PutMessagingStreamingConfigurations=_replace_streams),
    ),
    "messaging-on-demand": Played(
        "accepted",
        _replaces("chime-sdk-messaging", PutMessagingStreamingConfigurations=_refuse_on_demand),
    ),
    "messaging-key": Played(
        "not-needed",
        _needs("PutMessagingStreamingConfigurations", "kms:GenerateDataKey", _only_key),
    ),
    "ivs-inline-policy": Played(
        "none", _replaces("ivs", CreateRecordingConfiguration=_write_inline_policy)
    ),
    "ivs-caller": Played(
        "not-needed", _needs("CreateRecordingConfiguration", "iam:PutRolePolicy", _ivs_role)
    ),
    "as-run-logs": Played("uses", _uses(kinds.LINEAR_CHANNEL, lambda _: False)),
    "vended-logs": Played("uses", _uses(kinds.PLAYBACK_CONFIGURATION, lambda _: False)),
    "packaging-group-logs": Played("uses", _uses(kinds.PACKAGING_GROUP, lambda _: False)),
    "session-logs-removed": Played(
        "unchanged",
        _replaces(
            "mediatailor",
            PutPlaybackConfiguration=_without_logs(Features._put_playback, {"PercentEnabled": 0}),
        ),
    ),
    "as-run-logs-removed": Played(
        "unchanged",
        _replaces("mediatailor", UpdateChannel=_without_logs(Features._update, {"LogTypes": []})),
    ),
    **{
        f"tags-of-{name}": Played(
            "survive", _replaces(service, **{operation: _without_tags(carry_out)})
        )
        for name, service, operation, carry_out in (
            ("voice-connector", "chime-sdk-voice", "UpdateVoiceConnector", Features._update),
            ("app-instance", "chime-sdk-identity", "UpdateAppInstance", Features._update),
            ("ivs-channel", "ivs", "UpdateChannel", Features._update_channel),
            (
                "playback-configuration",
                "mediatailor",
                "PutPlaybackConfiguration",
                Features._put_playback,
            ),
            ("mediatailor-channel", "mediatailor", "UpdateChannel", Features._update),
            ("mediapackage-channel", "mediapackage", "UpdateChannel", Features._update),
            ("packaging-group", "mediapackage-vod", "UpdatePackagingGroup", Features._update),
        )
    },
    **{
        f"deleted-{name}": Played(
            "keeps", _replaces(service, **{operation: _free_on_delete}), role_stays=stays
        )
        for name, service, operation, stays in (
            ("playback-configuration", "mediatailor", "DeletePlaybackConfiguration", False),
            ("mediatailor-channel", "mediatailor", "DeleteChannel", False),
            # a channel that is created again has another ARN
            ("mediapackage-channel", "mediapackage", "DeleteChannel", True),
            ("packaging-group", "mediapackage-vod", "DeletePackagingGroup", False),
            ("app-instance", "chime-sdk-identity", "DeleteAppInstance", True),
            ("voice-connector", "chime-sdk-voice", "DeleteVoiceConnector", True),
        )
    },
}
