"""The pages of the documentation site: examples, generated parts, links and commands."""

from __future__ import annotations

import enum
import inspect
import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from aws_cdk import App

import slr_constructs
from scripts import site_pages
from scripts.project import ROOT
from slr_constructs import catalogue, testing
from slr_constructs._feature import Feature
from slr_constructs.cli.command_line import slr_constructs as command_line
from slr_constructs.cli.role_argument import ROLES
from tests.cli.commands import assert_commands_exist
from tests.links import REPOSITORY, SITE
from tests.readme_blocks import Block, python_blocks

DOCS = site_pages.DOCS
PAGES = {str(path.relative_to(DOCS)): path for path in sorted(DOCS.rglob("*.md"))}
#: pages whose examples are not complete programs: another test runs them, or they are fragments.
NOT_COMPLETE = {
    "organizations.md": "tests/test_organizations.py runs them",
    "rules.md": "an acknowledgement for any construct",
}
BLOCKS = [
    pytest.param(block, id=f"{name} line {block.line}")
    for name, path in PAGES.items()
    if name not in NOT_COMPLETE
    for block in python_blocks(path)
]
FEATURES = [
    name
    for name in slr_constructs.__all__
    if inspect.isclass(kind := getattr(slr_constructs, name)) and issubclass(kind, Feature)
]
#: the sections that the page of each feature has.
SECTIONS = (
    "What is created",
    "Options",
    "Examples",
    "Update and delete",
    "Limits",
    "Permissions",
    "Facts and sources",
)


def text_of(name: str) -> str:
    """Return a page for the site."""
    return site_pages.page(PAGES[name].read_text(), Path(name))


@pytest.mark.parametrize("block", BLOCKS)
def test_an_example_runs_by_itself(block: Block) -> None:
    """Each example can be copied into a file, and its app can be synthesized."""
    names: dict[str, Any] = {}

    exec(compile(block.code, f"line {block.line}", "exec"), names)  # noqa: S102 - a page's example

    app = names.get("app")
    if isinstance(app, App):
        app.synth()


@pytest.mark.parametrize("name", PAGES)
def test_the_parts_of_a_page_are_generated(name: str) -> None:
    """No comment is left, and every link to a file of the repository is valid."""
    assert "<!-- generate" not in text_of(name)


def test_every_page_is_in_the_navigation() -> None:
    """MkDocs reports a page that the navigation omits; this test does so in seconds."""
    text = (ROOT / "mkdocs.yml").read_text()
    listed = re.findall(r"[\w./-]+\.md", str(yaml.safe_load(text)["nav"]))

    assert sorted(listed) == sorted(PAGES)


@pytest.mark.parametrize("feature", FEATURES)
def test_the_page_of_a_feature_has_all_sections(feature: str) -> None:
    """One page lists the options of the feature, in the order of the sections."""
    (path,) = (p for p in PAGES.values() if f"generate: options {feature} -->" in p.read_text())
    headings = re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)

    assert [each for each in headings if each in SECTIONS] == [*SECTIONS]
    listed = site_pages.options_list(feature)
    kind = getattr(slr_constructs, feature)
    for option in [*inspect.signature(kind.__init__).parameters][3:]:
        assert f"`{option}`: `" in listed
    assert "`UsageError`: " in listed


def test_every_role_with_a_feature_has_its_facts_on_a_page() -> None:
    """The facts, limits and permissions of a role are generated from the catalogue."""
    text = "\n".join(path.read_text() for path in PAGES.values())
    current = [
        short
        for short, role in ROLES.items()
        if catalogue.resource_types_of(role) and not role.superseded_by
    ]

    assert len(current) == 5
    for short in current:
        for part in ("limits", "permissions", "role", "usages"):
            assert f"<!-- generate: {part} {short} -->" in text


def test_the_facts_about_a_role_have_their_sources() -> None:
    """Each value of the record is on the page: names, calls, contradictions and documents."""
    role = catalogue.MEDIATAILOR
    text = site_pages.role_facts("mediatailor")

    for value in (
        role.role_name,
        role.service_principal,
        *role.created_by,
        *role.log_groups,
        *role.documentation,
        *(action for statement in role.statements for action in statement.actions),
        *(each.about for each in role.contradictions),
        *(role.regions or ()),
        r"\[policy\]",
    ):
        assert value in text


def test_conditions_of_a_statement_are_shown() -> None:
    """The role of messaging may use keys only through Kinesis."""
    (statement, _) = catalogue.CHIME_MESSAGING.statements
    ((_, key, (value,)),) = statement.conditions

    assert f", if `{key}` matches `{value}`" in site_pages.role_facts("chime-messaging")


def test_the_usage_of_a_role_that_is_not_documented_is_named() -> None:
    """SIP media applications are in the catalogue, but not in the documentation of the deletion."""
    text = site_pages.usage_facts("chime-voice-connector")

    assert "**`AWS::Chime::VoiceConnector`**" in text
    assert "AWS does not document whether IAM refuses it" in text


def test_limits_have_their_codes() -> None:
    """Those of the native property and of the custom resource."""
    text = site_pages.limits_table("mediatailor")

    assert "`LogConfiguration.PercentEnabled` | a whole number from 0 to 100" in text
    assert "`Custom::MediaTailorSessionLogging`<br>`PercentEnabled`" in text


def test_permissions_are_those_of_the_command() -> None:
    """The function's and the deployment's, each in a valid block."""
    text = site_pages.permissions("ivs")

    assert "<code>slr-constructs policy --function ivs</code>" in text
    assert '"ivs:UpdateChannel"' in text
    assert '"iam:CreateServiceLinkedRole"' in text
    assert text.count("<details>") == text.count("</details>") == 2


