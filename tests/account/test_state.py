"""The state file: written before each change, and readable after any interruption."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr_constructs import catalogue
from slr_constructs.account.access import Account, AccountError, sign_in
from slr_constructs.account.iam_role import read_role
from slr_constructs.account.state import State
from slr_constructs.account.usages import KINDS, kinds_of
from slr_constructs.account.usages.kind import TargetResource
from tests.account import rehearsal
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


def _channel(name: str = "news", **more: str) -> TargetResource:
    settings = {"LogTypes": ["AS_RUN"], **more}
    kind = KINDS["MediaTailor channel"]
    return TargetResource(kind, "eu-west-1", name, f"arn:{name}", name, settings)


def _recorder(name: str, arn: str, region: str = "eu-west-1") -> TargetResource:
    kind = KINDS["IVS recording configuration"]
    return TargetResource(kind, region, arn, arn, name, {"name": name})


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _text(*lines: object) -> str:
    return "".join(f"{json.dumps(line)}\n" for line in lines)


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

    def refused(*_: object) -> int:
        raise PermissionError

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
    state.record_disabling(_channel(More="1"))
    assert State.read(path).disabled == {"arn:news": _channel(More="1")}


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
        state.record_disabling(_channel(name, Text="ä\n"))
    state.record_enabled(_channel("b"), "arn:b")
    whole = path.read_bytes()
    ends = [number + 1 for number, byte in enumerate(whole) if byte == ord("\n")]
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        lines = sum(end <= length for end in ends)
        names = {0: "", 1: "", 2: "a", 3: "ab", 4: "abc", 5: "ac"}[lines]
        if lines == 0:
            assert _refusal(lambda: State.read(path)) == (
                f"{path} is not a valid state file of slr-constructs release"
            )
        else:
            assert [*State.read(path).disabled] == [f"arn:{name}" for name in names]
        again = State.open(path, account, ROLE)
        again.record_disabling(_channel("d"))
        assert [*State.read(path).disabled] == [f"arn:{name}" for name in f"{names}d"]
        assert path.read_bytes().startswith(whole[: max([0, *ends[:lines]])])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('{"Resources": {}}', id="template"),
        pytest.param(_text(HEADER).replace(ACCOUNT, "4" * 12).rstrip(), id="another account's"),
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
    assert _refusal(lambda: State.open(path, account, ROLE)) == (
        f"{path} is not a valid state file of slr-constructs release"
    )
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
        f"{tmp_path} cannot be read: Is a directory"
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
    "lines",
    [
        pytest.param([[]], id="list"),
        pytest.param([{}], id="empty"),
        pytest.param([HEADER | {"format": "other"}], id="format"),
        pytest.param([HEADER | {"more": 1}], id="more in the first line"),
        pytest.param([HEADER | {"role_name": "Unknown"}], id="unknown role"),
        pytest.param([HEADER | {"role_name": []}], id="role is not text"),
        pytest.param([HEADER, 1], id="number"),
        pytest.param([HEADER, {}], id="empty record"),
        pytest.param(
            [HEADER, {"disabled": "IVS channel"} | OFF | {"disabled": "IVS channel"}], id="kind"
        ),
        pytest.param([HEADER, OFF | {"disabled": []}], id="kind is not text"),
        pytest.param([HEADER, OFF | {"region": None}], id="region"),
        pytest.param([HEADER, OFF | {"settings": None}], id="settings"),
        pytest.param([HEADER, {"disabled": "MediaTailor channel", "settings": {}}], id="no ARN"),
        pytest.param([HEADER, {"enabled": "arn:news", "arn": []}], id="enabled"),
        pytest.param([HEADER, {"creating": {}}], id="creating"),
        pytest.param(
            [HEADER, {"creating": "arn:other"}, OFF], id="creating what was never disabled"
        ),
        pytest.param([HEADER, {"role": {"description": 1, "tags": {}}}], id="description"),
        pytest.param([HEADER, {"role": {"description": "", "tags": {"a": 1}}}], id="tags"),
    ],
)
def test_a_file_with_an_invalid_record_is_refused(path: Path, lines: list[object]) -> None:
    """With any invalid record."""
    path.write_text(_text(*lines))
    assert _refusal(lambda: State.read(path)) == (
        f"{path} is not a valid state file of slr-constructs release"
    )


def test_a_file_of_nested_brackets_is_refused(path: Path) -> None:
    """More than Python can parse."""
    path.write_text("[" * 100_000 + "\n")
    assert _refusal(lambda: State.read(path)).endswith(
        "is not a valid state file of slr-constructs release"
    )


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
