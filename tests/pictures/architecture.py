"""The two pictures of docs/architecture.md, written by `make picture`.

The picture of the layers is drawn from the table that `tests/test_architecture.py` checks. The
picture of a deployment is a list of messages.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slr_constructs.pictures.labels import escaped, width_of
from slr_constructs.pictures.svg import text_of
from tests.pictures.many_apps import ROOT
from tests.test_architecture import LAYERS, MODULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DOCS = ROOT / "docs"
#: a page of the documentation site is about 690 pixels wide.
WIDTH = 720
_MARGIN, _SIZE = 20, 12
_STYLE = """
.order .message { stroke: var(--arrow); stroke-width: 1.3; }
.order .head { fill: var(--arrow); }
.order .life { stroke: var(--line); stroke-dasharray: 4 4; }
.order .phase { font-size: 15px; font-weight: 600; }
"""

#: the classes of boxes, and their meaning.
_KINDS = {
    "feature": "uses the CDK",
    "owner": "does not need the CDK",
    "clean-up": "also runs in Lambda",
}


def layers() -> str:
    """Return the picture of the layers: a module imports only from lower ones."""
    height, gap = 30, 8
    rows = [_row(names, _MARGIN + number * (height + gap)) for number, names in enumerate(LAYERS)]
    bottom = _MARGIN + len(LAYERS) * (height + gap)
    legend = (
        f'<g class="box {kind}"><rect x="{x}" y="{bottom + 12}" width="22" height="16" rx="4"/></g>'
        f'<text x="{x + 30}" y="{bottom + 25}">{meaning}</text>'
        for x, (kind, meaning) in zip((_MARGIN, 160, 360), _KINDS.items(), strict=True)
    )
    return _svg(
        "The layers of the package",
        "From top to bottom. A module imports only from lower layers.",
        bottom + 48,
        (*(part for row in rows for part in row), *legend),
    )


def _row(names: list[str], y: int) -> Iterator[str]:
    gap = 8
    width = (WIDTH - 2 * _MARGIN - gap * (len(names) - 1)) / len(names)
    for number, name in enumerate(names):
        x = _MARGIN + number * (width + gap)
        # the public names are imported on first use, through the package
        shown = "slr_constructs (public names)" if name == "slr_constructs" else name
        yield _box(_kind_of(name), shown.removeprefix("slr_constructs."), x, y, width)


def _box(kind: str, text: str, x: float, y: float, width: float) -> str:
    assert width_of(text, _SIZE) < width, text
    return (
        f'<g class="box {kind}"><rect x="{x:g}" y="{y:g}" width="{width:g}" height="30" rx="6"/>'
        f'<text class="name" x="{x + width / 2:g}" y="{y + 20:g}" text-anchor="middle">'
        f"{escaped(text)}</text></g>"
    )


def _kind_of(name: str) -> str:
    if name == "slr_constructs.handler":
        return "clean-up"
    files = [
        path
        for module, path in MODULES.items()
        if module == name or (module.startswith(f"{name}.") and name != "slr_constructs")
    ]
    imported = {each.split(".")[0] for path in files for each in _imported(path.read_text("utf-8"))}
    return "feature" if imported & {"aws_cdk", "jsii"} or name == "slr_constructs" else "owner"


def _imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message between two participants, or what one does by itself."""

    start: str
    end: str
    text: str


CLOUDFORMATION, FUNCTION, IAM, SERVICE = "CloudFormation", "function", "IAM", "MediaTailor"
_PARTICIPANTS = {CLOUDFORMATION: "", FUNCTION: "clean-up", IAM: "role", SERVICE: "owner"}
CREATION = (
    Message(CLOUDFORMATION, FUNCTION, "create the role"),
    Message(FUNCTION, IAM, "create or adopt the role"),
    Message(FUNCTION, IAM, "acquire the stack's lease"),
    Message(FUNCTION, IAM, "look for deletion locks"),
    Message(CLOUDFORMATION, SERVICE, "create the owner with logs"),
    Message(CLOUDFORMATION, FUNCTION, "create the clean-up"),
    Message(FUNCTION, FUNCTION, "change nothing"),
)
DELETION = (
    Message(CLOUDFORMATION, FUNCTION, "delete the clean-up"),
    Message(FUNCTION, SERVICE, "disable the logs"),
    Message(CLOUDFORMATION, SERVICE, "delete the owner"),
    Message(CLOUDFORMATION, FUNCTION, "delete the role"),
    Message(FUNCTION, IAM, "release the stack's lease"),
    Message(FUNCTION, IAM, "set a deletion lock"),
    Message(FUNCTION, IAM, "look for leases of others"),
    Message(FUNCTION, IAM, "delete the role, if unused"),
)


def deployment() -> str:
    """Return the picture of a deployment: who calls whom, from top to bottom."""
    columns = {
        name: 85 + number * (WIDTH - 170) / (len(_PARTICIPANTS) - 1)
        for number, name in enumerate(_PARTICIPANTS)
    }
    parts: list[str] = []
    y = _MARGIN
    for name, kind in _PARTICIPANTS.items():
        parts.append(_box(kind, name, columns[name] - 65, y, 130))
    y += 30
    top = y
    for phase, messages in (("Creation", CREATION), ("Deletion", DELETION)):
        y += 34
        parts.append(f'<text class="phase" x="{_MARGIN}" y="{y}">{phase}</text>')
        for message in messages:
            y += 34
            parts += _message(message, columns, y)
    bottom = y + _MARGIN
    lives = (
        f'<line class="life" x1="{x:g}" y1="{top}" x2="{x:g}" y2="{bottom}"/>'
        for x in columns.values()
    )
    return _svg(
        "A deployment of a stack with MediaTailor logs",
        "Creation and deletion: the messages between CloudFormation, the function, IAM and the"
        " service.",
        bottom + _MARGIN,
        (*lives, *parts),
    )


def _message(message: Message, columns: dict[str, float], y: int) -> Iterator[str]:
    start, end = columns[message.start], columns[message.end]
    column = min(each for each in columns.values() if each > start)
    assert width_of(message.text, _SIZE) < column - start - 12, message.text
    text = f'<text x="{start + 12:g}" y="{{}}">{escaped(message.text)}</text>'
    if start == end:
        yield f'<rect class="head" x="{start - 4:g}" y="{y - 4}" width="8" height="8"/>'
        yield text.format(y + 4)
        return
    yield f'<line class="message" x1="{start:g}" y1="{y}" x2="{end - 7:g}" y2="{y}"/>'
    yield f'<path class="head" d="M{end:g} {y}l-9 -4v8z"/>'
    yield text.format(y - 6)


def _svg(title: str, about: str, height: float, parts: Iterable[str]) -> str:
    size = f'width="{WIDTH}" height="{height:g}"'
    lines = (
        '<svg xmlns="http://www.w3.org/2000/svg" class="order" role="img"',
        f' {size} viewBox="0 0 {WIDTH} {height:g}">',
        f"<title>{escaped(title)}</title>",
        f"<desc>{escaped(about)}</desc>",
        f"<style>\n{text_of('picture.css')}{_STYLE}</style>",
        f'<rect class="ground" {size}/>',
        *parts,
        "</svg>",
    )
    return "\n".join(lines) + "\n"


PICTURES = {
    DOCS / "architecture-layers.svg": layers,
    DOCS / "architecture-deployment.svg": deployment,
}

if __name__ == "__main__":
    for path, picture in PICTURES.items():
        path.write_text(picture(), encoding="utf-8")
