"""The state file: written before each change, and readable after any interruption."""

from __future__ import annotations

import fcntl
import json
import os
import re
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr_constructs import catalogue
from slr_constructs.account.access import Account, AccountError, sign_in
from slr_constructs.account.iam_role import read_role
from slr_constructs.account.state import DamagedLine, State, locked
from slr_constructs.account.usages import KINDS, kinds_of
from slr_constructs.account.usages.kind import TargetResource
from slr_constructs.catalogue.resource_type import OnRelease
from tests.account import rehearsal, specimens
from tests.account.rehearsal import PASSWORD, Rehearsal
from tests.fake_services.connected import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from slr_constructs.catalogue import RoleDefinition
    from tests.fake_services.wire import Call
    from tests.fake_services.world import World

ROLE = catalogue.MEDIATAILOR
IVS = catalogue.IVS_RECORD_TO_S3
every_role = pytest.mark.parametrize(
    "definition", [pytest.param(each, id=each.role_name) for each in catalogue.ALL]
)
HEADER = {
    "format": "slr-constructs release",
    "version": 1,
    "account": ACCOUNT,
    "partition": "aws",
    "role_name": ROLE.role_name,
}
OFF = {
    "disabled": "MediaTailor channel",
    "region": "eu-west-1",
    "id": "news",
    "arn": "arn:news",
    "name": "news",
    "settings": {"LogTypes": ["AS_RUN"]},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the file."""
    return tmp_path / "state.jsonl"


@pytest.fixture
def account() -> Account:
    """Return an account that is never called."""
    return Account(None, id=ACCOUNT, partition="aws")


def _channel(name: str = "news", *types: str) -> TargetResource:
    settings = {"LogTypes": ["AS_RUN", *types]}
    kind = KINDS["MediaTailor channel"]
    return TargetResource(kind, "eu-west-1", name, f"arn:{name}", name, settings)


def _recorder(name: str, arn: str, region: str = "eu-west-1") -> TargetResource:
    kind = KINDS["IVS recording configuration"]
    bucket = {"s3": {"bucketName": "recordings"}}
    settings = {"name": name, "destinationConfiguration": bucket}
    return TargetResource(kind, region, arn, arn, name, settings)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _text(*lines: object) -> str:
    return "".join(f"{json.dumps(line)}\n" for line in lines)


def _refused(path: Path) -> str:
    return (
        f"{path} is not a valid state file of slr-constructs release: line 1 does not name its"
        " account and role"
    )


def _refusal(act: Callable[[], object]) -> str:
    with pytest.raises(AccountError) as caught:
        act()
    text = str(caught.value)
    assert "\n" not in text
    return text


# the file at the moment of a change


@every_role
def test_the_file_has_the_settings_at_the_moment_of_the_change(
    world: World, definition: RoleDefinition, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every kind: the settings at the moment of the change, not those of the plan."""
    rehearsal.few_regions(monkeypatch)
    rehearsal.let_time_pass(monkeypatch)
    synced: list[int] = []
    fsync = os.fsync

    def counted(file: int) -> None:
        # before the real call: the file has the record by then
        synced.append(path.stat().st_size)
        fsync(file)

    monkeypatch.setattr(os, "fsync", counted)
    rehearsed = Rehearsal(world, definition, path)
    rehearsed.fill(2)
    plan = rehearsed.plan()
    for kind in kinds_of(definition):
        for target in plan.report.usages:
            if target.kind is kind:
                _edit(world, target)
    role = rehearsed.role
    assert role is not None
    role.description = "another text"
    seen: list[str] = []

    def on_call(call: Call) -> None:
        if not rehearsal.changes_something(call) or call.operation == "TagRole":
            return
        read = State.read(path)
        seen.append(call.operation)
        if call.service == "iam":
            assert path.stat().st_size in synced
            assert read.role is not None
            assert read.role["description"] == "another text"
            assert role.tags.items() <= read.role["tags"].items() | _closing(role.tags)
            return
        called = set(map(str, call.parameters.values()))
        (target,) = [each for each in read.disabled.values() if _is_called(each, called, call)]
        now = target.kind.read_usage(rehearsed.account.region(target.region), target)
        assert now is not None
        assert target.settings == now.settings
        # its record was synchronized to the disk, whatever other threads are writing
        content = path.read_bytes()
        assert max(synced) > content.index(b"\n", content.index(f'"{target.arn}"'.encode()))
        # the list of recording configurations has only a part of the settings
        (planned,) = [each for each in plan.report.usages if each.arn == target.arn]
        assert target.settings != planned.settings

    world.on_call = on_call
    assert rehearsed.release(plan=plan)
    assert len(seen) == len(plan.report.usages) + 3  # two leases and the role


def _closing(tags: dict[str, str]) -> set[tuple[str, str]]:
    return {each for each in tags.items() if each[0].startswith("slr-constructs:deletion-lock:")}


def _is_called(target: TargetResource, called: set[str], call: Call) -> bool:
    # other kinds may have the same name in the same region
    owner = "PlaybackConfiguration" if "Playback" in call.operation else "channel"
    return (
        target.id in called
        and target.region == call.region
        and (call.service != "mediatailor" or owner in target.arn.replace("playbackC", "PlaybackC"))
        and target.kind.service == call.service
    )


def _edit(world: World, target: TargetResource) -> None:
    """Change some of the settings that the plan has."""
    (there,) = [each for each in world.features._targets.values() if each.arn == target.arn]
    data = dict(there.data)
    match target.kind.name:
        case "Voice Connector":
            data["StreamingConfiguration"] |= {"DataRetentionInHours": 48}
        case "app instance":
            data["StreamingConfigurations"] = data["StreamingConfigurations"][:1]
        case "IVS channel":
            # the other one
            data["recordingConfigurationArn"] = data["recordingConfigurationArn"][:-1] + "1"
        case "playback configuration":
            data["LogConfiguration"] |= {"PercentEnabled": 33}
        case "MediaTailor channel":
            data["LogConfiguration"] = {"LogTypes": ["AS_RUN", "OTHER"]}
        case "MediaPackage channel":
            del data["IngressAccessLogs"]
        case "packaging group":
            data["EgressAccessLogs"] = {"LogGroupName": "/aws/MediaPackage/Other"}
    there.data = data


def test_no_secret_is_written(world: World, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the credentials nor the passwords that MediaPackage lists beside its logs."""
    rehearsal.few_regions(monkeypatch)
    rehearsal.let_time_pass(monkeypatch)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-user")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-token-of-the-user")
    rehearsed = Rehearsal(world, catalogue.MEDIAPACKAGE, path)
    rehearsed.fill()
    assert PASSWORD in str([each.data for each in world.features._targets.values()])
    assert rehearsed.release()
    assert rehearsed.restore()
    text = path.read_text()
    for secret in (PASSWORD, "a-secret-of-the-user", "a-token-of-the-user"):
        assert secret not in text


def test_a_new_file_and_its_folder_are_synchronized(
    account: Account, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder only with the first record."""
    folders: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda file: folders.append(Path(f"/dev/fd/{file}").is_dir()))
    state = State.open(path, account, ROLE)
    assert not path.exists()
    state.record_disabling(_channel())
    state.record_disabling(_channel("sport"))
    assert folders == [False, True, False]
    first, *lines = _lines(path)
    assert first == HEADER
    assert [line["id"] for line in lines] == ["news", "sport"]
    assert {key: value for key, value in lines[0].items() if key != "at"} == OFF


def test_a_folder_that_cannot_be_opened_is_not_synchronized(
    account: Account, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows. The file is written anyway."""
    real = os.open

    def refused(path: Path | str, *more: int) -> int:
        if Path(path).is_dir():
            raise PermissionError
        return real(path, *more)

    monkeypatch.setattr(os, "open", refused)
    State.open(path, account, ROLE).record_disabling(_channel())
    assert State.read(path).disabled == {"arn:news": _channel()}


@pytest.fixture
def _no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk a thousand times."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.usefixtures("_no_disk")
def test_records_of_many_threads_are_complete_lines(account: Account, path: Path) -> None:
    """Eight resources change at the same time."""
    state = State.open(path, account, ROLE)

    def write(name: str) -> None:
        for number in range(20):
            state.record_disabling(_channel(f"{name}-{number}"))

    threads = [threading.Thread(target=write, args=(f"t{each}",)) for each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(_lines(path)) == 161
    assert State.read(path).disabled == state.disabled
    assert len(state.disabled) == 160


# the content


def test_the_content_is_read_as_it_was_written(account: Account, path: Path) -> None:
    """Disabled, enabled with the same or with a new ARN, and being created."""
    state = State.open(path, account, IVS)
    for name in "abc":
        state.record_disabling(_recorder(name, f"arn:{name}"))
    state.record_creation(_recorder("a", "arn:a"))
    state.record_creation(_recorder("b", "arn:b"))
    state.record_enabled(_recorder("a", "arn:a"), "arn:new")
    read = State.read(path)
    assert read.disabled == state.disabled
    assert sorted(read.disabled) == ["arn:b", "arn:c"]
    assert read.recreated == {"arn:a": "arn:new"}
    assert read.being_created == {"arn:b"}


def test_the_later_of_two_records_counts(account: Account, path: Path) -> None:
    """It has the settings of the last change."""
    state = State.open(path, account, ROLE)
    state.record_disabling(_channel())
    state.record_disabling(_channel("news", "AS_RUN"))
    assert State.read(path).disabled == {"arn:news": _channel("news", "AS_RUN")}


def test_a_resource_that_was_created_but_not_recorded_is_recognized(
    account: Account, path: Path
) -> None:
    """A restore was killed after it created a resource, and a release runs before the next restore.

    Otherwise the resource would be created twice: for itself, and for the previous one.
    """
    state = State.open(path, account, IVS)
    twins = [_recorder("a", "arn:1"), _recorder("a", "arn:2")]
    for each in (*twins, _recorder("b", "arn:3")):
        state.record_disabling(each)
    state.record_creation(twins[0])
    state.record_creation(_recorder("b", "arn:3"))
    # a resource that existed before, one of another region, and the created one
    state.record_disabling(twins[1])
    state.record_disabling(_recorder("a", "arn:4", "us-east-1"))
    assert sorted(state.disabled) == ["arn:1", "arn:2", "arn:3", "arn:4"]
    state.record_disabling(_recorder("a", "arn:5"))
    for known in (state, State.read(path)):
        assert sorted(known.disabled) == ["arn:2", "arn:3", "arn:4", "arn:5"]
        assert known.recreated == {"arn:1": "arn:5"}
        assert known.being_created == {"arn:3"}


def test_the_role_keeps_its_previous_leases(world: World, path: Path, account: Account) -> None:
    """A release that was killed had released them, so the next release does not see them."""
    definition = ROLE
    role = rehearsal.add_role(world, definition)
    signed_in = sign_in()
    state = State.open(path, account, definition)
    seen = read_role(signed_in, definition)
    assert seen is not None
    state.record_role_deletion(seen)
    tags = dict(role.tags)
    role.tags = {"team": "audio"}
    seen = read_role(signed_in, definition)
    assert seen is not None
    state.record_role_deletion(seen)
    read = State.read(path)
    assert read.role == {"description": role.description, "tags": tags | {"team": "audio"}}
    assert len(read.leases) == 2
    read.record_role_restored()
    read = State.read(path)
    assert read.role is None
    assert read.leases == {}


# incomplete lines


@pytest.mark.usefixtures("_no_disk")
def test_every_truncated_file_is_read_and_continued(account: Account, path: Path) -> None:
    """Only the incomplete line is lost."""
    state = State.open(path, account, ROLE)
    for name in ("a", "b", "c"):
        state.record_disabling(_channel(f"{name}ä"))
    state.record_enabled(_channel("bä"), "arn:bä")
    whole = path.read_bytes()
    ends = [number for number, byte in enumerate(whole) if byte == ord("\n")]
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        # a line is complete without its newline
        lines = sum(end <= length for end in ends)
        names = {0: "", 1: "", 2: "a", 3: "ab", 4: "abc", 5: "ac"}[lines]
        if lines == 0:
            assert _refusal(lambda: State.read(path)) == _refused(path)
        else:
            read = State.read(path)
            assert [*read.disabled] == [f"arn:{name}ä" for name in names]
            torn = length not in {each for end in ends for each in (end, end + 1)}
            why = "it is not a complete JSON object"
            assert read.damaged == [DamagedLine(lines + 1, why)] * torn
        again = State.open(path, account, ROLE)
        again.record_disabling(_channel("dä"))
        read = State.read(path)
        assert [*read.disabled] == [f"arn:{name}ä" for name in f"{names}d"]
        assert read.damaged == []
        assert path.read_bytes().startswith(
            whole[: max([0, *(each for each in ends if each <= length)])]
        )


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('{"Resources": {}}', id="template"),
        pytest.param(_text(HEADER).replace("{", "[").rstrip(), id="damaged"),
        pytest.param("a\nb", id="lines"),
        pytest.param("\n", id="empty line"),
        pytest.param(b"\xff\xfe", id="bytes"),
    ],
)
def test_another_file_is_refused_and_not_changed(
    account: Account, path: Path, content: str | bytes
) -> None:
    """Also a file without a newline, which looks like an incomplete line."""
    written = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(written)
    assert _refusal(lambda: State.open(path, account, ROLE)) == (_refused(path))
    assert path.read_bytes() == written


# refused files


@pytest.mark.parametrize(
    ("header", "about"),
    [
        pytest.param({"account": "444455556666"}, "444455556666", id="account"),
        pytest.param({"role_name": IVS.role_name}, IVS.role_name, id="role"),
    ],
)
def test_a_file_of_another_account_or_role_is_refused(
    account: Account, path: Path, header: dict[str, str], about: str
) -> None:
    """The error names both and says what to do."""
    path.write_text(_text(HEADER | header))
    text = _refusal(lambda: State.open(path, account, ROLE))
    assert text.startswith(f"{path} is for ")
    assert about in text
    assert text.endswith(f"not for {ROLE.role_name} in account {ACCOUNT}. Use another state file")


def test_a_file_of_another_version_is_refused(account: Account, path: Path) -> None:
    """The error names both versions."""
    path.write_text(_text(HEADER | {"version": 2}, "whatever that has"))
    for act in (lambda: State.read(path), lambda: State.open(path, account, ROLE)):
        assert _refusal(act) == (
            f"{path} has format version 2, but this version of slr-constructs reads only version 1"
        )


def test_a_file_that_cannot_be_read_is_refused(account: Account, tmp_path: Path) -> None:
    """A missing file is a new one for a release, and an error for a restore."""
    assert _refusal(lambda: State.open(tmp_path, account, ROLE)) == (
        f"{tmp_path} cannot be read: not a regular file"
    )
    missing = tmp_path / "missing"
    assert _refusal(lambda: State.read(missing)) == (
        f"{missing} cannot be read: No such file or directory"
    )
    assert State.open(missing, account, ROLE).disabled == {}


def test_a_file_that_cannot_be_written_is_an_error(account: Account, tmp_path: Path) -> None:
    """The record is not applied."""
    path = tmp_path / "deleted" / "state.jsonl"
    state = State.open(path, account, ROLE)
    assert _refusal(lambda: state.record_disabling(_channel())) == (
        f"{path} cannot be written: No such file or directory"
    )
    assert state.disabled == {}


@pytest.mark.parametrize(
    "header",
    [
        pytest.param([], id="list"),
        pytest.param({}, id="empty"),
        pytest.param(HEADER | {"format": "other"}, id="format"),
        pytest.param(HEADER | {"more": 1}, id="more"),
        pytest.param(HEADER | {"role_name": "Unknown"}, id="unknown role"),
        pytest.param(HEADER | {"role_name": []}, id="role is not text"),
        pytest.param(HEADER | {"account": 5}, id="account is not text"),
    ],
)
def test_a_file_with_an_invalid_first_line_is_refused(path: Path, header: object) -> None:
    """Without it, it is unknown what the file is for."""
    path.write_text(_text(header, OFF))
    assert _refusal(lambda: State.read(path)) == _refused(path)


_NO_RECORD = "it is not a record of this format"
_NOT_ALL = "it does not have all settings of MediaTailor channels"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(1, "it is not a complete JSON object", id="number"),
        pytest.param({}, _NO_RECORD, id="empty record"),
        pytest.param(
            OFF | {"disabled": "IVS channel"},
            "'IVS channel' is not a kind of resource that uses the role",
            id="kind",
        ),
        pytest.param(OFF | {"disabled": []}, _NO_RECORD, id="kind is not text"),
        pytest.param(OFF | {"region": None}, _NO_RECORD, id="region"),
        pytest.param(OFF | {"settings": None}, _NO_RECORD, id="settings"),
        pytest.param(OFF | {"settings": {}}, _NOT_ALL, id="no settings"),
        pytest.param({"disabled": "MediaTailor channel", "settings": {}}, _NO_RECORD, id="no ARN"),
        pytest.param({"enabled": "arn:news", "arn": []}, _NO_RECORD, id="enabled"),
        pytest.param({"creating": {}}, _NO_RECORD, id="creating"),
        pytest.param(
            {"creating": "arn:other"},
            "no earlier line has the resource that it creates",
            id="creating what was never disabled",
        ),
        pytest.param({"role": {"description": 1, "tags": {}}}, _NO_RECORD, id="description"),
        pytest.param({"role": {"description": "", "tags": {"a": 1}}}, _NO_RECORD, id="tags"),
        pytest.param(HEADER | {"account": "4" * 12}, _NO_RECORD, id="another first line"),
    ],
)
def test_an_invalid_line_costs_only_that_line(path: Path, line: object, reason: str) -> None:
    """It is reported with its number, and the other lines are read."""
    path.write_text(_text(HEADER, OFF, line, OFF | {"arn": "arn:2"}))
    read = State.read(path)
    assert [*read.disabled] == ["arn:news", "arn:2"]
    assert read.damaged == [DamagedLine(3, reason)]


@pytest.mark.parametrize(
    ("before", "after", "damaged"),
    [
        pytest.param("", "", [], id="newline"),
        pytest.param("\ufeff", "\n", [], id="byte order mark"),
        pytest.param("", "\n\n", [DamagedLine(3, "it is empty")], id="blank line"),
        pytest.param("\n", "\n", [DamagedLine(1, "it is empty")], id="blank first line"),
        pytest.param("", "\r\n", [], id="CRLF"),
        pytest.param("", f"\n{json.dumps(HEADER)}\n", [], id="two files"),
    ],
)
def test_an_edited_file_is_read_and_continued(
    account: Account, path: Path, before: str, after: str, damaged: list[DamagedLine]
) -> None:
    """An editor, or a copy, may change these."""
    path.write_bytes((before + _text(HEADER, OFF).rstrip() + after).encode())
    state = State.open(path, account, ROLE)
    assert state.damaged == damaged
    state.record_disabling(_channel("sport"))
    read = State.read(path)
    assert [*read.disabled] == ["arn:news", "arn:sport"]
    assert read.damaged == damaged


_TARGETS = {
    catalogue.CHIME_VOICE_CONNECTOR: (
        "Voice Connector",
        {"DataRetentionInHours": 1, "Disabled": False},
    ),
    catalogue.CHIME_MESSAGING: (
        "app instance",
        {"StreamingConfigurations": [{"DataType": "Channel", "ResourceArn": "arn:aws:kinesis"}]},
    ),
    IVS: ("IVS channel", {"recordingConfigurationArn": "arn"}),
    ROLE: ("playback configuration", {"PercentEnabled": 5}),
    catalogue.MEDIAPACKAGE: ("MediaPackage channel", {"IngressAccessLogs": {}}),
}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        pytest.param({"authorized": False}, "'authorized' is not a setting of", id="another"),
        pytest.param({"operation": "x"}, "'operation' is not a setting of", id="of Python"),
        pytest.param(None, "is not valid", id="type"),
    ],
)
@pytest.mark.parametrize(
    ("definition", "target"),
    [pytest.param(role, each, id=each[0]) for role, each in _TARGETS.items()],
)
def test_a_setting_that_cannot_be_restored_is_refused(
    path: Path,
    definition: RoleDefinition,
    target: tuple[str, dict[str, Any]],
    more: dict[str, Any] | None,
    reason: str,
) -> None:
    """A file from elsewhere cannot change more of a resource than its feature."""
    kind, settings = target
    header = HEADER | {"role_name": definition.role_name}
    changed = dict.fromkeys(settings, object) if more is None else settings | more
    changed = {name: [5] if value is object else value for name, value in changed.items()}
    right = OFF | {"disabled": kind, "settings": settings}
    path.write_text(_text(header, right, right | {"settings": changed}))
    read = State.read(path)
    (read_target,) = read.disabled.values()
    assert read_target.settings == settings
    assert [each.number for each in read.damaged] == [3]
    assert reason in read.damaged[0].reason


def test_every_setting_that_a_release_records_can_be_restored() -> None:
    """Of every kind that a release changes."""
    for specimen in specimens.ALL:
        if specimen.kind.restorable:
            specimen.kind.check_settings(specimen.settings)
    changed = [
        each for each in KINDS.values() if each.resource_type.on_release is not OnRelease.KEEPS
    ]
    assert all(each.restorable for each in changed)


# the lock and the mode


def test_only_the_owner_can_read_the_file(account: Account, path: Path) -> None:
    """A file of an older version, too."""
    state = State.open(path, account, ROLE)
    state.record_disabling(_channel())
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    state.record_disabling(_channel("sport"))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_record_that_does_not_fit_on_the_disk_is_removed(
    account: Account, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The part of a line that was written is removed, also from a new file."""
    write = os.write
    full = OSError(28, "No space left on device")

    def part(file: int, content: bytes) -> int:
        if len(content) < 20:
            raise full
        return write(file, content[:-10])

    state = State.open(path, account, ROLE)
    for expected in (b"", None):
        before = path.read_bytes() if path.exists() else b""
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", part)
            assert "No space left on device" in _refusal(lambda: state.record_disabling(_channel()))
        assert path.read_bytes() == (before if expected is None else expected)
        state.record_disabling(_channel())


def test_a_second_command_says_who_uses_the_file(path: Path) -> None:
    """The lock ends with the first command."""
    with locked(path):
        text = _refusal(lambda: locked(path).__enter__())
        assert re.fullmatch(
            rf"{path} is in use by process {os.getpid()} on \S+ since \S+\. Wait until it ends",
            text,
        )
    with locked(path):
        pass
    assert [*path.parent.iterdir()] == []


def test_a_lock_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A link is not followed."""
    missing = tmp_path / "missing" / "state"
    assert _refusal(lambda: locked(missing).__enter__()) == (
        f"{missing}.lock cannot be written: No such file or directory"
    )
    (tmp_path / "state.lock").symlink_to(tmp_path / "other")
    assert "cannot be written" in _refusal(lambda: locked(tmp_path / "state").__enter__())


def test_a_lock_that_was_deleted_in_the_meantime_is_created_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise two commands would have a lock each."""
    real = fcntl.flock
    lock = path.with_name(f"{path.name}.lock")

    def flock(file: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", real)
        real(file, how)
        lock.unlink()

    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(path):
        assert lock.exists()
        _refusal(lambda: locked(path).__enter__())


@pytest.mark.parametrize("kind", ["device", "pipe", "folder"])
def test_only_a_regular_file_is_read_and_locked(kind: str, tmp_path: Path) -> None:
    """A device or a pipe may never end."""
    file = Path("/dev/zero") if kind == "device" else tmp_path / kind
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()

    assert _refusal(lambda: locked(file).__enter__()) == (
        f"{file} cannot be used: not a regular file"
    )
    assert _refusal(lambda: State.read(file)).startswith(f"{file} cannot be read: ")
    assert not file.with_name(f"{file.name}.lock").exists()


def test_a_system_without_locks_has_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with locked(path), locked(path):
        assert [*path.parent.iterdir()] == []


def test_a_file_of_nested_brackets_is_refused(path: Path) -> None:
    """More than Python can parse."""
    path.write_text("[" * 100_000 + "\n")
    assert _refusal(lambda: State.read(path)) == _refused(path)
    path.write_text(_text(HEADER) + "[" * 100_000 + "\n")
    assert State.read(path).damaged == [DamagedLine(2, "it is not a complete JSON object")]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
_members = st.sampled_from([*OFF, *HEADER, "enabled", "creating", "role", "description", "tags"])
_values = st.sampled_from([*OFF.values(), *HEADER.values()]) | _json
_line = st.dictionaries(_members, _values) | _json | st.just(OFF) | st.just(HEADER)


@given(
    content=st.binary()
    | st.lists(_line, max_size=4).map(lambda lines: _text(*lines).encode())
    | st.tuples(st.just(_text(HEADER, OFF).encode()), st.binary()).map(b"".join)
)
def test_any_content_is_read_or_refused_with_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """No other error is raised."""
    path = tmp_path_factory.getbasetemp() / "anything"
    path.write_bytes(content)
    try:
        state = State.read(path)
    except AccountError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either is as promised
    else:
        assert state.role_name in {each.role_name for each in catalogue.ALL}
