"""AWS on loopback: MiniStack, with patches and additional services.

MiniStack reads these settings when modules of this package import it.
"""

import os

os.environ.update(
    AUTH="true",  # IAM checks every call against the policies of the caller's role
    IOT_MTLS_ENABLED="0",
    LAMBDA_EXECUTOR="local",
    LOG_LEVEL="CRITICAL",
    MINISTACK_HOST="127.0.0.1",  # never localhost, which would be part of a bucket's host name
    SFTP_ENABLED="0",
    # ignore the settings and credentials of this machine
    AWS_CONFIG_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
)
for _name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
    os.environ.pop(_name, None)
