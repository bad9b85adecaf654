"""The function's code for templates: it is the code of the handler, and it runs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from slr_constructs._function_definition import inline_code
from tests.handler.events import FUNCTION_ARN, event
from tests.handler.inline_code import FILE, packed, sources, unpacked, without_comments

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SITE_PACKAGES = Path(boto3.__file__).parent.parent
SOURCES = sources()
#: runs the handler as Lambda does: `index.handler`, with boto3 on the path.
PROGRAM = """
import importlib, json, sys, types
root, folder, packages, server, event, arn = sys.argv[1:]
sys.path[:0] = [root]
from tests.response_bucket import route_to
route_to(server)
sys.path[:1] = [folder, packages]
context = types.SimpleNamespace(
    invoked_function_arn=arn, get_remaining_time_in_millis=lambda: 900_000
)
importlib.import_module("index").handler(json.loads(event), context)
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"aws_cdk", "jsii", "slr_constructs"}))
"""


def without_docstrings(source: str) -> str:
    """Return the syntax tree of a module, without comments and docstrings, as text."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:] or [ast.Expr(ast.Constant(...))] * (
                not isinstance(node, ast.Module)
            )
    return ast.dump(tree)


def lines_of(source: str) -> set[tuple[str, int]]:
    """Return the names of a module's functions and classes with their lines."""
    return {
        (node.name, node.lineno)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }


def test_the_inline_code_is_the_handler() -> None:
    """If this fails, run `make inline`."""
    modules = unpacked(inline_code())

    assert sorted(modules) == sorted(SOURCES)
    for path, code in modules.items():
        assert without_docstrings(code) == without_docstrings(SOURCES[path]), path
        # a traceback names the lines of the source
        assert lines_of(code) == lines_of(SOURCES[path]), path


def test_the_target_of_make_packs_the_handler() -> None:
    """The bytes may differ from the file's, because other builds of zlib compress differently."""
    assert unpacked(packed()) == unpacked(inline_code())
    assert FILE.read_text() == inline_code()


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ('"""Text."""\n\nX = 1  # one\n', "\n\nX = 1\n"),
        (
            'def f():\n    """Text,\n    and more."""\n    return "#"\n',
            'def f():\n\n\n    return "#"\n',
        ),
        ('class A:\n    """Text."""\n', "class A:\n    ...\n"),
        ('X = "é"  # ü\n', 'X = "é"\n'),
    ],
    ids=["comment", "docstring", "only a docstring", "not ASCII"],
)
def test_only_comments_and_docstrings_are_left_out(source: str, code: str) -> None:
    """All other code stays on its lines."""
    assert without_comments(source) == code


@pytest.fixture
def responses() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Serve CloudFormation's bucket, and return its address and the responses it receives."""
    received: list[dict[str, object]] = []

    class Bucket(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Bucket) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}", received
        server.shutdown()
        thread.join()


def test_the_inline_code_runs_without_slr_constructs(
    tmp_path: Path, responses: tuple[str, list[dict[str, object]]]
) -> None:
    """Lambda stores it as `index.py`. The function needs only boto3, and responds."""
    server, received = responses
    (tmp_path / "index.py").write_text(inline_code())
    request = json.dumps(event("Create", "Custom::Unknown", {}))
    arguments = (ROOT, tmp_path, SITE_PACKAGES, server, request, FUNCTION_ARN)

    done = subprocess.run(
        [sys.executable, "-IB", "-c", PROGRAM, *map(str, arguments)],
        env={"TMPDIR": str(tmp_path), "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        check=True,
        cwd=tmp_path,
        text=True,
    )

    assert done.stdout.splitlines()[-1] == "[]"
    assert done.stderr == ""
    (response,) = received
    assert response["Status"] == "FAILED"
    assert "does not support the resource type Custom::Unknown" in str(response["Reason"])
    assert [*tmp_path.glob("*/slr_handler/entrypoint.py")] != []


def test_the_inline_code_is_written_for_the_oldest_python_supported() -> None:
    """The Lambda runtime may be newer than the Python of the tests."""
    ast.parse(inline_code(), feature_version=(3, 11))
