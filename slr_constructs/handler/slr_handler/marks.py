"""Marks on owners outside of the stack: who configured a feature, and what was there before.

Such an owner is not the stack's own: it has a life before and after the stack, and another stack
may name it too. So before the first change of its feature, the function tags the owner with

- a *mark*: its key has a digest of the stack and the logical id, and its value is the stack's id;
- the *settings before*, in as many tags as they need.

A stack that finds the mark of another stack changes nothing. When the custom resource is deleted,
the function gives back the settings before, but only where the owner still has the setting that the
custom resource asked for: everything else belongs to others.

When a construct gets another logical id, CloudFormation creates the new custom resource before it
deletes the old one. The new one then takes over: its mark refers to the old one's. When the old one
is deleted, its settings before pass to the new one. When the new one is deleted first, in a
rollback, it gives back what it found, which are the settings of the old one.

Tags can be refused, and other tools remove tags that they do not know. Without a mark the feature
works, but it is not protected, and the log says so.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

from botocore.exceptions import ClientError

from .aws import code, is_busy, is_not_found, message
from .context import OperationError
from .contract import TAG_PREFIX
from .operation import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from .aws import RetryIf
    from .context import Context, StackResource
    from .contract import Contract

#: the prefix of the tag that says which stack configured the owner.
MARK_TAG = f"{TAG_PREFIX}configured-by:"
#: the prefix of the tags with the settings before.
_BEFORE_TAG = f"{TAG_PREFIX}before:"
#: the limits of tags: all services of the features have them [botocore], or none in their model.
_VALUE_CHARACTERS = 256
_MAX_TAGS = 50
#: tags of AWS do not count.
_AWS = "aws:"

C = TypeVar("C", bound="Contract")

Settings: TypeAlias = dict[str, Any]
"""The settings of a feature by name. A setting that is not set, or is None, is omitted.

Each setting can be changed without the others: of a list with independent items, each item is one.
"""


class OwnerHeldError(OperationError):
    """Another stack configures the feature of the owner."""


@dataclass(frozen=True, slots=True)
class TagApi:
    """The operations of a service for tags, and the names of their parameters."""

    service: str
    arn: str = "ResourceArn"
    tags: str = "Tags"
    keys: str = "TagKeys"
    #: whether tags are a list of keys and values, and not a map.
    is_list: bool = False

    def read(self, context: Context, arn: str, retry_if: RetryIf) -> dict[str, str] | None:
        """Return the tags of an owner whose description does not have them; None if refused.

        Raises:
            ClientError: The owner does not exist.
        """
        try:
            response = context.api(self.service).call(
                "list_tags_for_resource", retry_if=retry_if, **{self.arn: arn}
            )
        except ClientError as error:
            if is_not_found(error):
                raise
            _report_unprotected(context, error)
            return None
        return {tag["Key"]: tag["Value"] for tag in response.get(self.tags, [])}

    def tag(self, context: Context, arn: str, tags: dict[str, str]) -> None:
        """Add tags to an owner."""
        given: Any = [{"Key": key, "Value": value} for key, value in tags.items()]
        parameters: dict[str, Any] = {self.arn: arn, self.tags: given if self.is_list else tags}
        context.api(self.service).call("tag_resource", **parameters)

    def untag(self, context: Context, arn: str, keys: Iterable[str]) -> None:
        """Remove tags from an owner."""
        parameters: dict[str, Any] = {self.arn: arn, self.keys: [*keys]}
        context.api(self.service).call("untag_resource", **parameters)


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner as its service returns it."""

    arn: str
    #: None if they cannot be read.
    tags: dict[str, str] | None
    settings: Settings


@dataclass(frozen=True, slots=True)
class _Record:
    """What a custom resource found when it marked the owner."""

    #: None if they are unknown, because they did not fit into the tags, or the tags vanished.
    before: Settings | None
    #: the digest of the custom resource that this one took over from.
    after: str | None = None
    #: the names of the settings that this one then asked for.
    names: tuple[str, ...] = ()

    def encoded(self) -> list[str]:
        """Return the values of the tags. The text is compressed, and has only legal characters."""
        given = {"before": self.before, "after": self.after, "names": self.names}
        text = json.dumps({k: v for k, v in given.items() if v not in (None, ())})
        packed = base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode()
        return [
            packed[start : start + _VALUE_CHARACTERS]
            for start in range(0, len(packed), _VALUE_CHARACTERS)
        ]

    @classmethod
    def decoded(cls, values: Iterable[str]) -> _Record:
        """Return the record of the tags' values. If one of them is missing, nothing is known."""
        try:
            given = json.loads(zlib.decompress(base64.urlsafe_b64decode("".join(values))))
        except (ValueError, zlib.error):
            return cls(None)
        return cls(given.get("before"), given.get("after"), tuple(given.get("names", ())))


