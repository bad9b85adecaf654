"""Write the pages of the documentation site, with the parts that are generated from the code.

`python -m scripts.site_pages FOLDER` copies the folder `docs`. A page names a generated part with a
comment on a line of its own:

    <!-- generate: role mediatailor -->

The copy has the part instead of the comment, so it is never older than the code. Its links to
files that are not pages lead to the repository. It marks HTML elements that contain Markdown,
because Python-Markdown, unlike GitHub, needs a mark.
"""

from __future__ import annotations

import enum
import inspect
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import griffe
from aws_cdk import App, Stack
from click.testing import CliRunner

import slr_constructs
from scripts.project import PROJECT, ROOT
from slr_constructs import catalogue, testing
from slr_constructs.catalogue import resource_types_of
from slr_constructs.cli.catalogue import CREATED_BY
from slr_constructs.cli.command_line import slr_constructs as command_line
from slr_constructs.cli.role_argument import ROLES, short_name_of
from slr_constructs.guard.rules.invalid_property_value import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from slr_constructs.catalogue import ResourceType, RoleDefinition

DOCS = ROOT / "docs"
REPOSITORY: str = PROJECT["urls"]["Repository"]
#: the modules with public names.
MODULES = {each.__name__: each for each in (slr_constructs, catalogue, testing)}

