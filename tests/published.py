"""What AWS publishes about its APIs and resource types, as other packages contain it."""

from __future__ import annotations

import functools
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import botocore.session

_REGION = "us-east-1"


def _cfn_lint() -> Path:
    package = importlib.util.find_spec("cfnlint")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "data"


@functools.cache
def schema_of(resource_type: str) -> dict[str, Any]:
    """Return a CloudFormation resource schema, from the files of cfn-lint.

    The files are read directly, because importing cfn-lint takes seconds.
    """
    schemas = _cfn_lint() / "schemas"
    listed = json.loads((schemas / "providers" / f"{_REGION}.json").read_text("utf-8"))
    text = (schemas / "resources" / f"{listed[resource_type]}.json").read_text("utf-8")
    return dict(json.loads(text))


@functools.cache
def _reference() -> dict[str, Any]:
    return dict(json.loads((_cfn_lint() / "AdditionalSpecs" / "Policies.json").read_text("utf-8")))


@functools.cache
def iam_actions() -> frozenset[str]:
    """Return every action of the service authorization reference, from cfn-lint, in lower case."""
    return frozenset(
        f"{service}:{action}"
        for service, known in _reference().items()
        for action in known["Actions"]
    )


def arns_of(action: str) -> tuple[str, ...]:
    """Return the forms of the ARNs that an action is authorized on, as regular expressions.

    Empty for an action without resources. From the service authorization reference, from cfn-lint.
    """
    service, name = action.lower().split(":")
    known = _reference()[service]
    types = known["Actions"][name].get("Resources", ())
    return tuple(
        re.sub(r"\$\{\w+\}", "[^:]*", form)
        for each in types
        for form in known["Resources"][each.lower()]["ARNFormats"]
    )


@functools.cache
def service_model(client: str) -> Any:  # noqa: ANN401 - botocore ships no types
    """Return botocore's model of a service."""
    return botocore.session.get_session().get_service_model(client)
