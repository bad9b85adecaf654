"""Catch-up: past shows on demand, with a log of who fetches them.

The stack holds the same role as the broadcast's. Neither stack knows of the other: each has a lease
on the role, and the one that is destroyed last lets it go.
"""

from typing import Any

from aws_cdk import Stack, aws_mediapackage
from constructs import Construct

from slr_constructs import MediaPackageAccessLogging


class CatchUpStack(Stack):
    """A packaging group that logs to MediaPackage's own group."""

    def __init__(self, scope: Construct, id: str, **kwargs: Any) -> None:  # noqa: ANN401 - those of Stack
        super().__init__(scope, id, **kwargs)
        MediaPackageAccessLogging(
            self,
            "Audience",
            channel=aws_mediapackage.CfnPackagingGroup(self, "Shows", id="live-show-catch-up"),
        )
