"""Kinds of resources that use a role: how to list them, and how to disable their feature."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from botocore.exceptions import ClientError

from slr_constructs.handler.slr_handler.aws import is_not_found

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.account.access import Region
    from slr_constructs.handler.slr_handler.aws import Api
    from slr_constructs.handler.slr_handler.run import Run

Settings: TypeAlias = dict[str, Any]
"""The settings of a feature, as the API of its service takes them to configure it again."""

#: CloudFormation sets this tag if the schema of the resource type has `cloudFormationSystemTags`.
_STACK_TAG = "aws:cloudformation:stack-id"


@dataclass(frozen=True, slots=True)
class TargetResource:
    """A resource that uses a role, or may use it."""

    kind: Kind
    region: str
    #: the id that API calls take.
    id: str
    arn: str
    name: str
    #: None if the settings are not read yet, or if the feature is disabled.
    settings: Settings | None = None
    #: the id of its stack, from its tags.
    stack: str | None = None

    def with_settings(self, settings: Settings) -> TargetResource:
        """Return a copy with these settings."""
        return replace(self, settings=settings)


@dataclass(frozen=True, slots=True)
class Listing:
    """How a service lists resources. botocore does not have paginators for all of these lists."""

    service: str
    method: str
    member: str
    #: the maximum that the service allows.
    page_size: int
    limit_parameter: str = "MaxResults"
    #: the member of requests and responses with the token of the next page.
    next_member: str = "NextToken"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list."""

    #: the number of items on the page. Only some of them may use a role.
    item_count: int
    targets: Sequence[TargetResource]
    #: the token of the next page; None after the last page.
    next_token: str | None


class Kind(ABC):
    """A kind of resource that can have a feature of a role.

    If the list of a kind includes settings, `parse_item` returns only resources whose feature is
    enabled. Otherwise it returns every resource without settings, and `read_settings` reads them.
    """

    #: the name in the AWS documentation.
    name: ClassVar[str]
    #: the boto3 client that configures the feature.
    service: ClassVar[str]
    #: the CloudFormation types of such resources, and of custom resources that configure them.
    resource_types: ClassVar[tuple[str, ...]]
    #: what stops working when the feature is disabled.
    consequence: ClassVar[str]
    #: whether the resource itself must be deleted, because the feature cannot be disabled.
    disabled_by_deletion: ClassVar[bool] = False

    #: how such resources are listed.
    listing: ClassVar[Listing]

    def read_page(self, region: Region, next_token: str | None = None) -> Page:
        """Read a page of the list. Default: the first page."""
        listing = self.listing
        parameters: dict[str, Any] = {listing.limit_parameter: listing.page_size}
        if next_token is not None:
            parameters[listing.next_member] = next_token
        response = region.api(listing.service).call(listing.method, **parameters)
        items = response.get(listing.member, [])
        targets = [
            target for item in items if (target := self.parse_item(region.name, item)) is not None
        ]
        return Page(len(items), targets, response.get(listing.next_member) or None)

    @abstractmethod
    def parse_item(self, region: str, item: Mapping[str, Any]) -> TargetResource | None:
        """Return the resource of a list item; None if its feature is disabled."""

    @abstractmethod
    def read_settings(self, region: Region, target: TargetResource) -> Settings | None:
        """Read the current settings; None if the feature is disabled or the resource is deleted."""

    @abstractmethod
    def describe_settings(self, settings: Settings) -> str:
        """Return a few words about the settings."""

    @abstractmethod
    def disable(self, run: Run, target: TargetResource) -> str:
        """Disable the feature, and return what was done.

        Raises:
            OperationError: The resource is busy, or its service refuses for now. Retry later.
            ClientError: The service refuses the call.
        """

    @abstractmethod
    def configure(self, region: Region, target: TargetResource, settings: Settings) -> str:
        """Configure the feature again, and return the ARN of the resource, which may be new.

        Raises:
            ClientError: The service refuses the call.
        """

    def physical_ids(self, target: TargetResource) -> Sequence[str]:
        """Return the physical ids of the owner and of our custom resources that configure it."""
        return (target.id, *self.custom_resource_ids(target))

    def custom_resource_ids(self, target: TargetResource) -> Sequence[str]:  # noqa: ARG002 - only some kinds use it
        """Return the physical ids of our custom resources that configure the feature."""
        return ()


def call_or_empty(api: Api, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - the service model checks them
    """Return the response of a call; an empty one if the resource does not exist."""
    try:
        return api.call(method, **parameters)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return {}


def stack_from_tags(item: Mapping[str, Any], tags: str = "Tags") -> str | None:
    """Return the stack id in the tags of a list item."""
    stack: str | None = (item.get(tags) or {}).get(_STACK_TAG)
    return stack


def last_part(arn: str) -> str:
    """Return the last part of an ARN, which is the only name that some resources have."""
    return arn.rpartition("/")[2]
