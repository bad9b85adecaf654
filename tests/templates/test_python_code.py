"""SDK calls in Python code, followed for each type of request."""

from __future__ import annotations

import warnings
from contextlib import suppress
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr_constructs.templates.literals import UNKNOWN
from slr_constructs.templates.python_code import (
    PHASES,
    CodeCall,
    UnreadableCodeError,
    calls_in_python,
)

PROPERTIES = {"Id": "a", "Percent": "10", "On": "true", "Empty": "", "Names": ["a", "b"]}
VARIABLES = {"LEVEL": "5", "SETTINGS": '{"level": 0, "on": true}', "EMPTY": "", "PHASE": "Delete"}


def calls(code: str, **options: Any) -> list[CodeCall]:  # noqa: ANN401 - arguments of the function
    """Return the calls of `put` and `drop` that code makes."""
    given_options: dict[str, Any] = {
        "handler": "index.handler",
        "event": {"ResourceProperties": PROPERTIES, UNKNOWN: UNKNOWN},
        "variables": VARIABLES,
        "operations": {"putx", "dropx"},
    }
    return calls_in_python(dedent(code), **given_options | options)


def handled(body: str, before: str = "") -> list[CodeCall]:
    """Return the calls that the body of a handler makes."""
    lines = "\n".join(f"    {line}" for line in dedent(body).strip().splitlines())
    return calls(f"{dedent(before)}\ndef handler(event, context):\n{lines}\n")


def phases(found: list[CodeCall]) -> list[tuple[str | None, str, bool]]:
    """Return when the calls are made, and whether this is certain."""
    return [(each.phase, each.operation[:-1], each.is_certain) for each in found]


def value(expression: str, before: str = "") -> Any:  # noqa: ANN401 - any value
    """Return the value of an expression in a handler."""
    (*_, found) = handled(f"c.put_x(a={expression})", before)
    assert found.phase == "Delete"
    assert found.parameters is not None
    return found.parameters["a"]


