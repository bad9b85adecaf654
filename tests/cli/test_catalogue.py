"""`slr-constructs catalogue`: the facts about roles, as text and as JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from slr_constructs import catalogue
from slr_constructs.cli import catalogue as command
from slr_constructs.cli.role_argument import ROLES
from tests.cli.commands import run_command

if TYPE_CHECKING:
    from pathlib import Path

    from slr_constructs.catalogue import RoleDefinition


run = partial(run_command, "catalogue")


def words(text: str) -> str:
    """Return a text without its line breaks and indents."""
    return " ".join(text.split())


def sources(definition: RoleDefinition) -> list[str]:
    """Return every text of a role's definition."""
    return [
        text
        for each in fields(definition)
        if each.name != "creation"
        for text in _texts(getattr(definition, each.name))
    ]


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - any part of a definition
    if isinstance(value, tuple):
        return [text for each in value for text in _texts(each)]
    if hasattr(value, "__dataclass_fields__"):
        return [text for each in fields(value) for text in _texts(getattr(value, each.name))]
    return [] if value is None else [value]


def test_the_list_has_every_role() -> None:
    """With its feature and its three names."""
    result = run()

    assert result.exit_code == 0
    rows = words(result.stdout)
    for short, role in ROLES.items():
        for text in (role.role_name, role.service_principal, short):
            assert text in rows
        for word in role.feature.split():
            assert word in rows


def test_the_list_has_two_columns() -> None:
    """The names of the role, and its feature with the way it is created."""
    assert run().stdout.splitlines()[:6] == [
        "role, principal, short name                    feature, and who creates the role",
        "",
        "AWSServiceRoleForAmazonChimeVoiceConnector     streaming of Voice Connector",
        "voiceconnector.chime.amazonaws.com             calls to Kinesis Video Streams",
        "chime-voice-connector                          created by: everyone with the",
        "                                               permission",
    ]


