"""What coverage does not trace: functions of other packages that never call this library.

Only `slr_constructs` is measured, but Python traces every call, and the calls of other packages
take most of that time. A function belongs here if it takes long and calls no function of this
library: lines that run below it are not measured, so a mistake lowers the measured coverage.
"""

from __future__ import annotations

import copy
import functools
import sys
from typing import TYPE_CHECKING, Any

import boto3.session
import botocore.client
import botocore.endpoint
import botocore.parsers
import botocore.session
import cfnlint.graph
import cfnlint.template
import typeguard
import yaml
from jsii import _kernel
from jsii._kernel.providers import process

if TYPE_CHECKING:
    from collections.abc import Callable

_FUNCTIONS: tuple[tuple[Any, str], ...] = (
    (_kernel, "_get_overides"),
    (_kernel, "_make_reference_for_native"),
    (_kernel, "_recursize_dereference"),
    (boto3.session.Session, "__init__"),
    (botocore.client.ClientCreator, "create_client"),
    (botocore.client.BaseClient, "_convert_to_request_dict"),
    (botocore.endpoint.Endpoint, "create_request"),
    (botocore.parsers.ResponseParser, "parse"),
    (botocore.session.Session, "__init__"),
    (cfnlint.graph.Graph, "__init__"),
    (cfnlint.template.Template, "__init__"),
    (cfnlint.template.Template, "search_deep_keys"),
    (copy, "deepcopy"),
    (process._NodeProcess, "send"),
    (typeguard, "check_type"),
    (yaml, "parse"),
)


def _untraced(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the function has
        tracer = sys.gettrace()
        if tracer is None:
            return function(*args, **kwargs)
        sys.settrace(None)
        try:
            return function(*args, **kwargs)
        finally:
            sys.settrace(tracer)

    return call


def trace_only_this_library() -> None:
    """Pause tracing while one of these functions runs.

    A function that another version of its package does not have is traced, which only takes time.
    """
    for owner, name in _FUNCTIONS:
        if function := getattr(owner, name, None):
            setattr(owner, name, _untraced(function))