ALL = [(each, "put", True) for each in PHASES]
MAYBE = [(each, "put", False) for each in PHASES]
NOT_DELETE = ALL[:2]
IN_DELETE = ALL[2:]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("c.put_x()", ALL),
        # conditions
        ("if event['RequestType'] != 'Delete': c.put_x()", NOT_DELETE),
        ("if event.get('RequestType') in ('Create', 'Update'): c.put_x()", NOT_DELETE),
        ("if event['RequestType'] not in ['Delete']: c.put_x()", NOT_DELETE),
        ("if event['RequestType'].lower() == 'delete': c.put_x()", IN_DELETE),
        ("if not event['RequestType'] == 'Delete': c.put_x()", NOT_DELETE),
        ("kind = event['RequestType']\nif kind == 'Delete' and True: c.put_x()", IN_DELETE),
        ("if (kind := event['RequestType']) == 'Delete': c.put_x()", IN_DELETE),
        ("if event['RequestType'] == 'Delete' or event['RequestType'] == 1: c.put_x()", IN_DELETE),
        (
            "if event['Other'] or event['RequestType'] == 'Delete': c.put_x()",
            [*MAYBE[:2], *IN_DELETE],
        ),
        ("if event['Other'] and event['RequestType'] == 'Delete': c.put_x()", MAYBE[2:]),
        ("if event['RequestType'].startswith('Del'): c.put_x()", IN_DELETE),
        ("if 'Del' in event['RequestType']: c.put_x()", IN_DELETE),
        ("if 'Delete' == event['RequestType'] is not None: c.put_x()", MAYBE),
        ("if event['RequestType'] == os.environ['PHASE']: c.put_x()", IN_DELETE),
        ("c.put_x() if event['RequestType'] == 'Delete' else None", IN_DELETE),
        ("c.put_x() if event['Other'] else None", MAYBE),
        ("event['RequestType'] == 'Delete' and c.put_x()", IN_DELETE),
        ("event['Other'] and c.put_x()", MAYBE),
        ("if event['Other']: pass\nelse: c.put_x()", MAYBE),
        ("if event['RequestType'] < 'E': c.put_x()", MAYBE),
        # early ends
        ("if event['RequestType'] == 'Delete': return\nc.put_x()", NOT_DELETE),
        ("if event['Other']: return\nc.put_x()", MAYBE),
        ("if event['Other']: raise ValueError\nc.put_x()", MAYBE),
        ("return\nc.put_x()", [(None, "put", False)]),
        ("if event['Other']:\n  return\nelse:\n  return\nc.put_x()", [(None, "put", False)]),
        ("if event['Other']:\n  if event['Other']: return\n  return\nc.put_x()", MAYBE),
        # loops
        ("for each in [1]: c.put_x()", ALL),
        ("for each in []: pass\nelse: c.put_x()", ALL),
        ("for each in event['ResourceProperties']['Names'][:1]: c.put_x()", MAYBE),
        ("for each in c.list()['x']: c.put_x()", MAYBE),
        ("for each in [1]:\n  break\n  c.drop_x()\nc.put_x()", [*ALL, (None, "drop", False)]),
        ("for each in [1]:\n  if event['Other']: continue\nc.put_x()", ALL),
        ("for each in c.list():\n  if event['Other']: continue\nc.put_x()", ALL),
        ("for each in [1]: return\nc.put_x()", [(None, "put", False)]),
        ("for each in c.list(): return\nc.put_x()", MAYBE),
        ("while True:\n  c.put_x()\n  break", ALL),
        ("while c.more(): c.put_x()", MAYBE),
        (
            "while False: c.put_x()\nc.drop_x()",
            [(e, "drop", True) for e in PHASES] + [(None, "put", False)],
        ),
        ("while event['Other']:\n  if event['Other']: return\nc.put_x()", MAYBE),
        ("[c.put_x() for each in ['a']]", ALL),
        ("[c.put_x() for each in c.list()]", MAYBE),
        ("[c.put_x() for each in ['a'] if each]", MAYBE),
        ("{each: c.put_x() for each in ['a'] for other in each}", MAYBE),
        # blocks
        ("with open('x') as file: c.put_x()", ALL),
        ("with lock: c.put_x()", ALL),
        ("try: c.put_x()\nexcept Exception as error: print(error)", ALL),
        ("try: pass\nexcept Exception: c.put_x()", MAYBE),
        ("try: return\nexcept Exception: pass\nc.put_x()", MAYBE),
        ("try: return\nexcept Exception: return\nc.put_x()", [(None, "put", False)]),
        ("try: pass\nexcept Exception: return\nc.put_x()", ALL),
        ("try: pass\nfinally: c.put_x()", ALL),
        ("try: pass\nfinally: return\nc.put_x()", [(None, "put", False)]),
        ("try: pass\nexcept* ValueError: pass\nelse: c.put_x()", ALL),
        # match
        ("match event['RequestType']:\n  case 'Delete': c.put_x()", IN_DELETE),
        ("match event['RequestType']:\n  case 'Create' | 'Update': c.put_x()", NOT_DELETE),
        ("match event['RequestType']:\n  case 'Delete': pass\n  case _: c.put_x()", NOT_DELETE),
        ("match event['RequestType']:\n  case kind if kind == 'Delete': c.put_x()", IN_DELETE),
        ("match event['RequestType']:\n  case _ if event['Other']: c.put_x()", MAYBE),
        ("match event:\n  case {'RequestType': kind, **rest}: c.put_x(a=kind)", MAYBE),
        ("match event['Other']:\n  case 'a' | 'b': c.put_x()", MAYBE),
        ("match event['Other']:\n  case [first, *rest]: c.put_x()", MAYBE),
        # functions
        ("def inner(): c.put_x()\ninner()", ALL),
        ("async def inner(): await c.put_x()\nasyncio.run(inner())", ALL),
        ("def inner(): inner(); c.put_x()\ninner()", ALL),
        ("inner = lambda: c.put_x()\ninner()", ALL),
        ("retry(lambda: c.put_x())", MAYBE),
        ("retry(c.put_x, a=1)", MAYBE),
        ("functools.partial(c.put_x, a=1)()", MAYBE),
        ("{'Delete': lambda: c.put_x()}[event['RequestType']]()", IN_DELETE),
        ("{'Delete': lambda: c.put_x()}.get(event['RequestType'], print)()", IN_DELETE),
        ("getattr(c, 'put_x')()", ALL),
        ("call = c.put_x\ncall()", ALL),
        ("{}.other(lambda: c.put_x())", MAYBE),
        # statements without a meaning here
        ("global x\nassert c.put_x()\nx: int\nx: int = 1\nx += 1\ndel x", ALL),
        ("yield c.put_x()", ALL),
        ("print(*[c.put_x()], **{})", ALL),
        ("class X:\n  def put(self): c.put_x()", [(None, "put", False)]),
        ("def unused(): c.put_x()", [(None, "put", False)]),
        ("c.put_x", []),
        ("c.put_y()", []),
    ],
    ids=repr,
)
def test_calls_are_followed(body: str, expected: list[tuple[str | None, str, bool]]) -> None:
    """Each path through the code is followed, for each type of request."""
    before = "import os, asyncio, functools\nc = object()"

    assert phases(handled(body, before)) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1", 1),
        ("None", None),
        ("b'1'", UNKNOWN),
        ("90715824630918273645", UNKNOWN),
        ("'90715824630918273645'", UNKNOWN),
        ("unknown", UNKNOWN),
        ("-1", -1),
        ("-x", UNKNOWN),
        ("[1, x]", [1, UNKNOWN]),
        ("(1, 2)[1]", 2),
        ("(1, 2)[-1]", 2),
        ("(1, 2)[2]", UNKNOWN),
        ("{'a': 1}['a']", 1),
        ("{'a': 1}['b']", UNKNOWN),
        ("{'a': 1, **{'b': 2}}", {"a": 1, "b": 2}),
        ("{'a': 1, **x}", {"a": 1, UNKNOWN: UNKNOWN}),
        ("{x: 1}", {UNKNOWN: 1}),
        ("{'a': 1} | {'b': 2}", {"a": 1, "b": 2}),
        ("'a' + 'b'", "ab"),
        ("1 + 1", UNKNOWN),
        ("f'{\"a\"}b'", "ab"),
        ("f'{x}b'", UNKNOWN),
        ("1 if x else 1", 1),
        ("1 if x else 2", UNKNOWN),
        ("{'a': 1, 'b': 1} if x else {'a': 1, 'b': 2}", {"a": 1, "b": UNKNOWN}),
        ("'' or 'a'", "a"),
        ("x or 'a'", UNKNOWN),
        ("not x", UNKNOWN),
        ("x == 1", UNKNOWN),
        ("{'a': [1]} == {'a': [1]}", True),
        ("{'a': [1]} == {'a': [x]}", UNKNOWN),
        ("1 in [x]", UNKNOWN),
        ("1 in [1, x]", True),
        ("1 in 'a'", UNKNOWN),
        ("[each for each in ['a', 'b']]", ["a", "b"]),
        ("[each for each in x]", UNKNOWN),
        ("list(['a'])", ["a"]),
        # the request and the environment
        ("event['ResourceProperties']['Id']", "a"),
        ("event['ResourceProperties'].get('Id')", "a"),
        ("event['ResourceProperties'].get('Nothing')", None),
        ("event['ResourceProperties'].get('Nothing', 1)", 1),
        ("event.get('Nothing')", UNKNOWN),
        ("int(event['ResourceProperties']['Percent'])", 10),
        ("float(event['ResourceProperties']['Percent'])", 10.0),
        ("int(event['ResourceProperties']['Id'])", UNKNOWN),
        ("int(x)", UNKNOWN),
        ("bool(event['ResourceProperties']['Empty'])", False),
        ("bool(x)", UNKNOWN),
        ("str(1)", "1"),
        ("event['ResourceProperties']['On'] == 'true'", True),
        ("event['ResourceProperties']['On'].split(1)", UNKNOWN),
        ("event['ResourceProperties']['On'].format()", UNKNOWN),
        ("os.environ['LEVEL']", "5"),
        ("os.environ['NOTHING']", UNKNOWN),
        ("os.environ.get('EMPTY', 'x')", ""),
        ("os.environ.get('NOTHING', 'x')", "x"),
        ("os.getenv('LEVEL')", "5"),
        ("os.getenv(x)", UNKNOWN),
        ("json.loads(os.environ['SETTINGS'])['level']", 0),
        ("json.loads('{')", UNKNOWN),
        ("json.loads(x)", UNKNOWN),
        # mappings
        ("dict(a=1)", {"a": 1}),
        ("dict({'a': 1}, b=2)", {"a": 1, "b": 2}),
        ("dict(x)", {UNKNOWN: UNKNOWN}),
        ("{'a': 1}.copy()", {"a": 1}),
        ("copy.deepcopy({'a': 1})", {"a": 1}),
        ("[v for k, v in {'a': 1}.items()]", [1]),
        ("[v for v in {'a': 1}.values()]", [1]),
        ("{'a': 1}.items(1)", UNKNOWN),
    ],
    ids=repr,
)
def test_values_are_computed(expression: str, expected: object) -> None:
    """Values that the template does not contain are unknown."""
    assert value(expression, "import copy, json, os") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a = {}; a['x'] = 1", {"x": 1}),
        ("a = {}; a[y] = 1", {UNKNOWN: 1}),
        ("a = {}; a.update({'x': 1}, y=2)", {"x": 1, "y": 2}),
        ("a = {'x': 1, 'y': 2}; a.pop('x')", {"y": 2}),
        ("a = {'x': 1, 'y': 2}; del a['x']", {"y": 2}),
        ("a = {'x': 1}; del a['y'], a[y], b", {"x": 1}),
        ("a = {'x': 1}; a.setdefault('x', 2); a.setdefault('y', 2)", {"x": 1, "y": 2}),
        ("a = []; a.append(1)", [1]),
        ("a = []; a.extend([1])", []),
        ("a, (b, *c) = 1, 2", 1),
        ("a, b = x", UNKNOWN),
        ("a = b = 1", 1),
        ("a = 1; a += 1", UNKNOWN),
        ("a = 1; x.y = 2; x[1] = 2", 1),
        # branches
        ("a = 1\nif y: a = 2", UNKNOWN),
        ("a = 1\nif y: a = 1", 1),
        ("a = {'x': 1}\nif y: a['x'] = 2", {"x": UNKNOWN}),
        ("a = [1]\nif y: a.append(2)", UNKNOWN),
        ("a = 1\nif y:\n  a = 2\n  raise ValueError", 1),
        ("a = 1\nif y: pass\nelse:\n  a = 2\n  raise ValueError", 1),
        ("if y: a = 1", UNKNOWN),
        ("a = lambda: 1\nif y: pass\na = a()", 1),
        ("for a in ['x', 'y']: pass", "y"),
        ("for a in {'x': 1}: pass", "x"),
        # functions
        (
            "def f(b, c=2, *, d=3, e, **rest): return [b, c, d, e, rest]\na = f(1, e=4, z=5)",
            [1, 2, 3, 4, {"z": 5}],
        ),
        ("def f(b, c=2): return [b, c]\na = f(**y)", [UNKNOWN, UNKNOWN]),
        ("def f(b): return b\na = f()", UNKNOWN),
        ("def f(b):\n  if b: return 1\n  return 2\na = f(y)", UNKNOWN),
        ("def f(b):\n  if b: return 1\n  else: return 1\na = f(y)", 1),
        ("def f(b):\n  if b: return 1\n  else: return 2\na = f(y)", UNKNOWN),
        ("def f(b):\n  try: return b\n  except KeyError: return 2\na = f(1)", 1),
        ("def f(): pass\na = f()", None),
        ("def f():\n  return f()\na = f()", UNKNOWN),
    ],
    ids=repr,
)
def test_changes_are_followed(body: str, expected: object) -> None:
    """A value that differs between two possible branches is unknown."""
    found = handled(f"{body}\nc.put_x(a=a)")

    assert [each.parameters for each in found] == [{"a": expected}] * 3


