"""`slr-constructs` as a whole: help, errors and start."""

from __future__ import annotations

import os
import re
import runpy
import signal
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
    *("audit", "baseline", "catalogue", "check", "diff"),
    *("leases", "order", "policy", "release", "restore"),
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


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(28, "No space left on device"), "No space left on device\n"),
        (FileNotFoundError(2, "No such file", "x"), "FileNotFoundError"),
    ],
)
def test_a_stream_that_cannot_be_written_gets_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: OSError,
    text: str,
) -> None:
    """An unexpected error of a file keeps its traceback."""

    def full(**_: object) -> None:
        raise error

    monkeypatch.setattr(command_line, "slr_constructs", full)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    written = capsys.readouterr().err
    assert text in written
    assert ("Traceback" in written) is (error.filename is not None)


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
def test_closed_streams_are_replaced(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Python sets them to None."""
    monkeypatch.setattr(command_line, "slr_constructs", lambda **_: None)
    monkeypatch.setattr(sys, name, None)
    cli.main()
    assert getattr(sys, name).name == os.devnull
    getattr(sys, name).close()


def test_an_interruption_outside_of_a_command_exits_with_130(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A signal that is ignored stays ignored."""
    monkeypatch.setattr(
        command_line, "slr_constructs", lambda **_: signal.raise_signal(signal.SIGINT)
    )
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
    assert capfd.readouterr().err == "slr-constructs: interrupted\n"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cli.main()


@pytest.mark.parametrize("module", ["click", "rich.console", "boto3"])
def test_an_interruption_while_modules_are_imported_exits_with_130(module: str) -> None:
    """In a process of its own, without a traceback."""
    script = (
        "import os, signal, sys\n"
        "class Interrupts:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupts())\n"
        "from slr_constructs.cli import main\n"
        "sys.argv[:] = ['slr-constructs', 'audit']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert re.fullmatch(
        "slr-constructs: interrupted(; nothing was read; nothing was changed)?\n", done.stderr
    )


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "| true", "| head -1"])
@pytest.mark.parametrize("arguments", ["catalogue", "catalogue ivs --format json", "--help"])
def test_stdout_that_cannot_be_written_gives_no_traceback(arguments: str, redirection: str) -> None:
    """It is full, closed, or nothing reads it."""
    bash = require("bash")
    done = subprocess.run(
        [
            bash,
            "-c",
            f"set -o pipefail; {sys.executable} -m slr_constructs.cli {arguments} {redirection}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if "full" in redirection:
        assert (done.returncode, done.stderr) == (
            2,
            "slr-constructs: standard output cannot be written: No space left on device\n",
        )
    else:
        assert done.stderr == ""
        assert done.returncode in (0, 1)


@pytest.mark.parametrize("encoding", ["iso-8859-1", "cp1252", "utf-8"])
def test_names_are_written_in_every_encoding(encoding: str, tmp_path: Path) -> None:
    """Characters that the encoding does not have are escaped."""
    template = tmp_path / "チャンネル.json"
    template.write_text('{"Resources": {"A": {"Type": "AWS::SNS::Topic"}}}', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "slr_constructs.cli", "order", template],
        env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    name = "チャンネル".encode(encoding, errors="backslashreplace")
    assert name in done.stdout


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
