"""The commercials: ads in the stream, and a channel that plays between shows.

This stack shows `MediaTailorSessionLogging` and `MediaTailorAsRunLogging`: two features with the
same role, and a clean-up resource for each, which disables the logs before the owner is deleted.
"""

from typing import Any

from aws_cdk import Stack, aws_mediatailor
from constructs import Construct

from slr_constructs import MediaTailorAsRunLogging, MediaTailorSessionLogging


class CommercialsStack(Stack):
    """A playback configuration that logs sessions, and a channel that logs what it has run.

    Shows `MediaTailorSessionLogging` for a quarter of the sessions, with chosen events, and
    `MediaTailorAsRunLogging`.
    """

    def __init__(self, scope: Construct, id: str, **kwargs: Any) -> None:  # noqa: ANN401 - those of Stack
        super().__init__(scope, id, **kwargs)
        ads = aws_mediatailor.CfnPlaybackConfiguration(
            self,
            "Ads",
            name="live-show-ads",
            ad_decision_server_url="https://ads.example.com/vast?show=live",
            video_content_source_url="https://video.example.com/live-show",
        )
        MediaTailorSessionLogging(
            self,
            "AdDecisions",
            playback_configuration=ads,
            percent_enabled=25,
            ads_interaction_publish_opt_in_event_types=["RAW_ADS_REQUEST", "RAW_ADS_RESPONSE"],
            manifest_service_exclude_event_types=["GENERATED_MANIFEST"],
        )
        channel = aws_mediatailor.CfnChannel(
            self,
            "Intermission",
            channel_name="live-show-intermission",
            playback_mode="LOOP",
            outputs=[
                aws_mediatailor.CfnChannel.RequestOutputItemProperty(
                    manifest_name="intermission",
                    source_group="intermission",
                    hls_playlist_settings=aws_mediatailor.CfnChannel.HlsPlaylistSettingsProperty(
                        manifest_window_seconds=60
                    ),
                )
            ],
        )
        MediaTailorAsRunLogging(self, "AsRun", channel=channel)