@pytest.mark.parametrize(
    ("code", "client"),
    [
        ("import boto3\nboto3.client('ivs').put_x()", "ivs"),
        ("import boto3\nboto3.client(service_name='ivs').put_x()", "ivs"),
        ("import boto3 as aws\naws.client('ivs').put_x()", "ivs"),
        ("from boto3 import client\nclient('ivs').put_x()", "ivs"),
        ("import boto3.session\nboto3.session.Session().client('ivs').put_x()", "ivs"),
        ("import boto3\nboto3.Session().resource('ivs').put_x()", "ivs"),
        ("import boto3\nboto3.client(name).put_x()", None),
        ("from . import clients\nclients.ivs.put_x()", None),
    ],
)
def test_the_client_is_known_if_its_name_is(code: str, client: str | None) -> None:
    """Code outside of functions is followed too."""
    assert {each.client for each in calls(code)} == {client}


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ("index.handler", ["a"]),
        ("folder/index.on_event", ["b"]),
        ("index.other", ["a", "b"]),
        (None, ["a", "b"]),
        ({"Ref": "Handler"}, ["a", "b"]),
    ],
    ids=str,
)
def test_the_handler_is_followed(handler: object, expected: list[str]) -> None:
    """If it is unknown, each function with two parameters may be the handler."""
    code = """
        def handler(event, context): c.put_x(a='a')
        def on_event(event, context): c.put_x(a='b')
        def helper(event): c.put_x(a='c')
    """

    found = [each for each in calls(code, handler=handler) if each.phase == "Create"]

    assert [each.parameters for each in found] == [{"a": each} for each in expected]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def handler(", "it cannot be parsed"),
        ("print 'c.put_x()'", "it cannot be parsed"),
        ("\0", "it cannot be parsed"),
        ("a = " + "(" * 500, "it cannot be parsed"),
        ("a = " + "[" * 90 + "]" * 90 + "\n" + "for a in ['b'] * 1: pass", None),
        ("x" + ".a" * 1_200 + "\n", "it is nested too deeply"),
        ("for a in [1, 2, 3, 4, 5, 6, 7, 8, 9]:\n" * 1 + "  pass\n" * 3_000, "it is too long"),
    ],
    ids=lambda each: repr(each)[:30],
)
def test_code_that_cannot_be_followed_is_refused(code: str, reason: str | None) -> None:
    """It is not a reason to fail, and takes little time."""
    if reason is None:
        assert calls(code) == []
        return
    with pytest.raises(UnreadableCodeError) as error:
        calls(code)

    assert str(error.value) == reason


def test_texts_do_not_grow_without_limit() -> None:
    """Doubling a text needs few steps."""
    found = value("a", "a = 'x' * 1\na = 'xx'\n" + "a = a + a\n" * 100)

    assert len(found) == 10_000


def test_warnings_about_the_code_are_not_shown() -> None:
    """They are about the code of another author."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        assert phases(handled(r"c.put_x(a='\d')")) == ALL


@given(st.text(alphabet="c.put_x()[]{}:=,'\n abif"))
def test_any_text_is_followed_or_refused(code: str) -> None:
    """No other error occurs."""
    with suppress(UnreadableCodeError):
        calls(code)
