"""The state file: the disabled resources, with the settings to configure them again.

Each line is a JSON object. A line is on the disk before the change that it describes starts. Lines
are only appended: a role that was released and restored can be released again with the same file.

A line that cannot be read costs only that line, and is reported with its number. The settings are
checked by the kind of the resource, because the file may come from elsewhere.
"""

from __future__ import annotations

import json
import os
import platform
import re
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from slr_constructs import catalogue
from slr_constructs.account.access import AccountError
from slr_constructs.account.usages import kinds_of
from slr_constructs.account.usages.kind import (
    RESERVED_TAGS,
    InvalidSettingsError,
    TargetResource,
)
from slr_constructs.catalogue import RoleDefinition
from slr_constructs.handler.slr_handler.operations.service_linked_role import (
    DELETION_LOCK_TAG,
    KEPT_TAG,
    LEASE_TAG,
    new_deletion_lock,
)
from slr_constructs.handler.slr_handler.rules import ROLE_NAME, SERVICE_PRINCIPAL
from slr_constructs.templates.files import MEGABYTE, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slr_constructs.account.access import Account
    from slr_constructs.account.iam_role import Role

_FORMAT = "slr-constructs release"
#: far more than the settings of all resources of an account.
_LARGEST = 100 * MEGABYTE
_VERSION = 1
#: the names of the roles of the catalogue. The first line names the principal of any other role.
_KNOWN = {each.role_name for each in catalogue.ALL}
#: the attributes of a resource that a line contains.
_NAMES = ("region", "id", "arn", "name")
_ATTRIBUTES = (*_NAMES, "settings")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LOCK = re.compile(f"{DELETION_LOCK_TAG}[0-9a-f]{{32}}")
#: the file has names of resources and tags, which only its owner may read.
_MODE = 0o600
_LONGEST_HOLDER = 1000


@dataclass(frozen=True, slots=True)
class DamagedLine:
    """A line of a state file that was skipped, and the reason."""

    number: int
    reason: str


class _InvalidRecordError(Exception):
    """A line is not a record. The text says why."""


