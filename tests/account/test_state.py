"""The state file: written before each change, and read whatever became of its last line."""

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
from slr_constructs.account.roles import read_role
from slr_constructs.account.state import State
from slr_constructs.account.uses import KINDS, kinds_of
from slr_constructs.account.uses.kind import Thing
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
    "off": "MediaTailor channel",
    "region": "eu-west-1",
    "id": "news",
    "arn": "arn:news",
    "name": "news",
    "settings": {"LogTypes": ["AS_RUN"]},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file is."""
    return tmp_path / "state.jsonl"


@pytest.fixture
def account() -> Account:
    """Return an account that nobody calls."""
    return Account(None, id=ACCOUNT, partition="aws")


def _channel(name: str = "news", **more: str) -> Thing:
    settings = {"LogTypes": ["AS_RUN"], **more}
    kind = KINDS["MediaTailor channel"]
    return Thing(kind, "eu-west-1", name, f"arn:{name}", name, settings)


def _recorder(name: str, arn: str, region: str = "eu-west-1") -> Thing:
    kind = KINDS["IVS recording configuration"]
    return Thing(kind, region, arn, arn, name, {"name": name})


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


# what is on the disk when something changes


@every_role
def test_the_file_has_what_is_there_at_the_moment_of_the_change(
    world: World, definition: RoleDefinition, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every kind: the settings of the moment when the change is asked for, not of the plan."""
    rehearsal.few_regions(monkeypatch)
    rehearsal.let_time_pass(monkeypatch)
    synced: list[int] = []
    fsync = os.fsync

    def counted(file: int) -> None:
        # before the real one: what is written is in the file by then
        synced.append(path.stat().st_size)
        fsync(file)

    monkeypatch.setattr(os, "fsync", counted)
    rehearsed = Rehearsal(world, definition, path)
    rehearsed.fill(2)
    plan = rehearsed.plan()
    for kind in kinds_of(definition):
        for thing in plan.report.users:
            if thing.kind is kind:
                _edit(world, thing)
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
        (thing,) = [each for each in read.off.values() if _is_called(each, called, call)]
        now = thing.kind.look(rehearsed.account.region(thing.region), thing)
        assert thing.settings == now
        # its line was handed to the disk, whatever others are writing meanwhile
        content = path.read_bytes()
        assert max(synced) > content.index(b"\n", content.index(f'"{thing.arn}"'.encode()))
        # of a recording configuration, a list says less than there is
        (planned,) = [each for each in plan.report.users if each.arn == thing.arn]
        assert thing.settings != planned.settings

    world.on_call = on_call
    assert rehearsed.release(plan=plan)
    assert len(seen) == len(plan.report.users) + 3  # two leases and the role


def _closing(tags: dict[str, str]) -> set[tuple[str, str]]:
    return {each for each in tags.items() if each[0].startswith("slr-constructs:closing:")}


def _is_called(thing: Thing, called: set[str], call: Call) -> bool:
    # other kinds may have the same name, in the same region
    owner = "PlaybackConfiguration" if "Playback" in call.operation else "channel"
    return (
        thing.id in called
        and thing.region == call.region
        and (call.service != "mediatailor" or owner in thing.arn.replace("playbackC", "PlaybackC"))
        and thing.kind.service == call.service
    )


def _edit(world: World, thing: Thing) -> None:
    """Change some of the settings that the plan has."""
    (there,) = [each for each in world.features._things.values() if each.arn == thing.arn]
    data = dict(there.data)
    match thing.kind.name:
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
    """Neither the credentials, nor the passwords that MediaPackage lists beside its logs."""
    rehearsal.few_regions(monkeypatch)
    rehearsal.let_time_pass(monkeypatch)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-somebody")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-token-of-somebody")
    rehearsed = Rehearsal(world, catalogue.MEDIAPACKAGE, path)
    rehearsed.fill()
    assert PASSWORD in str([each.data for each in world.features._things.values()])
    assert rehearsed.release()
    assert rehearsed.restore()
    text = path.read_text()
    for secret in (PASSWORD, "a-secret-of-somebody", "a-token-of-somebody"):
        assert secret not in text


