"""The wheel works without this repository, and the source distribution is the repository."""

from __future__ import annotations

import email
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trove_classifiers
import yaml

from scripts import cli_requirements
from scripts.project import PROJECT
from tests.distributions import PIP_INSTALL, ROOT, Built, build, environment
from tests.programs import require
from tests.readme_blocks import python_blocks

if TYPE_CHECKING:
    from email.message import Message

#: labels that a package index shows with a symbol (source: Python packaging specifications,
#: "Well-known Project URLs in Metadata").
KNOWN_LABELS = {"Homepage", "Documentation", "Repository", "Issues", "Changelog"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return the distributions that are built from the repository."""
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def metadata(built: Built) -> Message:
    """Return the metadata of the wheel."""
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith("/METADATA"))
        return email.message_from_bytes(archive.read(name))


# The metadata


def test_metadata_name_the_maintainers_and_their_pages(metadata: Message) -> None:
    """Each URL is below that of the repository or of the site."""
    urls = dict(each.split(", ") for each in metadata.get_all("Project-URL", []))

    assert metadata["Author"] == "slr-constructs maintainers"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert urls == PROJECT["urls"]
    assert set(urls) == KNOWN_LABELS
    assert urls["Documentation"] == urls["Homepage"]
    assert all(url.startswith((urls["Homepage"], urls["Repository"])) for url in urls.values())


def test_metadata_have_classifiers_that_exist(metadata: Message) -> None:
    """The versions of Python are those that are allowed, and include those that CI runs."""
    classifiers = metadata.get_all("Classifier", [])
    pythons = {found[1] for each in classifiers if (found := re.search(r":: (3\.\d+)$", each))}
    workflow = yaml.safe_load((ROOT / ".github/workflows/pull-request.yml").read_text())
    tested = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]

    assert set(classifiers) <= set(trove_classifiers.classifiers)
    assert set(classifiers).isdisjoint(trove_classifiers.deprecated_classifiers)
    assert metadata["Requires-Python"] == f">={min(pythons, key=_numbers)}"
    assert {*tested} <= pythons
    assert {min(pythons, key=_numbers), max(pythons, key=_numbers)} <= {*tested}
    assert not any(each.startswith("License ::") for each in classifiers)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def test_an_index_accepts_both_distributions(built: Built) -> None:
    """The README renders, and every field of the metadata is valid."""
    done = subprocess.run(
        [sys.executable, "-m", "twine", "--no-color", "check", "--strict", *_both(built)],
        env=os.environ | {"COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2


def _both(built: Built) -> tuple[Path, Path]:
    return built.source, built.wheel


# The wheel


def test_the_wheel_has_all_files_of_the_package_and_no_others(built: Built) -> None:
    """It has the function's code, the parts of HTML pages, the types and the license."""
    names = {each for each in zipfile.ZipFile(built.wheel).namelist() if not each.endswith("/")}
    info = {each for each in names if each.split("/")[0].endswith(".dist-info")}
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "slr_constructs").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert names - info == package
    assert {"slr_constructs/py.typed", "slr_constructs/_inline_function.txt"} <= package
    assert {each.partition("/")[2] for each in info} == {
        *("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    }


def test_the_first_example_of_the_readme_works_with_the_wheel(built: Built, tmp_path: Path) -> None:
    """The environment contains only the wheel and its requirements."""
    python = environment(tmp_path / "venv", PROJECT["dependencies"])
    _install(python, built.wheel)
    app = tmp_path / "app.py"
    app.write_text(python_blocks(ROOT / "README.md")[0].code)
    outdir = tmp_path / "out"

    run = subprocess.run(
        [python, "-I", app],
        cwd=tmp_path,
        env=os.environ | {"CDK_OUTDIR": str(outdir)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    (template,) = outdir.glob("*.template.json")
    types = [each["Type"] for each in json.loads(template.read_text())["Resources"].values()]
    assert "Custom::ServiceLinkedRole" in types
    assert "Custom::VoiceConnectorStreaming" in types
    assert (next(outdir.glob("asset.*")) / "slr_handler" / "entrypoint.py").is_file()


def _install(python: Path, *what: str | Path) -> None:
    subprocess.run(
        [sys.executable, *PIP_INSTALL, *what],
        env=os.environ | {"PIP_PYTHON": str(python)},
        check=True,
    )


# The command line without CDK


#: run in one process, because each import of cfn-lint takes seconds.
COMMANDS = """
import importlib.util, sys
from click.testing import CliRunner
from slr_constructs.cli.command_line import _COMMANDS, slr_constructs
assert importlib.util.find_spec("aws_cdk") is None
assert importlib.util.find_spec("constructs") is None
template = sys.argv[1]
for words, status in (
    *(([name, "--help"], 0) for name in _COMMANDS),
    (["--version"], 0),
    (["check", template], 1),
    (["order", template], 0),
    (["diff", template, template], 0),
    (["catalogue", "mediatailor"], 0),
    (["policy", "--deploy", "ivs"], 0),
    (["baseline"], 0),
):
    done = CliRunner().invoke(slr_constructs, words, catch_exceptions=False)
    assert (done.exit_code, done.stderr) == (status, ""), (words, done.output)
    print(words[0], len(done.stdout))
"""
NOT_ORDERED = ROOT / "tests/guard/cases/ivs-recording-not-ordered.yaml"


def test_the_command_line_works_without_cdk(built: Built, tmp_path: Path) -> None:
    """The environment contains only what the documented installation downloads."""
    requirements = ROOT / "requirements-cli.txt"
    listed = [line for line in requirements.read_text().splitlines() if not line.startswith("#")]
    python = environment(tmp_path / "venv", listed)
    _install(python, "--no-deps", built.wheel)
    _install(python, "-r", requirements)  # it finds everything, and downloads nothing

    done = _run(python, "-I", "-c", COMMANDS, NOT_ORDERED)
    started = _run(python.with_name("slr-constructs"), "--version")

    assert done.returncode == 0, done.stderr
    printed = dict(line.split() for line in done.stdout.splitlines())
    assert {"audit", "baseline", "catalogue", "check", "diff", "order", "policy"} <= {*printed}
    assert "0" not in printed.values()
    assert started.stdout == f"slr-constructs, version {PROJECT['version']}\n"


def test_the_requirements_are_those_of_the_extra() -> None:
    """`make lock` writes the file again."""
    assert (ROOT / cli_requirements.FILE).read_text() == cli_requirements.requirements()


def _run(program: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *words], capture_output=True, text=True, check=False)


def test_the_constructs_without_cdk_fail_with_one_sentence(tmp_path: Path, built: Built) -> None:
    """Python's own message names the package that is missing."""
    python = environment(tmp_path / "venv", [])
    _install(python, "--no-deps", built.wheel)

    constructs = _run(python, "-I", "-c", "import slr_constructs; slr_constructs.RoleGuard")
    commands = _run(python.with_name("slr-constructs"), "check", "x.yaml")

    assert constructs.stderr.splitlines()[-1].startswith("ModuleNotFoundError: No module named")
    assert commands.returncode == 2
    assert commands.stderr == (
        "slr-constructs: the command line needs additional packages:"
        " pip install 'slr-constructs[cli]'\n"
    )


# The source distribution


def test_the_source_distribution_is_the_repository(built: Built) -> None:
    """It has every file that git tracks, so it can run its tests."""
    git = require("git")
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a clone of the repository, so git lists no files")
    # new files are in the next commit
    options = ("--cached", "--others", "--exclude-standard", "-z")
    listed = subprocess.run(
        [git, "ls-files", *options], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    tracked = {each for each in listed.split("\0") if each and (ROOT / each).exists()}
    with tarfile.open(built.source) as archive:
        names = {each.name.partition("/")[2] for each in archive if each.isfile()}

    assert names == tracked | {"PKG-INFO"}


def test_only_one_test_needs_a_clone() -> None:
    """All others run in an unpacked source distribution."""
    asking = {
        path.name
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"ls-files|rev-parse|\"\.git\"", path.read_text())
    }

    assert asking == {Path(__file__).name}


@pytest.mark.exhaustive
def test_the_source_distribution_runs_its_tests(built: Built, tmp_path: Path) -> None:
    """All tests are collected, and some of different kinds are run.

    The release workflow runs `make test` in the unpacked source distribution.
    """
    folder = built.unpack(tmp_path)
    clone_only = test_the_source_distribution_is_the_repository.__name__
    chosen = [
        *("tests/test_version.py", "tests/test_catalogue.py", "tests/test_release.py"),
        *("tests/features/test_ivs_recording.py", "tests/guard/test_cases.py"),
        *("tests/handler/test_contract.py", f"tests/test_distributions.py::{clone_only}"),
    ]
    pytest_of = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    # of the folder, and not of the installation
    where = "import slr_constructs; print(slr_constructs.__file__)"
    imported = _in(folder, [sys.executable, "-c", where])
    collected = _in(folder, [*pytest_of, "--collect-only"])
    run = _in(folder, [*pytest_of, *chosen, "-m", "not exhaustive"])

    assert Path(imported.stdout.strip()).is_relative_to(folder)
    # the exit status is not 0, because snapshots of tests that do not run count as unused
    assert re.search(r"^\d+ tests collected in ", collected.stdout, re.MULTILINE), collected.stdout
    assert run.returncode == 0, run.stdout[-3000:]
    assert re.search(r"\d+ passed, 1 skipped", run.stdout), run.stdout[-3000:]


def _in(folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    # without CI, because the test that needs a clone is skipped
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.run(
        command, cwd=folder, env=kept, capture_output=True, text=True, check=False
    )
