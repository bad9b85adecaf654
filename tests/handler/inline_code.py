"""Generate the function's code for templates, `slr_constructs/_inline_function.txt`: `make inline`.

Compressed bytes differ between builds of zlib, and a template must not change with the machine that
synthesizes it. So the code is compressed once, and the file is a part of the package. Comments and
docstrings are left out, because a template in a request must not have more than 51,200 bytes. The
lines keep their numbers, so a traceback in the function's log is right for the source too.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import tokenize
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = Path(__file__).parents[2] / "slr_constructs"
_HANDLER = _PACKAGE / "handler"
FILE = _PACKAGE / "_inline_function.txt"

#: base85, because a template has room for a quarter more bytes than characters of base64 need.
_INDEX = '''\
"""The function of slr-constructs: its package slr_handler, without comments, as base85 of zlib."""
import base64, json, pathlib, sys, tempfile, zlib

CODE = "{code}"

home = pathlib.Path(tempfile.mkdtemp())
for name, text in json.loads(zlib.decompress(base64.b85decode(CODE))).items():
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
sys.path.insert(0, str(home))

from slr_handler.entrypoint import handler
'''


def sources() -> dict[str, str]:
    """Return the function's modules as they are in this repository, by path."""
    return {
        str(path.relative_to(_HANDLER)): path.read_text(encoding="utf-8")
        for path in sorted(_HANDLER.glob("slr_handler/**/*.py"))
    }


def without_comments(source: str) -> str:
    """Return a module without comments and docstrings; all other code stays on its lines."""
    lines = source.splitlines()
    # backwards, so that the positions before a removed part stay right
    for (first, start), (last, end), instead in sorted(_comments(source), reverse=True):
        # the columns of syntax trees are those of UTF-8
        before = lines[first - 1].encode()[:start].decode()
        after = lines[last - 1].encode()[end:].decode()
        lines[first - 1 : last] = [f"{before}{instead}{after}", *[""] * (last - first)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _comments(source: str) -> Iterator[tuple[tuple[int, int], tuple[int, int], str]]:
    """Yield where comments and docstrings start and end, and what replaces them."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            before = token.line[: token.start[1]].encode()
            start = (token.start[0], len(before))
            yield start, (start[0], len(before) + len(token.string.encode())), ""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            text = node.body[0]
            is_needed = len(node.body) == 1 and not isinstance(node, ast.Module)
            end = (text.end_lineno or text.lineno, text.end_col_offset or 0)
            yield (text.lineno, text.col_offset), end, "..." if is_needed else ""


def packed() -> str:
    """Return the text of the file."""
    modules = {path: without_comments(source) for path, source in sources().items()}
    text = json.dumps(modules, separators=(",", ":"))
    return _INDEX.format(code=base64.b85encode(zlib.compress(text.encode(), 9)).decode())


def unpacked(index: str) -> dict[str, str]:
    """Return the modules in the text of the file, by path."""
    (code,) = (
        node.value.value
        for node in ast.parse(index).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    )
    modules: dict[str, str] = json.loads(zlib.decompress(base64.b85decode(str(code))))
    return modules


if __name__ == "__main__":
    FILE.write_text(packed(), encoding="utf-8")