def _report_unprotected(context: Context, error: ClientError) -> None:
    context.on_event(
        "owner not marked",
        code=code(error),
        message=message(error),
        unprotected=(
            "another stack can configure the same feature, and the settings before are not given"
            " back when the feature is removed"
        ),
    )


def digest_of(holder: StackResource) -> str:
    """Return the digest of a custom resource in the keys of its tags."""
    return hashlib.sha256(f"{holder.stack_id}/{holder.logical_id}".encode()).hexdigest()[:32]


def mark_keys(tags: Collection[str], digest: str) -> list[str]:
    """Return the keys of a mark and of its settings before."""
    before = f"{_BEFORE_TAG}{digest}:"
    return [
        *(each for each in tags if each == MARK_TAG + digest),
        *(each for each in tags if each.startswith(before)),
    ]


def marks_in(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the marks in the tags of an owner: ids of stacks, by digest."""
    return {
        key.removeprefix(MARK_TAG): value for key, value in tags.items() if key.startswith(MARK_TAG)
    }


def _record_in(tags: dict[str, str], digest: str) -> _Record:
    prefix = f"{_BEFORE_TAG}{digest}:"
    count = sum(key.startswith(prefix) for key in tags)
    return _Record.decoded(tags.get(f"{prefix}{number}", "") for number in range(count))


def _tags_of(record: _Record, digest: str) -> dict[str, str]:
    return {
        f"{_BEFORE_TAG}{digest}:{number}": value for number, value in enumerate(record.encoded())
    }


def _without_none(settings: Settings) -> Settings:
    return {name: value for name, value in settings.items() if value is not None}


class MarkedFeature(ABC, Generic[C]):
    """A feature of owners outside of the stack: how to read, write and tag its owners.

    Args:
        contract: The contract of the custom resource.

        tags: The operations for tags.

        configure: Configures the feature of an owner in the stack.
            Default: such an owner has native properties, so that this contract is not for it.

        remove: Disables the feature, without a mark.
    """

    #: the feature in sentences, such as "session logging".
    noun: ClassVar[str]

    def __init__(
        self,
        contract: type[C],
        tags: TagApi,
        *,
        remove: Callable[[C, Context], str],
        configure: Callable[[C, Context], str] | None = None,
    ) -> None:
        self._contract = contract
        self.tags = tags
        self._configure = configure
        self._remove = remove

    @abstractmethod
    def read(self, name: str, context: Context, retry_if: RetryIf) -> Owner:
        """Read an owner.

        Raises:
            ClientError: It does not exist, or the call is refused.
        """

    @abstractmethod
    def asked(self, wanted: C) -> Settings:
        """Return the settings that a custom resource asks for; None for one to be removed."""

    def with_default(self, asked: Settings, before: Settings) -> Settings:  # noqa: ARG002 - for features with a default
        """Return the asked settings, and what they need if the owner did not have it before."""
        return asked

    def is_still(self, asked: object, current: object) -> bool:
        """Return whether the owner has a setting as it was asked for."""
        return asked == current

    def with_needed(self, settings: Settings, current: Settings) -> Settings:  # noqa: ARG002 - for features with such settings
        """Return settings to be left, and the current ones that these cannot do without."""
        return settings

    @abstractmethod
    def write(self, name: str, settings: Settings, context: Context, retry_if: RetryIf) -> None:
        """Replace the current settings. Without settings, the feature is disabled."""

    @abstractmethod
    def outcome(self, wanted: C) -> str:
        """Return a sentence about what was configured."""

    @property
    def operation(self) -> Operation:
        """The operation for the custom resource."""
        return Operation(
            self._contract, self.configure, self.remove, update=self.update, undo=self.undo
        )

    def configure(self, wanted: C, context: Context) -> str:
        """Mark the owner and configure the feature."""
        return self.update(wanted, None, context)

    def update(self, wanted: C, old: C | None, context: Context) -> str:
        """Mark the owner and configure the feature, after the old contract for the same owner."""
        if not wanted.marks_owner and self._configure is not None:
            return self._configure(wanted, context)
        return _Marking(self, wanted, context).configure(old)

    def remove(self, wanted: C, context: Context) -> str:
        """Give back the settings before, and remove the mark."""
        if not wanted.marks_owner or context.stack_resource is None:
            return self._remove(wanted, context)
        return _Marking(self, wanted, context).remove(configured=True)

    def undo(self, wanted: C, context: Context) -> str:
        """Do the same as `remove` if this custom resource may have configured the feature."""
        if not wanted.marks_owner:
            return self._remove(wanted, context)
        return _Marking(self, wanted, context).remove(configured=False)


class _Marking(Generic[C]):
    """One request for an owner outside of the stack."""

    def __init__(self, feature: MarkedFeature[C], wanted: C, context: Context) -> None:
        assert context.stack_resource is not None  # noqa: S101 - only requests of stacks mark owners
        self._feature = feature
        self._wanted = wanted
        self._context = context
        self._name = wanted.target
        self._subject = f"{feature.noun} of {self._name}"
        self._stack = context.stack_resource.stack_id
        self._digest = digest_of(context.stack_resource)

    # configure

    def configure(self, old: C | None) -> str:
        """Mark the owner, and write the settings that are asked for."""
        owner = self._feature.read(self._name, self._context, is_not_found)
        tags = owner.tags or {}
        self._refuse_others(tags)
        is_marked = self._digest in marks_in(tags)
        before = _record_in(tags, self._digest).before if is_marked else None
        settings = owner.settings
        if old is not None:
            asked = self._asked_by(old, before or {})
            settings = self._reverted(settings, asked, before or {})
        if not is_marked:
            self._mark(owner, settings)
        asked = self._asked_by(self._wanted, settings if before is None else before)
        self._feature.write(
            self._name, _without_none(settings | asked), self._context, is_not_found
        )
        return self._feature.outcome(self._wanted)

    def _asked_by(self, wanted: C, before: Settings) -> Settings:
        return self._feature.with_default(self._feature.asked(wanted), before)

    def _refuse_others(self, tags: dict[str, str]) -> None:
        others = sorted(each for each in marks_in(tags).values() if each != self._stack)
        if others:
            text = (
                f"the stack {_name_of(others[0])} already configures"
                f" {self._subject}. Remove the feature from one of the stacks."
                f" If {_name_of(others[0])} was deleted, drop its mark with slr-constructs leases"
                " --marks --drop-deleted"
            )
            raise OwnerHeldError(text)

    def _mark(self, owner: Owner, before: Settings) -> None:
        """Mark the owner. If that is refused, the feature works, and the log says what is lost."""
        if owner.tags is None:
            return
        tags = self._without_stale(owner.arn, owner.tags)
        after = next(iter(marks_in(tags)), None)
        names = self._asked_by(self._wanted, before) if after else ()
        record = _Record(before, after, tuple(names))
        new = {MARK_TAG + self._digest: self._stack, **_tags_of(record, self._digest)}
        room = _MAX_TAGS - sum(not each.startswith(_AWS) for each in tags)
        if len(new) > room:
            self._context.on_event(
                "settings before not recorded",
                reason=f"they need {len(new) - 1} tags, and the owner has room for {room - 1}",
                unprotected="the settings before are not given back when the feature is removed",
            )
            shorter = _tags_of(_Record(None, after, record.names), self._digest) if after else {}
            new = {MARK_TAG + self._digest: self._stack, **shorter}
        try:
            self._feature.tags.tag(self._context, owner.arn, new)
        except ClientError as error:
            _report_unprotected(self._context, error)
            return
        # of two stacks that arrive at the same time, the later one sees the mark of the other
        tags = self._feature.read(self._name, self._context, None).tags or {}
        try:
            self._refuse_others(tags)
        except OwnerHeldError:
            self._untag(owner.arn, [*new])
            raise

    def _without_stale(self, arn: str, tags: dict[str, str]) -> dict[str, str]:
        """Return the tags without settings before whose mark vanished."""
        kept = {key for digest in marks_in(tags) for key in mark_keys(tags, digest)}
        stale = [key for key in tags if key.startswith(_BEFORE_TAG) and key not in kept]
        self._untag(arn, stale)
        return {key: value for key, value in tags.items() if key not in stale}

    def _untag(self, arn: str, keys: Sequence[str]) -> None:
        if keys:
            self._change_tags(lambda: self._feature.tags.untag(self._context, arn, keys))

    def _change_tags(self, change: Callable[[], None]) -> bool:
        """Return whether the service accepted a change of tags; otherwise log why it did not."""
        try:
            change()
        except ClientError as error:
            self._context.on_event("tags not changed", code=code(error), message=message(error))
            return False
        return True

    # remove

    def remove(self, *, configured: bool) -> str:
        """Give back the settings before, and remove the mark.

        Args:
            configured: Whether this custom resource has certainly configured the feature. If it may
                not have, an owner without its mark stays as it is.
        """
        try:
            owner = self._feature.read(self._name, self._context, None)
            return self._remove(owner, configured=configured)
        except ClientError as error:
            if not is_not_found(error):
                raise
            return f"{self._name} does not exist, so it has no {self._feature.noun} to disable"

    def _remove(self, owner: Owner, *, configured: bool) -> str:
        marks = marks_in(owner.tags or {})
        ours = marks.pop(self._digest, None)
        if ours is None:
            if marks:
                stack = _name_of(min(marks.values()))
                return (
                    f"{self._subject} stays as it is, because the stack {stack} configures it now"
                )
            if not configured and not self._tags_are_refused(owner):
                return f"{self._subject} stays as it is, because this request did not change it"
            if not self._wanted.is_complete:
                return f"{self._subject} stays as it is, because it is not known what was asked for"
            return self._revert(owner, self._ours(owner, {}), {})
        tags = owner.tags or {}
        record = _record_in(tags, self._digest)
        for other in marks:
            successor = _record_in(tags, other)
            if successor.after == self._digest:
                return self._pass_on(owner, record, other, successor.names)
        before = record.before or {}
        if record.after is not None and record.after not in marks:
            # it found the settings of this stack, and the mark with the first ones vanished
            before = {}
        reason = self._revert(owner, self._ours(owner, before), before)
        self._untag(owner.arn, mark_keys(tags, self._digest))
        return reason

    def _tags_are_refused(self, owner: Owner) -> bool:
        """Return whether the owner may have been configured without a mark."""
        key = MARK_TAG + self._digest
        return owner.tags is None or not self._change_tags(
            lambda: self._feature.tags.untag(self._context, owner.arn, [key])
        )

    def _pass_on(self, owner: Owner, record: _Record, other: str, names: Sequence[str]) -> str:
        """Give the settings before to the custom resource that took over."""
        tags = owner.tags or {}
        before = record.before or {}
        asked = self._ours(owner, before)
        # what the other one did not ask for
        mine = {name: value for name, value in asked.items() if name not in names}
        self._revert(owner, mine, before)
        passed = {} if record.before is None else _tags_of(record, other)
        if passed:
            self._change_tags(lambda: self._feature.tags.tag(self._context, owner.arn, passed))
        kept = {MARK_TAG + other, *passed}
        old = [each for each in mark_keys(tags, other) if each not in kept]
        self._untag(owner.arn, [*mark_keys(tags, self._digest), *old])
        return (
            f"{self._subject} stays as it is, because another resource of this stack configures it"
        )

    def _ours(self, owner: Owner, before: Settings) -> Settings:
        """Return the settings that belong to this custom resource."""
        if not self._wanted.is_complete:
            # the properties are of another version, so it is not known what they asked for
            names = {*before, *owner.settings}
            return {name: owner.settings.get(name) for name in names}
        return self._asked_by(self._wanted, before)

    def _reverted(self, current: Settings, asked: Settings, before: Settings) -> Settings:
        """Return the settings in which each one that is still as asked is as it was before."""
        still = [
            name for name, each in asked.items() if self._feature.is_still(each, current.get(name))
        ]
        settings = _without_none(current | {name: before.get(name) for name in still})
        return self._feature.with_needed(settings, current)

    def _revert(self, owner: Owner, asked: Settings, before: Settings) -> str:
        current = owner.settings
        settings = self._reverted(current, asked, before)
        if settings == current:
            return f"{self._subject} stays as it is"
        try:
            self._feature.write(self._name, settings, self._context, None)
        except ClientError as error:
            without = self._reverted(current, asked, {})
            if is_busy(error) or without == settings:
                raise
            # for example, a recording configuration that was deleted since
            self._context.on_event(
                "settings before not given back", code=code(error), message=message(error)
            )
            self._feature.write(self._name, without, self._context, None)
            settings = without
        if settings:
            return f"{self._subject} has the settings that it had before"
        return f"{self._subject} is disabled"


def _name_of(stack: str) -> str:
    return stack.partition(":stack/")[2].partition("/")[0] or stack
