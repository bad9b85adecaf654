"""The files for contributors: links, decisions, forms of issues, and the hook for commits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.links import REPOSITORY, anchors_of, file_of
from tests.test_architecture import LAYERS

ROOT = Path(__file__).parents[1]
DECISIONS = sorted((ROOT / "docs/decisions").glob("0*.md"))
PAGES = [
    *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md")),
    *(ROOT / name for name in ("docs/decisions/README.md", "examples/README.md")),
    *DECISIONS,
]
FORMS = sorted(
    path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config"
)
_LINK = re.compile(r"\]\((?!https://)([^)#\s]*)(?:#([^)\s]+))?\)")
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda each: str(each.relative_to(ROOT)))
each_form = pytest.mark.parametrize("form", FORMS, ids=lambda each: each.stem)


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    """To a file or a folder of the repository, and to a heading that it has."""
    for target, anchor in _LINK.findall(page.read_text("utf-8")):
        linked = page.parent / target if target else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors_of(linked), anchor


@each_page
def test_every_path_in_the_text_exists(page: Path) -> None:
    """A path of a new file that a guide creates has `example_archiving` or the new rule's name."""
    paths = re.findall(
        r"`((?:slr_constructs|tests|docs|examples|sample_app)/[\w./*-]+)`", page.read_text("utf-8")
    )
    created = ("example_archiving", "empty_description", "role-with-an-empty-description")

    assert [
        each
        for each in paths
        if not any(name in each for name in created) and not [*ROOT.glob(each.rstrip("/"))]
    ] == []


def test_every_target_of_make_exists() -> None:
    """Those that the pages name."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        name
        for page in PAGES
        for name in re.findall(r"(?:`|^    )make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE)
    }

    assert {"lint", "test", "rules"} <= named <= targets


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda each: each.stem)
def test_a_decision_has_its_parts(decision: Path) -> None:
    """The problem, what was decided, what follows, and sources; the index links it."""
    text = decision.read_text("utf-8")
    number, *_ = decision.name.split("-")
    title = f"{int(number)}. "

    assert text.startswith(f"# {title}")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        *("Problem", "Decision", "Consequences", "Sources")
    ]
    heading = text.splitlines()[0].removeprefix("# ")
    assert f"[{heading}]({decision.name})" in (decision.parent / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 60


def test_decisions_are_numbered() -> None:
    """Without a gap, so that a new one gets the next number."""
    assert [int(each.name[:4]) for each in DECISIONS] == [*range(1, len(DECISIONS) + 1)]


def test_the_architecture_names_every_layer() -> None:
    """Each module of the table that is checked."""
    text = (ROOT / "docs/architecture.md").read_text("utf-8")

    for name in (name for layer in LAYERS for name in layer):
        short = name.removeprefix("slr_constructs")
        assert f"`{name}`" in text or f"`{short}`" in text, name


@each_form
def test_a_form_is_one_that_github_accepts(form: Path) -> None:
    """GitHub ignores a form without these keys, or with two fields of one id."""
    content = _yaml(form)

    assert (
        {"name", "description", "body"} <= {*content} <= {"name", "description", "body", "labels"}
    )
    fields = [each for each in content["body"] if each["type"] != "markdown"]
    assert {each["type"] for each in fields} <= {"input", "textarea", "dropdown", "checkboxes"}
    assert len({each["id"] for each in fields}) == len(fields)
    assert all(each["attributes"]["label"] for each in fields)
    assert any(each.get("validations", {}).get("required") for each in fields)


def test_security_problems_are_not_reported_in_issues() -> None:
    """The form for problems, and the page for contributors, lead to SECURITY.md."""
    assert "SECURITY.md" in (ROOT / ".github/ISSUE_TEMPLATE/problem.yml").read_text()
    assert "](SECURITY.md)" in (ROOT / "CONTRIBUTING.md").read_text()


def test_links_beside_the_forms_lead_to_the_project() -> None:
    """GitHub shows SECURITY.md as the security policy of a repository."""
    config = _yaml(ROOT / ".github/ISSUE_TEMPLATE/config.yml")

    for link in config["contact_links"]:
        page = file_of(link["url"])
        assert link["url"] == f"{REPOSITORY}/security/policy" or (page and page.is_file())
        assert link["name"]
        assert link["about"]


def test_the_hook_runs_what_make_lint_runs() -> None:
    """It runs the target itself, for every file that ruff or mypy reads."""
    (repository,) = _yaml(ROOT / ".pre-commit-config.yaml")["repos"]
    (hook,) = repository["hooks"]

    assert repository["repo"] == "local"
    assert hook["entry"] == "make lint"
    assert hook["language"] == "system"
    assert hook["pass_filenames"] is False
    for name in ("slr_constructs/_arn.py", "README.md", "pyproject.toml", "requirements.txt"):
        assert re.search(hook["files"], name), name
    assert not re.search(hook["files"], "docs/sample-app-order.svg")


def _yaml(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return content
