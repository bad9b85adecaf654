"""Catch-up: past shows on demand, with access logs.

This stack shows `MediaPackageAccessLogging` for a packaging group, and how two stacks share a role.
This stack and the broadcast stack use the same role, and are independent of each other. Each has a
lease on the role. When you destroy both stacks, the last one deletes the role.
"""

from typing import Any

from aws_cdk import Stack, aws_mediapackage
from constructs import Construct

from slr_constructs import MediaPackageAccessLogging


class CatchUpStack(Stack):
    """A packaging group with access logs in the default log group of MediaPackage.

    Shows `MediaPackageAccessLogging` without options. The role has a second lease while the
    broadcast stack is deployed.
    """

    def __init__(self, scope: Construct, id: str, **kwargs: Any) -> None:  # noqa: ANN401 - those of Stack
        super().__init__(scope, id, **kwargs)
        MediaPackageAccessLogging(
            self,
            "Audience",
            packaging_group=aws_mediapackage.CfnPackagingGroup(
                self, "Shows", id="live-show-catch-up"
            ),
        )