def test_a_new_file_has_its_first_line_and_its_name_on_the_disk(
    account: Account, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file and its folder are synchronized, the folder for the first line alone."""
    folders: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda file: folders.append(Path(f"/dev/fd/{file}").is_dir()))
    state = State.open(path, account, ROLE)
    assert not path.exists()
    state.switching_off(_channel())
    state.switching_off(_channel("sport"))
    assert folders == [False, True, False]
    first, *lines = _lines(path)
    assert first == HEADER
    assert [line["id"] for line in lines] == ["news", "sport"]
    assert {key: value for key, value in lines[0].items() if key != "at"} == OFF


def test_a_folder_that_cannot_be_opened_is_left_to_its_system(
    account: Account, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows; the file is written all the same."""

    def refused(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "open", refused)
    State.open(path, account, ROLE).switching_off(_channel())
    assert State.read(path).off == {"arn:news": _channel()}


@pytest.fixture
def _no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk a thousand times."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.usefixtures("_no_disk")
def test_lines_of_many_threads_stay_whole(account: Account, path: Path) -> None:
    """Eight things change at the same time."""
    state = State.open(path, account, ROLE)

    def write(name: str) -> None:
        for number in range(20):
            state.switching_off(_channel(f"{name}-{number}"))

    threads = [threading.Thread(target=write, args=(f"t{each}",)) for each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(_lines(path)) == 161
    assert State.read(path).off == state.off
    assert len(state.off) == 160


# what it says


def test_what_is_read_is_what_was_written(account: Account, path: Path) -> None:
    """Off, on again under the same ARN or another one, and what was being made."""
    state = State.open(path, account, IVS)
    for name in "abc":
        state.switching_off(_recorder(name, f"arn:{name}"))
    state.making(_recorder("a", "arn:a"))
    state.making(_recorder("b", "arn:b"))
    state.switched_on(_recorder("a", "arn:a"), "arn:new")
    read = State.read(path)
    assert read.off == state.off
    assert sorted(read.off) == ["arn:b", "arn:c"]
    assert read.made_again == {"arn:a": "arn:new"}
    assert read.being_made == {"arn:b"}


def test_of_two_states_the_later_counts(account: Account, path: Path) -> None:
    """Somebody wanted it."""
    state = State.open(path, account, ROLE)
    state.switching_off(_channel())
    state.switching_off(_channel(More="1"))
    assert State.read(path).off == {"arn:news": _channel(More="1")}


def test_what_was_made_and_not_written_down_is_known_when_it_goes_off(
    account: Account, path: Path
) -> None:
    """A restore dies after it made something, and a release comes before the next restore.

    Or the thing would be made twice: in its own place, and in that of the one before.
    """
    state = State.open(path, account, IVS)
    twins = [_recorder("a", "arn:1"), _recorder("a", "arn:2")]
    for each in (*twins, _recorder("b", "arn:3")):
        state.switching_off(each)
    state.making(twins[0])
    state.making(_recorder("b", "arn:3"))
    # one that was there before, one of another region, and the one that was made
    state.switching_off(twins[1])
    state.switching_off(_recorder("a", "arn:4", "us-east-1"))
    assert sorted(state.off) == ["arn:1", "arn:2", "arn:3", "arn:4"]
    state.switching_off(_recorder("a", "arn:5"))
    for known in (state, State.read(path)):
        assert sorted(known.off) == ["arn:2", "arn:3", "arn:4", "arn:5"]
        assert known.made_again == {"arn:1": "arn:5"}
        assert known.being_made == {"arn:3"}


def test_the_role_keeps_the_leases_that_it_had_before(
    world: World, path: Path, account: Account
) -> None:
    """A release that was killed had dropped them, so the next one does not see them."""
    definition = ROLE
    role = rehearsal.add_role(world, definition)
    signed_in = sign_in()
    state = State.open(path, account, definition)
    seen = read_role(signed_in, definition)
    assert seen is not None
    state.deleting(seen)
    tags = dict(role.tags)
    role.tags = {"team": "audio"}
    seen = read_role(signed_in, definition)
    assert seen is not None
    state.deleting(seen)
    read = State.read(path)
    assert read.role == {"description": role.description, "tags": tags | {"team": "audio"}}
    assert len(read.leases) == 2
    read.restored_role()
    read = State.read(path)
    assert read.role is None
    assert read.leases == {}


# what is torn


@pytest.mark.usefixtures("_no_disk")
def test_every_truncation_of_a_file_is_read_and_written_on(account: Account, path: Path) -> None:
    """What was being written when the machine stopped is lost, and nothing else."""
    state = State.open(path, account, ROLE)
    for name in ("a", "b", "c"):
        state.switching_off(_channel(name, Text="ä\n"))
    state.switched_on(_channel("b"), "arn:b")
    whole = path.read_bytes()
    ends = [number + 1 for number, byte in enumerate(whole) if byte == ord("\n")]
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        lines = sum(end <= length for end in ends)
        names = {0: "", 1: "", 2: "a", 3: "ab", 4: "abc", 5: "ac"}[lines]
        if lines == 0:
            assert _refusal(lambda: State.read(path)) == (
                f"{path} is no state file of slr-constructs release"
            )
        else:
            assert [*State.read(path).off] == [f"arn:{name}" for name in names]
        again = State.open(path, account, ROLE)
        again.switching_off(_channel("d"))
        assert [*State.read(path).off] == [f"arn:{name}" for name in f"{names}d"]
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
def test_a_file_of_somebody_else_is_refused_and_left_as_it_is(
    account: Account, path: Path, content: str | bytes
) -> None:
    """Also one without any end of a line, which looks like a torn one."""
    written = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(written)
    assert _refusal(lambda: State.open(path, account, ROLE)) == (
        f"{path} is no state file of slr-constructs release"
    )
    assert path.read_bytes() == written


# what is refused


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
    """The sentence names both, and what to do."""
    path.write_text(_text(HEADER | header))
    text = _refusal(lambda: State.open(path, account, ROLE))
    assert text.startswith(f"{path} is about ")
    assert about in text
    assert text.endswith(f"and not about {ROLE.role_name} in account {ACCOUNT}: name another file")


def test_a_file_of_another_version_is_refused(account: Account, path: Path) -> None:
    """Both versions are named."""
    path.write_text(_text(HEADER | {"version": 2}, "whatever that has"))
    for act in (lambda: State.read(path), lambda: State.open(path, account, ROLE)):
        assert _refusal(act) == (f"{path} is of version 2, and this slr-constructs reads version 1")


def test_a_file_that_cannot_be_read_is_refused(account: Account, tmp_path: Path) -> None:
    """One that is not there is a new one for a release, and none for a restore."""
    assert _refusal(lambda: State.open(tmp_path, account, ROLE)) == (
        f"{tmp_path} cannot be read: Is a directory"
    )
    missing = tmp_path / "missing"
    assert _refusal(lambda: State.read(missing)) == (
        f"{missing} cannot be read: No such file or directory"
    )
    assert State.open(missing, account, ROLE).off == {}


def test_a_file_that_cannot_be_written_is_told_of(account: Account, tmp_path: Path) -> None:
    """And what was to be written counts for nothing."""
    path = tmp_path / "gone" / "state.jsonl"
    state = State.open(path, account, ROLE)
    assert _refusal(lambda: state.switching_off(_channel())) == (
        f"{path} cannot be written: No such file or directory"
    )
    assert state.off == {}


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([[]], id="list"),
        pytest.param([{}], id="empty"),
        pytest.param([HEADER | {"format": "other"}], id="format"),
        pytest.param([HEADER | {"more": 1}], id="more in the first line"),
        pytest.param([HEADER | {"role_name": "Nobody"}], id="unknown role"),
        pytest.param([HEADER | {"role_name": []}], id="role of no text"),
        pytest.param([HEADER, 1], id="number"),
        pytest.param([HEADER, {}], id="line of nothing"),
        pytest.param([HEADER, {"off": "IVS channel"} | OFF | {"off": "IVS channel"}], id="kind"),
        pytest.param([HEADER, OFF | {"off": []}], id="kind of no text"),
        pytest.param([HEADER, OFF | {"region": None}], id="region"),
        pytest.param([HEADER, OFF | {"settings": None}], id="settings"),
        pytest.param([HEADER, {"off": "MediaTailor channel", "settings": {}}], id="no ARN"),
        pytest.param([HEADER, {"on": "arn:news", "arn": []}], id="on"),
        pytest.param([HEADER, {"making": {}}], id="making"),
        pytest.param([HEADER, {"making": "arn:other"}, OFF], id="making what was never off"),
        pytest.param([HEADER, {"role": {"description": 1, "tags": {}}}], id="description"),
        pytest.param([HEADER, {"role": {"description": "", "tags": {"a": 1}}}], id="tags"),
    ],
)
def test_a_file_that_says_something_else_is_refused(path: Path, lines: list[object]) -> None:
    """Whatever it is that it says."""
    path.write_text(_text(*lines))
    assert _refusal(lambda: State.read(path)) == (
        f"{path} is no state file of slr-constructs release"
    )


def test_a_file_that_is_nothing_but_brackets_is_refused(path: Path) -> None:
    """More than Python can count."""
    path.write_text("[" * 100_000 + "\n")
    assert _refusal(lambda: State.read(path)).endswith("is no state file of slr-constructs release")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
_members = st.sampled_from([*OFF, *HEADER, "on", "making", "role", "description", "tags"])
_values = st.sampled_from([*OFF.values(), *HEADER.values()]) | _json
_line = st.dictionaries(_members, _values) | _json | st.just(OFF) | st.just(HEADER)


@given(
    content=st.binary()
    | st.lists(_line, max_size=4).map(lambda lines: _text(*lines).encode())
    | st.tuples(st.just(_text(HEADER, OFF).encode()), st.binary()).map(b"".join)
)
def test_whatever_is_in_a_file_is_read_or_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Nothing else comes of it."""
    path = tmp_path_factory.getbasetemp() / "anything"
    path.write_bytes(content)
    try:
        state = State.read(path)
    except AccountError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either is as promised
    else:
        assert state.role_name in {each.role_name for each in catalogue.ALL}
