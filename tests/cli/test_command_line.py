"""`slr-constructs` as a whole: help, errors and start."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from slr_constructs import cli
from slr_constructs.cli import command_line
from slr_constructs.cli.command_line import slr_constructs
from tests.programs import require

COMMANDS = (
    *("audit", "catalogue", "check", "diff", "leases", "order", "policy", "release", "restore"),
)


def helped(*arguments: str) -> str:
    """Return the help text of a command."""
    result = CliRunner().invoke(
        slr_constructs, [*arguments, "--help"], prog_name="slr-constructs", terminal_width=80
    )
    assert result.exit_code == 0
    return result.output


def test_the_help_lists_all_commands() -> None:
    """Each on one line."""
    listed = helped().partition("Commands:\n")[2].splitlines()

    assert [line.split()[0] for line in listed] == list(COMMANDS)


def test_examples_of_the_help_name_commands_and_options_that_exist() -> None:
    """You can copy the examples."""
    lines = "\n".join([helped(), *map(helped, COMMANDS)]).splitlines()
    examples = [
        line.split("slr-constructs ")[-1].split()
        for line in lines
        if line.startswith("    ") and "slr-constructs " in line and "COMPLETE" not in line
    ]

    assert len(examples) >= len(COMMANDS)
    for name, *words in examples:
        options = helped(name)
        assert all(word in options for word in words if word.startswith("--")), words


@pytest.mark.parametrize("arguments", [(), *((each,) for each in COMMANDS)], ids=str)
def test_the_help_fits_80_columns(arguments: tuple[str, ...]) -> None:
    """Terminals have 80 columns."""
    assert max(map(len, helped(*arguments).splitlines())) <= 80


def test_the_help_has_the_defaults_of_options() -> None:
    """And the range of a number."""
    defaults = {
        ("release", "--state"): "release-ROLE-ACCOUNT.jsonl",
        ("release", "--wait"): "15; 0<=x<=720",
        ("restore", "--wait"): "5; 0<=x<=720",
        ("restore", "--profile"): "as in the AWS CLI",
    }
    for (name, option), default in defaults.items():
        about = " ".join(helped(name).partition(f"  {option} ")[2].split())
        assert about.partition("[default: ")[2].startswith(f"{default}]"), option


def test_the_version_is_that_of_the_package() -> None:
    """The version of the installed distribution."""
    result = CliRunner().invoke(slr_constructs, ["--version"])

    assert result.output.startswith("slr-constructs, version 0.")


def test_fails_if_the_command_is_unknown() -> None:
    """The message is click's, and the exit status is 2."""
    result = CliRunner().invoke(slr_constructs, ["oder"], prog_name="slr-constructs")

    assert result.exit_code == 2
    assert "No such command 'oder'" in result.output


@pytest.mark.parametrize(
    ("words", "begun", "completed"),
    [
        ([], "o", ["order"]),
        ([], "re", ["release", "restore"]),
        (["audit", "--format", "json"], "medi", ["mediatailor", "mediapackage"]),
        (["leases"], "ivs", ["ivs-record-to-s3"]),
        (["catalogue"], "medi", ["mediatailor", "mediapackage"]),
        (["policy", "--deploy", "mediatailor"], "ivs", ["ivs-record-to-s3"]),
        (["diff", "--format"], "m", ["markdown"]),
    ],
)
def test_shells_complete_commands_roles_and_formats(
    words: list[str], begun: str, completed: list[str]
) -> None:
    """With the line for the shell in `--help`."""
    shell = BashComplete(slr_constructs, {}, "slr-constructs", "_SLR_CONSTRUCTS_COMPLETE")

    assert [each.value for each in shell.get_completions(words, begun)] == completed


def test_the_line_for_the_shell_prints_a_valid_script() -> None:
    """It is valid in bash."""
    bash = require("bash")
    script = subprocess.run(
        [sys.executable, "-c", "from slr_constructs.cli import main; main()"],
        env=os.environ | {"_SLR_CONSTRUCTS_COMPLETE": "bash_source"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert 'eval "$(_SLR_CONSTRUCTS_COMPLETE=bash_source slr-constructs)"' in helped()
    assert "complete -o nosort -F _slr_constructs_completion slr-constructs" in script
    subprocess.run([bash, "-n"], input=script, text=True, check=True)


# the entry point


def test_modules_that_only_some_commands_need_are_not_imported() -> None:
    """boto3 takes as long as everything else, and only commands that call AWS need it."""
    calls = [["--help"], ["catalogue"], *([each, "--help"] for each in COMMANDS)]
    script = (
        "import sys; from click.testing import CliRunner;"
        "from slr_constructs.cli.command_line import slr_constructs;"
        f"print([CliRunner().invoke(slr_constructs, each).exit_code for each in {calls!r}]);"
        "print(sorted({'aws_cdk', 'boto3', 'botocore', 'jsii'} & sys.modules.keys()))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert result.stdout == f"{[0] * len(calls)}\n[]\n"


def test_fails_if_the_extra_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The script is installed without the extra too, and says what it needs."""
    monkeypatch.delitem(sys.modules, command_line.__name__)
    monkeypatch.setitem(sys.modules, "click", None)

    with pytest.raises(SystemExit) as error:
        cli.main()

    assert error.value.code == 2
    assert capsys.readouterr().err == (
        "slr-constructs: the command line needs additional packages:"
        " pip install 'slr-constructs[cli]'\n"
    )


def test_fails_if_a_part_of_the_extra_is_not_installed() -> None:
    """Commands that need the missing package fail when they run; the others work."""
    calls = [["audit"], ["leases"], ["release", "ivs"], ["restore", "file"], ["catalogue"]]
    script = (
        "import sys; sys.modules['boto3'] = None\n"
        "from slr_constructs.cli import main\n"
        f"for arguments in {calls!r}:\n"
        "    sys.argv[:] = ['slr-constructs', *arguments]\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit as ended:\n"
        "        print('status', ended.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    *refused, shown = re.split(r"status (?:2|0)\n", done.stdout, maxsplit=4)
    assert re.findall(r"^status (\d)$", done.stdout, re.MULTILINE) == ["2", "2", "2", "2", "0"]
    assert refused == [""] * 4
    assert "AWSServiceRoleForMediaTailor" in shown
    assert done.stderr == 4 * (
        "slr-constructs: the command line needs additional packages:"
        " pip install 'slr-constructs[cli]'\n"
    )


def test_other_import_errors_are_not_reported_as_a_missing_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message is only printed for packages of the extra."""
    monkeypatch.setitem(sys.modules, command_line.__name__, None)

    with pytest.raises(ModuleNotFoundError):
        cli.main()


def test_an_unexpected_error_has_exit_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The traceback is printed. Exit status 1 would mean "worse" for `diff`."""

    def broken(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(command_line, "slr_constructs", broken)

    with pytest.raises(SystemExit) as error:
        cli.main()

    assert error.value.code == 2
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_the_script_is_installed(tmp_path: Path) -> None:
    """As `slr-constructs`, next to the Python executable."""
    script = Path(sys.executable).with_name("slr-constructs")
    result = subprocess.run(
        [script, "order", tmp_path], capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"slr-constructs: {tmp_path} is not a cloud assembly")


def test_the_module_runs_as_the_script_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m slr_constructs.cli`."""
    monkeypatch.setattr(sys, "argv", ["slr-constructs", "--version"])

    with pytest.raises(SystemExit) as error:
        runpy.run_module("slr_constructs.cli", run_name="__main__")

    assert error.value.code == 0
    assert capsys.readouterr().out.startswith("slr-constructs, version 0.")
