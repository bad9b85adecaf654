"""What AWS publishes about its APIs and resource types, as the packages of others carry it."""

from __future__ import annotations

import functools
import importlib.util
import json
from pathlib import Path
from typing import Any

import botocore.session

_REGION = "us-east-1"


@functools.cache
def schema_of(resource_type: str) -> dict[str, Any]:
    """Return a CloudFormation resource schema, from the files of cfn-lint.

    They are read as they are: importing cfn-lint takes seconds.
    """
    package = importlib.util.find_spec("cfnlint")
    assert package is not None
    assert package.origin is not None
    schemas = Path(package.origin).parent / "data" / "schemas"
    listed = json.loads((schemas / "providers" / f"{_REGION}.json").read_text("utf-8"))
    text = (schemas / "resources" / f"{listed[resource_type]}.json").read_text("utf-8")
    return dict(json.loads(text))


@functools.cache
def service_model(client: str) -> Any:  # noqa: ANN401 - botocore ships no types
    """Return botocore's model of a service."""
    return botocore.session.get_session().get_service_model(client)