def test_the_order_is_that_of_the_example() -> None:
    """The table has both steps of each resource of the last example before the comment."""
    code = python_blocks(PAGES["getting-started.md"])[0].code
    table = site_pages.order_table(code)

    assert "| 6 | 1 | `Streaming/Resource`<br>`Custom::VoiceConnectorStreaming` |" in table
    assert "| 1 | 3 | `Connector`<br>`AWS::Chime::VoiceConnector` |" in table
    page = f"```python\n{code}```\n\n<!-- generate: order -->\n"
    assert table in site_pages.generated(page)


@pytest.mark.parametrize("module", [slr_constructs, catalogue, testing])
def test_every_public_name_is_in_the_reference(module: Any) -> None:  # noqa: ANN401 - a module
    """A class or function has its documentation; a constant is in a table."""
    text = text_of("api.md")

    for name in module.__all__:
        if inspect.ismodule(getattr(module, name)) or name in ("ALL", "RESOURCE_TYPES"):
            continue
        assert f"::: {module.__name__}.{name}\n" in text or f"| `{name}` |" in text


def test_the_reference_has_the_values_of_enums() -> None:
    """With their comments, unless they have docstrings, which mkdocstrings reads."""
    text = text_of("api.md")
    kinds = [getattr(slr_constructs, name) for name in slr_constructs.__all__]
    enums = [kind for kind in kinds if inspect.isclass(kind) and issubclass(kind, enum.Enum)]

    assert len(enums) > 5
    for kind in enums:
        for value in kind:
            listed = f"- `{kind.__name__}.{value.name}`" in text
            assert listed or site_pages.has_documented_values(kind)
    assert site_pages.has_documented_values(slr_constructs.Severity)
    assert "- `AccessLogs.OFF`: No access logs.\n" in text
    assert "- `RoleCreation." not in text


def test_the_command_reference_has_the_help_of_every_command() -> None:
    """Each command has a section with its options."""
    text = site_pages.command_reference()

    for name in command_line.list_commands(click.Context(command_line)):
        assert (
            f"## slr-constructs {name}\n\n```text\nUsage: slr-constructs {name} [OPTIONS]" in text
        )


def test_all_roles_are_in_the_table_of_features() -> None:
    """With the short name that the commands accept."""
    text = text_of("features/index.md")

    for short, role in ROLES.items():
        assert f"`{role.role_name}`<br>`{short}`" in text


def test_the_changelog_is_that_of_the_repository() -> None:
    """Its links are changed to those of the site."""
    text = text_of("changelog.md")

    assert text.startswith("# Changelog\n\n\nPublic names")
    assert "](organizations.md)" in text
    assert "](docs/" not in text


def test_a_part_that_does_not_exist_is_an_error() -> None:
    """A misspelled comment does not disappear."""
    with pytest.raises(KeyError, match="rolls"):
        site_pages.generated("<!-- generate: rolls mediatailor -->")


def test_links_to_files_outside_of_the_site_are_replaced() -> None:
    """They lead to the repository. Links in code, to pages and to other sites stay."""
    kept = "[a](accounts.md#audit) [b](https://example.com) [c](#d) `x`\n\n```\n[e](nope)\n```\n"
    page = f"[the workflow](../.github/workflows/pull-request.yml)\n{kept}"

    assert site_pages.page(page, Path("x.md")) == (
        f"[the workflow]({REPOSITORY}/blob/main/.github/workflows/pull-request.yml)\n{kept}"
    )


def test_a_link_to_a_file_that_does_not_exist_is_an_error() -> None:
    """The message names the page and the link."""
    with pytest.raises(site_pages.LinkError, match=r"^docs/features/x\.md: nope\.md does"):
        site_pages.page("[text](nope.md)", Path("features/x.md"))


def test_the_site_has_the_addresses_of_the_project() -> None:
    """The site links the repository, and knows its own address."""
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text())

    (repository,) = settings["extra"]["social"]
    assert (repository["link"], settings["site_url"]) == (REPOSITORY, SITE)


def test_links_to_other_sites_are_encrypted() -> None:
    """No page links to an address without TLS."""
    for path in PAGES.values():
        assert not re.search(r"\]\(http://|<http://", path.read_text()), path


def test_markdown_in_details_is_rendered() -> None:
    """Python-Markdown reads it only with this attribute."""
    code = "~~~markdown\n<details>\n~~~"
    page = f"<details><summary>x</summary>\n\n{code}"

    assert site_pages.page(page, Path("x.md")) == (
        f'<details markdown="1"><summary>x</summary>\n\n{code}'
    )


def test_pages_are_copied_with_their_pictures(tmp_path: Path) -> None:
    """A page that was removed is removed from the copy too."""
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "old.md").write_text("old")

    site_pages.write_pages(folder)

    copied = {str(path.relative_to(folder)) for path in folder.rglob("*.md")}
    assert copied == {*PAGES}
    assert (folder / "sharing-roles.svg").is_file()
    assert "```text\nUsage: slr-constructs" in (folder / "commands.md").read_text()


def test_every_command_on_a_page_exists() -> None:
    """Click parses each command that a page shows on a line of its own."""
    calls = [
        call.strip()
        for path in PAGES.values()
        for call in re.findall(r"^ {4}slr-constructs ([^#\n]+)", path.read_text(), re.MULTILINE)
    ]

    assert len(calls) > 15
    assert_commands_exist(calls)


def test_ci_builds_the_site() -> None:
    """`make docs` builds it in strict mode, so that every warning is an error."""
    makefile = (ROOT / "Makefile").read_text()
    recipe = makefile.partition("\ndocs: $(PIP_STAMP)")[2].partition("\n\n")[0]

    assert "scripts.site_pages site/pages" in recipe
    assert "mkdocs build --strict" in recipe
    assert "targets docs " in (ROOT / ".ci" / "run").read_text()
