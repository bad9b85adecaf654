"""CloudFormation's bucket for responses, on loopback. It needs only the standard library."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request

_BUCKET = "cloudformation-custom-resource-response-"


def response_url(path: str, region: str = "us-east-1") -> str:
    """Return the URL of a response in a region."""
    return f"https://{_BUCKET}{region.replace('-', '')}.s3.{region}.amazonaws.com/{path}"


class _Bucket(urllib.request.HTTPSHandler):
    """Sends requests for the bucket to a server on loopback, without encryption."""

    def __init__(self, server: str) -> None:
        super().__init__()
        self._server = server

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Send a request for the bucket.

        Raises:
            URLError: The request is for another host.
        """
        if not req.host.startswith(_BUCKET):
            raise urllib.error.URLError(f"{req.host} is not CloudFormation's bucket")
        req.host = self._server
        return self.do_open(http.client.HTTPConnection, req)


def route_to(server: str | None) -> None:
    """Let `urlopen` of this process send responses to a host and port; None ends that."""
    handlers = [] if server is None else [_Bucket(server)]
    urllib.request.install_opener(urllib.request.build_opener(*handlers))