def test_the_list_fits_80_columns() -> None:
    """Nothing is truncated."""
    text = run().stdout

    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_no_line_ends_in_a_space() -> None:
    """You can compare and copy the output."""
    for text in (run().stdout, *(run(short).stdout for short in ROLES)):
        assert [line for line in text.splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize("short", ROLES)
def test_one_role_is_shown_with_all_facts(short: str) -> None:
    """The text contains every text of the definition, and the way the role is created."""
    text = words(run(short).stdout)

    for each in sources(ROLES[short]):
        assert each in text
    assert command.CREATED_BY[ROLES[short].creation] in text
    assert ROLES[short].arn(partition="PARTITION", account="ACCOUNT") in text


@pytest.mark.parametrize("short", ROLES)
def test_urls_and_names_are_on_lines_of_their_own(short: str) -> None:
    """URLs, ARNs and names are never wrapped."""
    lines = [line.strip() for line in run(short).stdout.splitlines()]
    role = ROLES[short]

    assert lines[0] == role.role_name
    for each in (
        *role.documentation,
        role.arn(partition="PARTITION", account="ACCOUNT"),
        *role.created_by,
        *role.clean_up,
        *(each.type for each in catalogue.resource_types_of(role)),
        *role.log_groups,
    ):
        assert each in lines


@pytest.mark.parametrize("short", ROLES)
def test_prose_fits_80_columns(short: str) -> None:
    """Only lines with a single long word are longer."""
    for line in run(short).stdout.splitlines():
        assert len(line) <= 80 or len(line.split()) <= 2, line


def test_permissions_are_shown_with_resources_and_conditions() -> None:
    """They are grouped by statement."""
    assert (
        "permissions of the role\n"
        "  kms:GenerateDataKey\n"
        "    on *\n"
        "    if kms:ViaService StringLike kinesis.*.amazonaws.com\n"
        "  kinesis:PutRecord\n"
    ) in run("chime-messaging").stdout


def test_contradictions_are_shown_with_their_sources() -> None:
    """And with the claim that the library follows."""
    assert (
        "contradicting sources: the default log group of a VOD packaging group\n"
        "  [schema]: /aws/MediaPackage/VodEgressAccessLogs\n"
        "  [page]: /aws/MediaPackage/EgressAccessLogs\n"
        "  Followed: neither; both are listed. Set a log group name explicitly\n"
    ) in run("mediapackage").stdout


def test_unknown_facts_have_no_heading() -> None:
    """The older messaging role has no policy and no regions."""
    text = run("chime-messaging-legacy").stdout

    assert "managed policy" not in text
    assert "regions" not in text
    assert "log groups" not in text
    assert "superseded by\n  AWSServiceRoleForChimeSDKMessaging\n" in text
    assert "superseded by" not in run("mediatailor").stdout


@pytest.mark.parametrize(
    "asked",
    [
        "mediatailor",
        "MediaTailor",
        "AWSServiceRoleForMediaTailor",
        "awsserviceroleformediatailor",
        "mediatailor.amazonaws.com",
        " mediatailor ",
    ],
)
def test_a_role_has_three_names(asked: str) -> None:
    """Case is ignored."""
    assert run(asked).stdout.startswith("AWSServiceRoleForMediaTailor\n")


@pytest.mark.parametrize(
    ("asked", "role_name"),
    [
        ("ivs", "AWSServiceRoleForIVSRecordToS3"),
        ("chime-voice", "AWSServiceRoleForAmazonChimeVoiceConnector"),
        # a complete short name, although another short name starts with it
        ("chime-messaging", "AWSServiceRoleForChimeSDKMessaging"),
    ],
)
def test_the_first_words_of_a_short_name_are_enough(asked: str, role_name: str) -> None:
    """If no other short name starts with them."""
    assert run(asked).stdout.startswith(f"{role_name}\n")


def test_the_short_names_are_those_of_the_constants() -> None:
    """Short names are API."""
    assert list(ROLES.values()) == list(catalogue.ALL)
    assert list(ROLES) == [
        "chime-voice-connector",
        "chime-messaging",
        "chime-messaging-legacy",
        "ivs-record-to-s3",
        "mediatailor",
        "mediapackage",
        "chime-media-pipelines",
        "chime-transcription",
    ]


def test_the_json_of_a_role_has_every_fact() -> None:
    """The keys are the names of the definition's fields; `resource_types` follows `clean_up`."""
    role = catalogue.CHIME_MESSAGING

    facts = json.loads(run("chime-messaging", "--format", "json").stdout)

    names = [each.name for each in fields(role)]
    names.insert(names.index("clean_up") + 1, "resource_types")
    assert list(facts) == ["short_name", "path", "arn", *names]
    assert facts["resource_types"] == ["AWS::Chime::AppInstance"]
    assert facts["short_name"] == "chime-messaging"
    assert facts["path"] == role.path
    assert facts["arn"] == role.arn(partition="PARTITION", account="ACCOUNT")
    assert facts["creation"] == "IAM"
    assert facts["superseded_by"] is None
    assert facts["statements"][0] == {
        "actions": ["kms:GenerateDataKey"],
        "resources": ["*"],
        "conditions": [["StringLike", "kms:ViaService", ["kinesis.*.amazonaws.com"]]],
    }
    assert facts["contradictions"][1]["claims"][1]["source"] == "[page]"


def test_the_json_of_all_roles_is_a_list() -> None:
    """In the order of the catalogue."""
    all_of_them = json.loads(run("--format", "json").stdout)

    assert all_of_them == [json.loads(run(short, "--format", "json").stdout) for short in ROLES]


@pytest.mark.parametrize("arguments", [(), ("mediatailor",), ("--format", "json")], ids=str)
def test_output_is_written_to_a_file(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """The file has the same content as stdout."""
    file = tmp_path / "catalogue"
    result = run(*arguments, "-o", str(file))

    assert (result.exit_code, result.output) == (0, "")
    assert file.read_text() == run(*arguments).stdout


def test_on_a_terminal_names_and_headings_are_bold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal, nothing is bold."""
    monkeypatch.setattr(
        command,
        "Console",
        lambda **options: Console(**options | {"force_terminal": True, "color_system": "standard"}),
    )

    assert "\x1b[1mAWSServiceRoleForMediaTailor\x1b[0m" in run("mediatailor").stdout
    monkeypatch.undo()
    assert "\x1b" not in run("mediatailor").stdout
    assert "\x1b" not in run().stdout


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("mediatailr", "unknown role 'mediatailr'. Did you mean mediatailor?"),
        (
            "AWSServiceRoleForMediaTailr",
            "unknown role 'AWSServiceRoleForMediaTailr'. Did you mean mediatailor?",
        ),
        (
            "chime",
            (
                "unknown role 'chime'. Did you mean chime-voice-connector or chime-messaging"
                " or chime-messaging-legacy or chime-media-pipelines or chime-transcription?"
            ),
        ),
        (
            "elasticloadbalancing",
            (
                "unknown role 'elasticloadbalancing'. The catalogue has:"
                " chime-voice-connector, chime-messaging, chime-messaging-legacy,"
                " ivs-record-to-s3, mediatailor, mediapackage, chime-media-pipelines,"
                " chime-transcription"
            ),
        ),
    ],
)
def test_fails_if_a_role_is_unknown(asked: str, sentence: str) -> None:
    """The error has the closest role, or all roles."""
    result = run(asked)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == f"slr-constructs: {sentence}\n"