@dataclass(slots=True)
class State:
    """The content of a state file, and the records that are appended to it."""

    path: Path
    account: str
    partition: str
    definition: RoleDefinition
    #: by ARN: resources that are or may be disabled, with their previous settings.
    disabled: dict[str, TargetResource] = field(default_factory=dict)
    #: by previous ARN: the new ARNs of resources that were created again.
    recreated: dict[str, str] = field(default_factory=dict)
    #: ARNs of resources that may have been created again: the result was not recorded.
    being_created: set[str] = field(default_factory=set)
    #: the previous description and tags of the role.
    role: dict[str, Any] | None = None
    #: the tag of the deletion lock: a release that continues recognizes its own.
    deletion_lock: str = ""
    #: when the last of the resources was about to be disabled, by an earlier run.
    last_disabled: datetime | None = None
    #: the lines that were skipped.
    damaged: list[DamagedLine] = field(default_factory=list)
    #: all ARNs in the file, so that a known resource is not mistaken for a new one.
    _known: set[str] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def open(cls, path: Path, account: Account, definition: RoleDefinition) -> State:
        """Continue a state file, or start a new one, which is written with its first record.

        Raises:
            AccountError: The file is not a state file, or it is for another account or role.
        """
        new = cls(path, account.id, account.partition, definition)
        # the file may contain a part of the first line, if its release stopped while it wrote it.
        # Other content without a complete line is not a state file
        if new._header().startswith(_content(path, missing_ok=True)):
            return new
        state = cls.read(path)
        if (state.account, state.definition) != (account.id, definition):
            raise AccountError(
                f"{path} is for {state.role_name} in account {state.account}, not for"
                f" {definition.role_name} in account {account.id}. Use another state file"
            )
        return state

    @classmethod
    def read(cls, path: Path) -> State:
        """Read a state file.

        Raises:
            AccountError: The file cannot be read, or it is not a valid state file.
        """
        lines = _content(path).removeprefix(_BYTE_ORDER_MARK).split(b"\n")
        header = _parsed(next(filter(bytes.strip, lines), b"")) or {}
        if header.get("format") == _FORMAT and header.get("version") != _VERSION:
            raise AccountError(
                f"{path} has format version {header.get('version')}, but this version of"
                f" slr-constructs reads only version {_VERSION}"
            )
        definition = _definition_in(header)
        state = None
        if definition is not None:
            account, partition = (str(header.get(name)) for name in ("account", "partition"))
            state = cls(path, account, partition, definition)
        # refuse a first line that differs from what this version writes
        if state is None or header != json.loads(state._header()):
            raise AccountError(
                f"{path} is not a valid state file of slr-constructs release: line 1 does not name"
                " its account and role"
            )
        if not lines[-1]:
            # what follows the last newline
            lines.pop()
        for number, line in enumerate(lines, start=1):
            try:
                state._read_line(line)
            except _InvalidRecordError as error:
                state.damaged.append(DamagedLine(number, str(error)))
        return state

    def _read_line(self, line: bytes) -> None:
        """Read a line.

        Raises:
            _InvalidRecordError: It is not a record.
        """
        if not line.strip():
            raise _InvalidRecordError("it is empty")
        record = _parsed(line)
        if record is None:
            raise _InvalidRecordError("it is not a complete JSON object")
        # the first line. Two files of the same role that were joined are one
        if record != json.loads(self._header()):
            self._apply(record)

    @property
    def role_name(self) -> str:
        """The name of the role."""
        return self.definition.role_name

    @property
    def is_written(self) -> bool:
        """Whether the file has a record."""
        return self.role is not None or bool(self._known)

    @property
    def leases(self) -> dict[str, str]:
        """The previous leases of the role: the tag and the stack id of each."""
        tags: dict[str, str] = {} if self.role is None else self.role["tags"]
        return {tag: stack for tag, stack in tags.items() if tag.startswith(LEASE_TAG)}

    @property
    def tags(self) -> dict[str, str]:
        """The tags that the role gets, if they still apply."""
        tags: dict[str, str] = {} if self.role is None else self.role["tags"]
        kept = (DELETION_LOCK_TAG, KEPT_TAG, RESERVED_TAGS)
        return {key: value for key, value in tags.items() if not key.startswith(kept)}

    @property
    def stages(self) -> Iterator[list[TargetResource]]:
        """Yield the resources to create again, and then those to configure concurrently."""
        targets = sorted(
            self.disabled.values(),
            key=lambda each: (each.kind.name, each.region, each.name, each.arn),
        )
        for deleted in (True, False):
            yield [target for target in targets if target.kind.disabled_by_deletion is deleted]

    def knows(self, arn: str) -> bool:
        """Return whether the file contains this ARN."""
        return arn in self._known

    def record_disabling(self, target: TargetResource) -> None:
        """Record that a resource is about to be disabled, with its current settings."""
        self._add(
            {"disabled": target.kind.name} | {name: getattr(target, name) for name in _ATTRIBUTES}
        )

    def record_role_deletion(self, role: Role) -> None:
        """Record that the role is about to be deleted, and with which deletion lock."""
        before = {"description": role.description, "tags": role.tags}
        self._add({"role": before, "lock": self.deletion_lock or new_deletion_lock()})

    def record_creation(self, target: TargetResource) -> None:
        """Record that a resource is about to be created again."""
        self._add({"creating": target.arn})

    def record_enabled(self, target: TargetResource, arn: str) -> None:
        """Record that a resource is enabled again, with an ARN that may be new."""
        self._add({"enabled": target.arn, "arn": arn})

    def record_role_restored(self) -> None:
        """Record that the role is restored."""
        self._add({"role": None})

    def _add(self, line: dict[str, Any]) -> None:
        with self._lock:
            try:
                self._write(line)
            except OSError as error:
                raise AccountError(f"{self.path} cannot be written: {error.strerror}") from None
            self._apply(line)

    def _write(self, line: dict[str, Any]) -> None:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, _MODE)
        try:
            self.path.chmod(_MODE)
            content = _content(self.path)
            kept = self._usable_length(content)
            if kept < len(content):
                os.ftruncate(file, kept)
            # the last newline may be lost
            start = b"" if content[:kept].endswith(b"\n") else b"\n"
            if not kept:
                start = self._header()
            try:
                _write_all(file, start + f"{json.dumps(line | {'at': at})}\n".encode())
                os.fsync(file)
            except OSError:
                # the disk may be full. A part of a line is of no use
                os.ftruncate(file, kept)
                raise
        finally:
            os.close(file)
        if not kept:
            _sync_folder(self.path)

    def _usable_length(self, content: bytes) -> int:
        """Return the length without an incomplete last line.

        The process stopped while it wrote this line, before the change that the line describes.
        """
        complete = content.rfind(b"\n") + 1
        is_header = complete == 0 and content.removeprefix(_BYTE_ORDER_MARK) == self._header()[:-1]
        rest = content[complete:]
        whole = is_header or (complete > 0 and _parsed(rest) is not None)
        return len(content) if whole else complete

    def _header(self) -> bytes:
        header = {
            "format": _FORMAT,
            "version": _VERSION,
            "account": self.account,
            "partition": self.partition,
            "role_name": self.role_name,
        }
        if self.role_name not in _KNOWN:
            header["service_principal"] = self.definition.service_principal
        return f"{json.dumps(header)}\n".encode()

    def _apply(self, line: dict[str, Any]) -> None:
        match line:
            case {"disabled": str(kind), "settings": dict(settings)} if all(
                isinstance(line.get(name), str) for name in _NAMES
            ):
                self._apply_disabled(self._target(kind, settings, line))
                self.last_disabled = _later(self.last_disabled, line.get("at"))
            case {"enabled": str(arn), "arn": str(new_arn)}:
                self._apply_enabled(arn, new_arn)
            case {"creating": str(arn)}:
                if arn not in self.disabled:
                    raise _InvalidRecordError("no earlier line has the resource that it creates")
                self.being_created.add(arn)
            case {"role": None}:
                self.role = None
                self.deletion_lock = ""
            case {"role": {"description": str(description), "tags": dict(tags)}} if all(
                isinstance(value, str) for value in tags.values()
            ):
                # the role may not be restored since an earlier record: a release that stopped may
                # have released leases, and the service may have created the role with another
                # description. So the earlier description and all tags are kept
                before = self.role or {"description": description, "tags": {}}
                self.role = before | {"tags": before["tags"] | tags}
                lock = line.get("lock")
                if isinstance(lock, str) and _LOCK.fullmatch(lock):
                    self.deletion_lock = lock
            case _:
                raise _InvalidRecordError("it is not a record of this format")

    def _target(
        self, kind_name: str, settings: dict[str, Any], line: dict[str, Any]
    ) -> TargetResource:
        kinds = {each.name: each for each in kinds_of(self.definition)}
        if kind_name not in kinds:
            raise _InvalidRecordError(f"{kind_name!r} is not a kind of resource that uses the role")
        kind = kinds[kind_name]
        attributes = {name: line[name] for name in _NAMES}
        target = TargetResource(kind, **attributes, settings=settings)
        try:
            kind.check_settings(settings)
        except InvalidSettingsError as error:
            raise _InvalidRecordError(str(error)) from None
        return target

    def _apply_disabled(self, target: TargetResource) -> None:
        for arn in sorted(self.being_created):
            before = self.disabled[arn]
            same = (before.region, before.settings) == (target.region, target.settings)
            if same and not self.knows(target.arn):
                # the resource was created again, but that restore stopped before it recorded this
                self._apply_enabled(arn, target.arn)
                break
        # of two records, the later one has the settings to restore
        self.disabled[target.arn] = target
        self.recreated.pop(target.arn, None)
        self._known.add(target.arn)

    def _apply_enabled(self, arn: str, new_arn: str) -> None:
        self.disabled.pop(arn, None)
        self.being_created.discard(arn)
        self._known.add(new_arn)
        if new_arn != arn:
            self.recreated[arn] = new_arn


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other commands from using a state file until the block ends.

    The lock ends with the process, however it ends. Windows has no such locks.

    Raises:
        AccountError: Another command uses the file, it is not a regular file, or the lock cannot
            be written.
    """
    try:
        import fcntl  # noqa: PLC0415 - Windows does not have it
    except ImportError:
        yield
        return
    if path.exists() and not path.is_file():
        # a device or a pipe has no settings, and its folder is not for locks
        raise AccountError(f"{path} cannot be used: not a regular file")
    lock = path.with_name(f"{path.name}.lock")
    file = -1
    try:
        # another command may delete its lock between the two calls
        while file < 0 or not _is_same(file, lock):
            file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _MODE)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(file, 0)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        _write_all(file, f"process {os.getpid()} on {platform.node()} since {now}\n".encode())
    except BlockingIOError:
        holder = os.read(file, _LONGEST_HOLDER).decode(errors="replace").strip()
        raise AccountError(
            f"{path} is in use by {holder or 'another command'}. Wait until it ends"
        ) from None
    except OSError as error:
        raise AccountError(f"{lock} cannot be written: {error.strerror}") from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(file)


def _is_same(file: int, path: Path) -> bool:
    return path.exists() and os.path.samestat(os.fstat(file), path.stat())


def _content(path: Path, *, missing_ok: bool = False) -> bytes:
    try:
        return read_bytes(path, _LARGEST)
    except OSError as error:
        if missing_ok and isinstance(error, FileNotFoundError):
            return b""
        raise AccountError(f"{path} cannot be read: {error.strerror}") from None


def _definition_in(header: dict[str, Any]) -> RoleDefinition | None:
    """Return the role that the first line names; None if it names none."""
    name, principal = (str(header.get(key)) for key in ("role_name", "service_principal"))
    if name in _KNOWN:
        return catalogue.by_role_name(name)
    is_valid = ROLE_NAME.holds(name) and SERVICE_PRINCIPAL.holds(principal)
    return RoleDefinition(name, principal) if is_valid else None


def _later(before: datetime | None, at: object) -> datetime | None:
    """Return the later one of two times; a text that is not a time of a record is ignored."""
    try:
        when = datetime.fromisoformat(str(at))
    except ValueError:
        return before
    if when.tzinfo is None:
        return before
    return when if before is None else max(before, when)


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return the JSON object in a line; None if it is not one."""
    try:
        value = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _write_all(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]


def _sync_folder(path: Path) -> None:
    """Write the name of a new file to the disk, too."""
    # some systems cannot open a folder
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
