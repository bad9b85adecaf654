"""What a kind of thing has to say for itself: where it is listed, and how its feature goes off."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from botocore.exceptions import ClientError

from slr_constructs.handler.slr_handler.aws import gone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slr_constructs.account.access import Region
    from slr_constructs.handler.slr_handler.aws import Api
    from slr_constructs.handler.slr_handler.run import Run

Settings: TypeAlias = dict[str, Any]
"""What puts a feature back as it was, in its service's own words."""

#: CloudFormation's own, which it gives where the type's schema has `cloudFormationSystemTags`.
_STACK_TAG = "aws:cloudformation:stack-id"


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that uses a role, or may."""

    kind: Kind
    region: str
    #: what calls name it by.
    id: str
    arn: str
    name: str
    #: None while nobody has looked, or if the feature is off.
    settings: Settings | None = None
    #: the id of its stack, by its tags.
    stack: str | None = None

    def having(self, settings: Settings) -> Thing:
        """Return the thing with these settings."""
        return replace(self, settings=settings)


@dataclass(frozen=True, slots=True)
class Listing:
    """How a service lists things: none of botocore's paginators is there for all of them."""

    service: str
    method: str
    member: str
    #: what the service gives at most.
    of_a_page: int
    most: str = "MaxResults"
    next: str = "NextToken"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    #: how much was listed, of which the things are what may use a role.
    listed: int
    things: Sequence[Thing]
    #: what asks for the next page; none after the last.
    next: str | None


class Kind(ABC):
    """A kind of thing that a role's feature is switched on for.

    What is listed with its settings is listed only where the feature is on. What is listed without
    has to be looked at.
    """

    #: in AWS's words.
    name: ClassVar[str]
    #: where its feature is switched: the boto3 client.
    service: ClassVar[str]
    #: the CloudFormation types that own such a thing, and ours that switch its feature on.
    resource_types: ClassVar[tuple[str, ...]]
    #: what is lost when it goes off.
    loss: ClassVar[str]
    #: what it takes to let go of the role, if it is more than switching something off.
    deleted: ClassVar[bool] = False

    #: where such things are listed.
    listing: ClassVar[Listing]

    def page(self, region: Region, next: str | None = None) -> Page:
        """Read one page: by default, the first."""
        where = self.listing
        given: dict[str, Any] = {where.most: where.of_a_page}
        if next is not None:
            given[where.next] = next
        answer = region.api(where.service).call(where.method, **given)
        items = answer.get(where.member, [])
        things = [thing for item in items if (thing := self.listed(region.name, item)) is not None]
        return Page(len(items), things, answer.get(where.next) or None)

    @abstractmethod
    def listed(self, region: str, item: Mapping[str, Any]) -> Thing | None:
        """Return what is on a list; None if its feature is off."""

    @abstractmethod
    def look(self, region: Region, thing: Thing) -> Settings | None:
        """Return a thing's settings as they are; None if its feature is off, or it is gone."""

    @abstractmethod
    def says(self, settings: Settings) -> str:
        """Say in a few words what is on."""

    @abstractmethod
    def off(self, run: Run, thing: Thing) -> str:
        """Switch the feature off, and return what was done.

        Raises:
            RefusedError: The thing is busy, or its service does not do it; again, later.
            ClientError: It may not be done.
        """

    @abstractmethod
    def on(self, region: Region, thing: Thing, settings: Settings) -> str:
        """Switch the feature on as it was, and return the thing's ARN, which may be another one.

        Raises:
            ClientError: It cannot be done.
        """

    def physical_ids(self, thing: Thing) -> Sequence[str]:
        """Return what CloudFormation may call it by: its owner, or what switched it on."""
        return (thing.id, *self.switched_by(thing))

    def switched_by(self, thing: Thing) -> Sequence[str]:  # noqa: ARG002 - those of a few kinds
        """Return the physical ids of our custom resources that switch its feature on."""
        return ()


def asked(api: Api, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - the service model checks them
    """Return an answer; an empty one if what is asked for is gone."""
    try:
        return api.call(method, **parameters)
    except ClientError as error:
        if not gone(error):
            raise
        return {}


def stack_of(item: Mapping[str, Any], tags: str = "Tags") -> str | None:
    """Return the stack of something on a list, by its tags."""
    stack: str | None = (item.get(tags) or {}).get(_STACK_TAG)
    return stack


def last_part(arn: str) -> str:
    """Return the end of an ARN, which is all that some things are called."""
    return arn.rpartition("/")[2]
