"""A release: its notes, and the jobs that build, test and publish it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import release
from scripts.project import PROJECT
from tests.programs import require

ROOT = release.ROOT
WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]
URL = "https://example.com/owner/name"
SECTION = """\
### Added

- Something. [A page](docs/page.md) and [another one](https://example.com/x) describe it, and
  [this heading](#added) too.
"""
LINKED = SECTION.replace("](docs/", f"]({URL}/blob/v1.2.0/docs/")
CHANGELOG = f"# Changelog\n\n## 1.2.0 - 2026-12-15\n\n{SECTION}\n## 1.1.0 - 2026-12-01\n\n- Old.\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with the version 1.2.0."""
    (tmp_path / "pyproject.toml").write_text(
        f'[project]\nversion = "1.2.0"\nurls.Repository = "{URL}"\n'
    )
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def test_notes_are_the_section_of_the_version(project: Path) -> None:
    """Relative links get the address of the file at the tag."""
    assert release.notes("v1.2.0", project) == LINKED


def test_notes_of_the_last_section_end_with_the_file(project: Path) -> None:
    """No other heading follows it."""
    (project / "CHANGELOG.md").write_text(CHANGELOG.partition("\n## 1.1.0")[0])

    assert release.notes("v1.2.0", project) == LINKED


@pytest.mark.parametrize(
    ("tag", "correct", "wrong", "sentence"),
    [
        (
            "v1.2.1",
            "",
            "",
            "v1.2.1 is not the tag of the version in pyproject.toml: v1.2.0",
        ),
        ("1.2.0", "", "", "1.2.0 is not the tag of the version in pyproject.toml: v1.2.0"),
        (
            "v1.2.0",
            "1.2.0 - 2026-12-15",
            "Unreleased",
            "CHANGELOG.md has no section: ## 1.2.0 - YYYY-MM-DD",
        ),
        (
            "v1.2.0",
            "1.2.0 - 2026-12-15",
            "1.2.0 - 15 December",
            "CHANGELOG.md: the date of 1.2.0 must be YYYY-MM-DD, got 15 December",
        ),
        ("v1.2.0", SECTION, "", "CHANGELOG.md: the section of 1.2.0 is empty"),
    ],
    ids=["other-version", "no-v", "no-section", "date", "empty"],
)
def test_fails_if_tag_version_and_changelog_do_not_agree(
    tag: str, correct: str, wrong: str, sentence: str, project: Path
) -> None:
    """The sentence says what is missing."""
    (project / "CHANGELOG.md").write_text(CHANGELOG.replace(correct, wrong, 1))

    with pytest.raises(release.ReleaseError) as refused:
        release.notes(tag, project)

    assert str(refused.value) == sentence


def test_a_tag_of_another_version_stops_the_release() -> None:
    """The script prints no notes, one sentence, and has an exit status."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/release.py", "v0.0.0"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("v0.0.0 is not the tag of the version in pyproject.toml: v")


def test_only_tags_of_versions_are_released() -> None:
    """YAML reads `on` as a boolean."""
    assert WORKFLOW[True] == {"push": {"tags": ["v*"]}}


def test_nothing_is_published_before_it_was_tested() -> None:
    """And everything that is published was built by the first job."""
    assert {name: job.get("needs") for name, job in JOBS.items()} == {
        "build": None,
        "verify": "build",
        "publish": "verify",
        "release": "publish",
        "site": "publish",
    }
    for name, job in JOBS.items():
        runs = "\n".join(step.get("run", "") for step in job["steps"])
        assert ("make dist" in runs) == (name == "build")
        if name != "build":
            assert not any("checkout" in step.get("uses", "") for step in job["steps"])


def test_a_job_with_a_token_for_others_runs_no_code_of_the_repository() -> None:
    """It has only actions, and the environment that a maintainer protects."""
    with_token = {name for name, job in JOBS.items() if "id-token" in job["permissions"]}

    assert with_token == {"publish", "site"}
    for name in with_token:
        assert not any("run" in step for step in JOBS[name]["steps"])
    assert JOBS["publish"]["environment"] == "release"
    assert JOBS["site"]["environment"]["name"] == "github-pages"


def test_packages_are_published_with_attestations_and_without_a_password() -> None:
    """The index gets the source distribution and the wheel, and no other file."""
    *_, publish = JOBS["publish"]["steps"]
    (packages,) = (
        step["with"]
        for step in JOBS["build"]["steps"]
        if step.get("with", {}).get("name") == "packages"
    )

    assert publish["with"] == {"attestations": True}
    assert packages["path"].split() == ["dist/*.tar.gz", "dist/*.whl"]


@pytest.mark.exhaustive
def test_what_is_built_can_be_installed_and_run(tmp_path: Path) -> None:
    """`make dist` builds it, and the step of the workflow tests it.

    The environments have the sizes that the page about installations names.
    """
    virtual = Path(sys.executable).parents[1]
    build = ["make", "dist", f"DIST={tmp_path / 'dist'}", f"VENV={virtual}"]
    # the environment of the tests may be older than the lock
    subprocess.run([*build, f"--old-file={virtual / '.installed'}"], cwd=ROOT, check=True)
    (step,) = (each for each in JOBS["verify"]["steps"] if "SHA256SUMS" in each.get("run", ""))
    kept = {name: each for name, each in os.environ.items() if not name.startswith("SLR_")}

    done = subprocess.run(
        [require("bash"), "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=tmp_path,
        env=kept
        | {
            "TAG": f"v{PROJECT['version']}",
            "PATH": f"{virtual / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "SLR_CONSTRUCTS_CACHE": str(tmp_path / "cache"),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": OK\n") == 4
    assert done.stdout.count("No findings in 1 stack.") == 3
    page = " ".join((ROOT / "docs/install.md").read_text().split())
    (figures,) = re.findall(r"has about (\d+) MB instead of about (\d+) MB", page)
    for name, figure in zip(("cli", "cdk"), figures, strict=True):
        files = (path for path in (tmp_path / name).rglob("*") if path.is_file())
        size = sum(path.lstat().st_size for path in files if not path.is_symlink())
        assert size / 1e6 == pytest.approx(int(figure), rel=0.1), name


def test_the_documented_installation_is_the_one_that_is_tested() -> None:
    """The step has the built wheel and the built file instead of the published ones."""
    (step,) = (each for each in JOBS["verify"]["steps"] if "SHA256SUMS" in each.get("run", ""))
    page = (ROOT / "docs/install.md").read_text()
    commands = re.findall(r"^    pip (install (?:--no-deps|-r) .*)$", page, re.MULTILINE)
    tested = [
        re.sub("https://.*/", "dist/", each).replace("slr-constructs", "dist/*.whl")
        for each in commands
    ]

    assert len(tested) == 2
    for each in tested:
        assert f"cli/bin/pip {each}\n" in step["run"].replace(" --quiet", "")


def test_the_page_for_contributors_describes_the_workflow() -> None:
    """What must be configured once has the names that the workflow uses."""
    text = (ROOT / "CONTRIBUTING.md").read_text().partition("\n## Release\n")[2]

    for name in (
        ".github/workflows/release.yml",
        f"`{JOBS['publish']['environment']}`",
        f"`{JOBS['site']['environment']['name']}`",
        "`make dist`",
        "## 0.1.0 - 2026-12-31",
    ):
        assert name in text, name
    assert "trusted publisher" in text
