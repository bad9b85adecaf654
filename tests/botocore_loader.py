"""What botocore reads from its data files, read once for all sessions of a test process."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import botocore.client
import botocore.endpoint_provider
import botocore.loaders
import botocore.model
import botocore.regions
import botocore.session
import botocore.useragent

if TYPE_CHECKING:
    from collections.abc import Iterable


class _SharedLoader(botocore.loaders.Loader):  # type: ignore[misc]
    """A loader that several sessions use."""

    @property
    def search_paths(self) -> list[str]:
        """The folders to search, as a copy: every boto3 session appends the same folder to them."""
        return [*self._search_paths]


@functools.cache
def _loader(data_path: str | None = None) -> _SharedLoader:
    # a test may add models of its own, as botocore documents it for AWS_DATA_PATH
    return _SharedLoader(extra_search_paths=list(filter(None, (data_path or "").split(os.pathsep))))


@functools.cache
def _service_model(service: str, api_version: str | None) -> Any:  # noqa: ANN401 - as botocore's
    loader = _loader(os.environ.get("AWS_DATA_PATH"))
    data = loader.load_service_model(service, "service-2", api_version=api_version)
    return botocore.model.ServiceModel(data, service_name=service)


_providers: dict[tuple[int, int, frozenset[str]], Any] = {}


def _endpoint_provider(
    ruleset_data: dict[str, Any],
    partition_data: dict[str, Any],
    excluded_params: Iterable[str] | None = None,
) -> Any:  # noqa: ANN401 - as botocore's
    # the loader keeps the data, so that no other data have the same ids
    key = (id(ruleset_data), id(partition_data), frozenset(excluded_params or ()))
    if key not in _providers:
        _providers[key] = botocore.endpoint_provider.EndpointProvider(
            ruleset_data, partition_data, excluded_params
        )
    return _providers[key]


def share_botocore_data() -> None:
    """Let all sessions that are created from now on share what botocore reads and parses.

    By default every session looks through the folders of about 400 services and parses the same
    JSON files, and every client builds the same service model and endpoint rules. This takes longer
    than most tests.
    """
    botocore.session.create_loader = _loader
    botocore.client.ClientCreator._load_service_model = (
        lambda _creator, service_name, api_version=None: _service_model(service_name, api_version)
    )
    botocore.regions.EndpointProvider = _endpoint_provider
    # a pure function that takes a tenth of every call
    botocore.useragent.sanitize_user_agent_string_component = functools.cache(
        botocore.useragent.sanitize_user_agent_string_component
    )
