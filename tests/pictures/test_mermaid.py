"""The flowchart: each resource once, by step, and names are never syntax."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slr_constructs.pictures.arrows import arrows_between
from slr_constructs.pictures.labels import short_name
from slr_constructs.pictures.mermaid import mermaid
from slr_constructs.templates.words import printable
from tests.pictures.many_apps import hostile, nested, nothing, plain, sample

if TYPE_CHECKING:
    from slr_constructs.templates.app import App

LABEL = r'"[^"\[\](){}|`]*"'
#: all forms of a line.
LINES = re.compile(
    rf"""flowchart\ RL
    |\ +subgraph\ s\d+\[{LABEL}\]|\ +end
    |\ +r\d+(\[{LABEL}\]|\(\[{LABEL}\]\)|\[\[{LABEL}\]\]|\{{\{{{LABEL}\}}\}}|\[/{LABEL}/\])
    |\ +(s\d+none|nothing)\[{LABEL}\]
    |\ +r\d+\ -->(\|{LABEL}\|)?\ r\d+|\ +s\d+\ ==>\|depends\ on\|\ s\d+|\ +r\d+\ -\.-\ s\d+
    |\ +classDef\ [a-z]+\ \S+(\ 3)?|\ +class\ r\d+(,r\d+)*\ [a-z]+""",
    re.VERBOSE,
)


def _decoded(label: str) -> str:
    return re.sub(r"#(\d+);", lambda match: chr(int(match[1])), label)


def test_every_line_is_valid_in_mermaid(app: App) -> None:
    """Lines are subgraphs, nodes, arrows or classes, and every subgraph ends."""
    for only_roles in (False, True):
        lines = mermaid(app, only_roles=only_roles).removesuffix("\n").split("\n")

        assert [each for each in lines if not LINES.fullmatch(each)] == []
        assert [each.strip()[:9] for each in lines].count("subgraph ") == [
            each.strip() for each in lines
        ].count("end")


def test_every_resource_is_a_node_with_its_step(app: App) -> None:
    """The nodes of a stack are sorted by step."""
    text = mermaid(app)
    labels = re.findall(r'^ +r\d+[\[({/]+"(.*?)"', text, re.MULTILINE)

    assert [_decoded(each).split("<br>")[::2] for each in labels] == [
        [short_name(stack, each), f"step {number}{f': {marks}' if marks else ''}"]
        for stack in app.stacks.values()
        for number, step in enumerate(stack.creation, 1)
        for each in step
        for marks in [", ".join(mark.value for mark in stack.marks.get(each, ()))]
    ]
    assert text.count(" -->") == sum(
        len(arrows_between(stack, stack.resources)) for stack in app.stacks.values()
    )


def test_names_are_never_syntax() -> None:
    """The parser returns each name unchanged."""
    app = hostile()
    titles = re.findall(r'subgraph s\d+\["(.*?)"\]', mermaid(app))

    assert [_decoded(each) for each in titles] == [printable(name) for name in app.stacks]


def test_arrows_name_the_sources_of_their_dependencies() -> None:
    """Arrows that lead through other resources have no label."""
    assert '-->|"DependsOn"|' in mermaid(sample())
    assert re.search(r"--> r\d", mermaid(sample(), only_roles=True)) is None
    assert '|"GetAtt, Ref"|' in mermaid(sample())


def test_stacks_depend_on_stacks_and_are_nested() -> None:
    """A nested stack is a subgraph in a subgraph, linked with its resource in the parent."""
    assert re.findall(r"s\d ==>\|depends on\| s\d", mermaid(plain())) == [
        "s2 ==>|depends on| s1",
        "s3 ==>|depends on| s2",
    ]
    text = mermaid(nested())
    assert '\n    subgraph s2["Prod/Parent/Child"]\n' in text
    assert '\n      subgraph s3["Prod/Parent/Child/Grandchild"]\n' in text
    assert len(re.findall(r"r\d+ -\.- s\d", text)) == 3
    assert "depends on" not in mermaid(nested(), only_roles=True)


def test_empty_stacks_and_apps_have_a_label() -> None:
    """A stack without resources and an app without stacks say that they are empty."""
    assert '["no resources"]' in mermaid(plain())
    assert mermaid(nothing()).startswith('flowchart RL\n  nothing["nothing to show"]\n')


def test_the_same_app_gives_the_same_text(app: App) -> None:
    """A flowchart in a repository changes only when the order changes."""
    assert mermaid(app) == mermaid(app)