_MARKER = re.compile(r"^<!-- generate: (\S+)(?: (\S+))? -->$", re.MULTILINE)
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\((?!https://|#)([^)#\s]+)(?:#[^)\s]*)?\)")
_CODE = re.compile(r"^```.*?^```$|^~~~.*?^~~~$", re.MULTILINE | re.DOTALL)
#: a value of an enum, with its comment; and one with a docstring, which mkdocstrings reads.
_VALUE = re.compile(r"((?:^ +#:.*\n)*)^ +([A-Z_]+) = ", re.MULTILINE)
_DOCUMENTED = re.compile(r'^ +[A-Z_]+ = .*\n +"""', re.MULTILINE)
_ORDER = re.compile(r"(create|delete) +(\d+)  (.*)  \((.*)\)")


class LinkError(Exception):
    """A page links a file that does not exist."""


def write_pages(folder: Path) -> None:
    """Write the pages and their files into a new folder.

    Raises:
        LinkError: A page links a file that does not exist.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("*.toml"))
    for path in sorted(DOCS.rglob("*.md")):
        source = path.relative_to(DOCS)
        (folder / source).write_text(page(path.read_text(encoding="utf-8"), source), "utf-8")


def page(markdown: str, source: Path) -> str:
    """Return a page for the site; `source` is its path in the folder `docs`."""

    def change(text: str) -> str:
        return _links(text.replace("<details>", '<details markdown="1">'), source)

    return _outside_code(generated(markdown), change)


def generated(markdown: str) -> str:
    """Return a page with its generated parts.

    Raises:
        KeyError: A comment names a part that does not exist.
    """

    def part(found: re.Match[str]) -> str:
        name, argument = found.groups()
        if name == "order":
            blocks = _BLOCK.findall(markdown, 0, found.start())
            return order_table(blocks[-1])
        arguments = [] if argument is None else [argument]
        return PARTS[name](*arguments)

    return _MARKER.sub(part, markdown)


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """Change a text, but not its code blocks."""
    parts: list[str] = []
    end = 0
    for block in _CODE.finditer(text):
        parts += [change(text[end : block.start()]), block.group()]
        end = block.end()
    return "".join([*parts, change(text[end:])])


def _links(text: str, source: Path) -> str:
    """Let links to files that the site does not have lead to the repository."""

    def replaced(found: re.Match[str]) -> str:
        label, target = found.groups()
        path = (DOCS / source).parent.joinpath(target).resolve()
        if not path.exists():
            raise LinkError(f"docs/{source}: {target} does not exist")
        if path.is_relative_to(DOCS):
            return found.group()
        kind = "tree" if path.is_dir() else "blob"
        return f"[{label}]({REPOSITORY}/{kind}/main/{path.relative_to(ROOT)})"

    return _LINK.sub(replaced, text)


def order_table(code: str) -> str:
    """Return the order of the resources of an example, which defines `stack`."""
    names: dict[str, Any] = {"App": App, "Stack": Stack}
    exec(compile(code, "example", "exec"), names)  # noqa: S102 - an example of a page
    steps: dict[tuple[str, str], dict[str, str]] = {}
    for line in testing.order_lines(names["stack"]):
        found = _ORDER.fullmatch(line)
        assert found is not None, line  # noqa: S101 - the form of a public function
        action, step, path, kind = found.groups()
        steps.setdefault((path, kind), {})[action] = step
    rows = (
        (step.get("create", ""), step.get("delete", ""), f"`{path}`<br>`{kind}`")
        for (path, kind), step in steps.items()
    )
    return _table(("created", "deleted", "resource"), rows)


def roles_table() -> str:
    """Return all roles of the catalogue."""
    rows = (
        (
            f"`{role.role_name}`<br>`{short}`",
            f"{role.feature}<br>created by: {CREATED_BY[role.creation]}",
        )
        for short, role in ROLES.items()
    )
    return _table(("role, and its short name", "used for"), rows)


def options_list(name: str) -> str:
    """Return the options of a construct and its errors, from its docstring."""
    kind = getattr(slr_constructs, name)
    parameters = inspect.signature(kind.__init__).parameters
    lines: list[str] = []
    for section in _sections(kind):
        if isinstance(section, griffe.DocstringSectionParameters):
            for each in section.value:
                parameter = parameters[each.name]
                required = parameter.default is inspect.Parameter.empty
                note = ", required" if required else ""
                lines += [f"`{each.name}`: `{parameter.annotation}`{note}", ""]
                lines += [f":   {_paragraph(each.description)}", ""]
        elif isinstance(section, griffe.DocstringSectionRaises):
            for each_error in section.value:
                lines += [f"`{each_error.annotation}`: {_paragraph(each_error.description)}", ""]
    return "\n".join(lines)


def _sections(kind: type) -> list[griffe.DocstringSection]:
    docstring = griffe.Docstring(inspect.getdoc(kind) or "")
    # the types are in the signature
    return griffe.parse_google(docstring, warn_missing_types=False)


def role_facts(short: str) -> str:
    """Return the facts about a role, with their sources."""
    role = ROLES[short_name_of(short)]
    return "\n".join((*_role_lines(role), *_contradictions(role)))


def _role_lines(role: RoleDefinition) -> Iterator[str]:
    rows = [
        ("role", f"`{role.role_name}`"),
        ("service principal", f"`{role.service_principal}`"),
        ("used by", role.feature),
        ("created by", CREATED_BY[role.creation]),
        ("calls that create it with the feature", _codes(role.created_by)),
        ("calls that end its usage", _codes(role.clean_up)),
        ("managed policy", _codes([role.managed_policy] if role.managed_policy else [])),
        ("log groups", _codes(role.log_groups)),
        ("regions with the service", ", ".join(role.regions or ())),
    ]
    yield _table(("fact", "value"), [row for row in rows if row[1]])
    yield "The policy allows the service:"
    yield ""
    for statement in role.statements:
        conditions = "".join(
            f", if `{key}` matches {_codes(values)}" for _, key, values in statement.conditions
        )
        yield f"- {_codes(statement.actions)} on {_codes(statement.resources)}{conditions}"
    yield ""
    yield "Documentation of AWS:"
    yield ""
    yield from (f"- <{url}>" for url in role.documentation)
    yield ""


def _contradictions(role: RoleDefinition) -> Iterator[str]:
    if role.contradictions:
        yield "Sources contradict one another in these points:"
        yield ""
    for each in role.contradictions:
        claims = "; ".join(f"{_text(claim.says)} ({_text(claim.source)})" for claim in each.claims)
        yield f"- **{each.about}**: {claims}. This library follows {_text(each.followed)}."
    yield ""


def usage_facts(short: str) -> str:
    """Return which resources use a role, and which API calls the library makes for them."""
    types = resource_types_of(ROLES[short_name_of(short)])
    return "\n".join(line for each in types for line in _usage_lines(each))


def _usage_lines(each: ResourceType) -> Iterator[str]:
    known = (
        "the function relies on IAM, which refuses it while the role is used in this way"
        if each.is_known_to_iam
        else "the function checks this usage, because AWS does not document whether IAM refuses it"
    )
    calls = [each.calls.configure.operation, each.calls.remove, each.calls.describe]
    rows = [
        ("feature", each.feature),
        ("calls for the feature", _codes(dict.fromkeys(calls))),
        ("custom resources", _codes(each.custom_types)),
        ("calls to mark an existing owner", _codes(each.calls.tags)),
        ("`slr-constructs release`", each.on_release.value),
        ("deletion of the role", known),
    ]
    yield f"**`{each.type}`**"
    yield ""
    yield _table(("fact", "value"), [row for row in rows if row[1]])


def limits_table(short: str) -> str:
    """Return the limits of the properties of a role's resources."""
    types = resource_types_of(ROLES[short_name_of(short)])
    contracts = [each.contracts.configure for each in types if each.contracts.configure]
    kinds = [each.type for each in types] + [each.RESOURCE_TYPE for each in contracts]
    rows = (
        (
            f"`{kind}`<br>`{'.'.join(limit.path)}`",
            f"{_text(limit.rule.allowed)}<br>`{limit.rule.code}`",
        )
        for kind in kinds
        for limit in LIMITS.get(kind, ())
    )
    return _table(("property", "must be, and the code of the error"), rows)


def permissions(short: str) -> str:
    """Return the permissions of the function and of a deployment, each in a block to open."""
    parts = []
    for option, title in (
        ("--function", "Permissions that the function can get"),
        ("--deploy", "Permissions that a deployment needs"),
    ):
        run = CliRunner().invoke(command_line, ["policy", option, short], catch_exceptions=False)
        command = f"slr-constructs policy {option} {short}"
        parts.append(
            f"<details><summary>{title}: <code>{command}</code></summary>\n\n"
            f"```json\n{run.stdout.rstrip()}\n```\n\n</details>\n"
        )
    return "\n".join(parts)


def command_reference() -> str:
    """Return what `--help` prints for every command."""
    parts = [_help("slr-constructs")]
    for name in command_line.list_commands(click.Context(command_line)):
        parts += [f"## slr-constructs {name}\n", _help("slr-constructs", name)]
    return "\n".join(parts)


def _help(program: str, *words: str) -> str:
    run = CliRunner().invoke(
        command_line, [*words, "--help"], prog_name=program, catch_exceptions=False
    )
    return f"```text\n{run.stdout.rstrip()}\n```\n"


def api(module: str) -> str:
    """Return the public names of a module; mkdocstrings adds their documentation."""
    found = MODULES[module]
    parts = []
    values = []
    for name in found.__all__:
        value = getattr(found, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            parts += [f"::: {module}.{name}\n", *_values(value)]
        elif isinstance(value, catalogue.RoleDefinition):
            values.append((f"`{name}`", f"`{value.role_name}`"))
        elif isinstance(value, str):
            values.append((f"`{name}`", f"`{value}`"))
    return "\n".join([*parts, _table(("constant", "value"), values) if values else ""])


def _values(kind: type | Callable[..., object]) -> Iterator[str]:
    """Yield the values of an enum with their comments, which mkdocstrings does not read."""
    if not (isinstance(kind, enum.EnumType) and issubclass(kind, enum.Enum)):
        return
    if has_documented_values(kind):
        return
    for comment, name in _VALUE.findall(inspect.getsource(kind)):
        text = _paragraph(comment.replace("#:", ""))
        yield f"- `{kind.__name__}.{name}`{text and ': '}{text}"
    yield ""


def has_documented_values(kind: type[enum.Enum]) -> bool:
    """Return whether the values of an enum have docstrings, which mkdocstrings reads."""
    return bool(_DOCUMENTED.search(inspect.getsource(kind)))


def changelog() -> str:
    """Return the changelog without its title, with links as on a page."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return text.removeprefix("# Changelog\n").replace("](docs/", "](")


#: the parts that a page can name.
PARTS: dict[str, Callable[..., str]] = {
    "api": api,
    "changelog": changelog,
    "commands": command_reference,
    "limits": limits_table,
    "options": options_list,
    "permissions": permissions,
    "role": role_facts,
    "roles": roles_table,
    "usages": usage_facts,
}


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _paragraph(text: str) -> str:
    return " ".join(text.split())


def _text(text: str) -> str:
    """Escape the characters that are special in Markdown and in tables."""
    return re.sub(r"([*_<|\[\]])", r"\\\1", text)


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
