"""`slr-constructs catalogue`: all that is known of the roles, to read and as JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from slr_constructs import catalogue
from slr_constructs.cli import catalogue as command
from slr_constructs.cli.command_line import slr_constructs
from slr_constructs.cli.roles import ROLES

if TYPE_CHECKING:
    from click.testing import Result

    from slr_constructs.catalogue import RoleDefinition


def run(*arguments: str) -> Result:
    """Call the command, piped."""
    return CliRunner().invoke(slr_constructs, ["catalogue", *arguments], prog_name="slr-constructs")


def words(text: str) -> str:
    """Return a text without its line breaks and indents."""
    return " ".join(text.split())


def said_by(definition: RoleDefinition) -> list[str]:
    """Return every text that the catalogue has of a role."""
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


def test_the_table_has_every_role() -> None:
    """Its feature, its three names, and who makes it."""
    result = run()

    assert result.exit_code == 0
    rows = words(result.stdout)
    for short, role in ROLES.items():
        for text in (role.role_name, role.service_principal, short):
            assert text in rows
        for word in role.feature.split():
            assert word in rows


def test_the_table_of_one_role() -> None:
    """Two columns: names, and what they are for."""
    assert run().stdout.splitlines()[:6] == [
        "role, principal, short name                 what it unlocks, and who makes it",
        "",
        "AWSServiceRoleForAmazonChimeVoiceConnector  streaming of Voice Connector calls",
        "voiceconnector.chime.amazonaws.com          to Kinesis Video Streams",
        "chime-voice-connector                       by anybody who may call",
        "                                            iam:CreateServiceLinkedRole",
    ]


def test_the_table_fits_eighty_columns() -> None:
    """Nothing is cut off for it."""
    text = run().stdout

    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_no_line_ends_in_a_space() -> None:
    """What is piped is compared and copied."""
    for text in (run().stdout, *(run(short).stdout for short in ROLES)):
        assert [line for line in text.splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize("short", ROLES)
def test_of_one_role_everything_is_shown(short: str) -> None:
    """Whatever the catalogue has of it, and the words for who makes it."""
    text = words(run(short).stdout)

    for each in said_by(ROLES[short]):
        assert each in text
    assert command._MADE_BY[ROLES[short].creation] in text
    assert ROLES[short].arn(partition="PARTITION", account="ACCOUNT") in text


@pytest.mark.parametrize("short", ROLES)
def test_what_is_copied_stands_on_a_line_of_its_own(short: str) -> None:
    """An address, an ARN or a name is never broken, however long it is."""
    lines = [line.strip() for line in run(short).stdout.splitlines()]
    role = ROLES[short]

    assert lines[0] == role.role_name
    for each in (
        *role.documentation,
        role.arn(partition="PARTITION", account="ACCOUNT"),
        *role.created_by,
        *role.clean_up,
        *role.resource_types,
        *role.log_groups,
    ):
        assert each in lines


@pytest.mark.parametrize("short", ROLES)
def test_prose_fits_eighty_columns(short: str) -> None:
    """Only what is one word is longer."""
    for line in run(short).stdout.splitlines():
        assert len(line) <= 80 or len(line.split()) <= 2, line


def test_what_the_policy_allows_stands_with_its_resources_and_conditions() -> None:
    """As the statements group it."""
    assert (
        "what the role may do\n"
        "  kms:GenerateDataKey\n"
        "    on *\n"
        "    if kms:ViaService StringLike kinesis.*.amazonaws.com\n"
        "  kinesis:PutRecord\n"
    ) in run("chime-messaging").stdout


def test_a_contradiction_has_its_sides_their_sources_and_the_one_followed() -> None:
    """Who says what, in the catalogue's words."""
    assert (
        "where sources disagree: the default log group of a VOD packaging group\n"
        "  [schema]: /aws/MediaPackage/VodEgressAccessLogs\n"
        "  [page]: /aws/MediaPackage/EgressAccessLogs\n"
        "  Followed: neither: both are listed, and only a name that is given is sure\n"
    ) in run("mediapackage").stdout


def test_what_is_not_known_has_no_heading() -> None:
    """The older messaging role has no policy, no regions, and nobody makes it."""
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
    """Case does not count."""
    assert run(asked).stdout.startswith("AWSServiceRoleForMediaTailor\n")


@pytest.mark.parametrize(
    ("asked", "role_name"),
    [
        ("ivs", "AWSServiceRoleForIVSRecordToS3"),
        ("chime-voice", "AWSServiceRoleForAmazonChimeVoiceConnector"),
        # the name of one, though another one's name starts with it
        ("chime-messaging", "AWSServiceRoleForChimeSDKMessaging"),
    ],
)
def test_the_first_words_of_a_short_name_will_do(asked: str, role_name: str) -> None:
    """If no other role has them."""
    assert run(asked).stdout.startswith(f"{role_name}\n")


def test_the_short_names_are_those_of_the_constants() -> None:
    """Every role has one, and it is lasting."""
    assert list(ROLES.values()) == list(catalogue.ALL)
    assert list(ROLES) == [
        "chime-voice-connector",
        "chime-messaging",
        "chime-messaging-legacy",
        "ivs-record-to-s3",
        "mediatailor",
        "mediapackage",
    ]


def test_the_json_of_a_role_has_every_fact() -> None:
    """Under the names of the definition's fields."""
    role = catalogue.CHIME_MESSAGING

    facts = json.loads(run("chime-messaging", "--format", "json").stdout)

    assert set(facts) == {"short_name", "path", "arn", *(each.name for each in fields(role))}
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


def test_the_json_of_all_roles_is_a_list_of_theirs() -> None:
    """In the catalogue's order."""
    all_of_them = json.loads(run("--format", "json").stdout)

    assert all_of_them == [json.loads(run(short, "--format", "json").stdout) for short in ROLES]


def test_on_a_terminal_names_and_headings_are_bold(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else is marked; what is piped has no marks at all."""
    monkeypatch.setattr(
        command,
        "Console",
        lambda **options: Console(**options, force_terminal=True, color_system="standard"),
    )

    assert "\x1b[1mAWSServiceRoleForMediaTailor\x1b[0m" in run("mediatailor").stdout
    monkeypatch.undo()
    assert "\x1b" not in run("mediatailor").stdout
    assert "\x1b" not in run().stdout


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("mediatailr", "no role is called 'mediatailr': did you mean mediatailor?"),
        (
            "AWSServiceRoleForMediaTailr",
            "no role is called 'AWSServiceRoleForMediaTailr': did you mean mediatailor?",
        ),
        (
            "chime",
            (
                "no role is called 'chime': did you mean chime-voice-connector or chime-messaging"
                " or chime-messaging-legacy?"
            ),
        ),
        (
            "elasticloadbalancing",
            (
                "no role is called 'elasticloadbalancing': the catalogue has"
                " chime-voice-connector, chime-messaging, chime-messaging-legacy,"
                " ivs-record-to-s3, mediatailor, mediapackage"
            ),
        ),
    ],
)
def test_fails_when_a_role_is_unknown(asked: str, sentence: str) -> None:
    """With the closest, or with those there are."""
    result = run(asked)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == f"slr-constructs: {sentence}\n"
