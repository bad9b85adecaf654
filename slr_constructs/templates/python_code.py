"""SDK calls in Python code that is in a template.

The code is parsed and evaluated as far as the template contains the values: for each type of
request, the handler is followed with the properties of the custom resource and the environment
variables of the function. No code runs. Only constants, containers, the functions of the code and a
few functions on texts and mappings are computed; everything else is unknown. If a condition is
unknown, both of its branches are followed.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections import ChainMap
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from slr_constructs.templates.literals import UNKNOWN, is_reference
from slr_constructs.templates.words import letters_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    #: the names of a function; only the first mapping is its own.
    _Scope = ChainMap[str, Any]

PHASES = ("Create", "Update", "Delete")
#: far more than the code of a custom resource needs.
_MOST_STEPS = 20_000
_LONGEST_TEXT = 10_000
#: the methods of texts that are computed.
_TEXT_METHODS = (
    "capitalize",
    "casefold",
    "endswith",
    "lower",
    "removeprefix",
    "removesuffix",
    "split",
    "startswith",
    "strip",
    "title",
    "upper",
)
_BUILTINS = ("bool", "dict", "float", "getattr", "int", "list", "str")
_COMPARED = (str, int, float, type(None), list, dict)


class UnreadableCodeError(ValueError):
    """The code cannot be parsed, or following it takes too long."""


class CodeCall(NamedTuple):
    """An SDK call in the code of a function."""

    #: Create, Update or Delete; None if it is not known when the call is made.
    phase: str | None
    #: the name of the client in the code; None if it is not known.
    client: str | None
    #: the operation, as the letters of its name in lower case.
    operation: str
    #: with `UNKNOWN` for the values that are not in the template; None if no parameter is known.
    parameters: Mapping[Any, Any] | None
    #: whether it is made on every path through the code.
    is_certain: bool = False


def calls_in_python(
    code: str,
    *,
    handler: object,
    event: Mapping[Any, Any],
    variables: dict[Any, Any],
    operations: Container[str],
) -> list[CodeCall]:
    """Return the calls of some operations, in the order in which the code makes them.

    Calls that were not reached have no phase.

    Args:
        code: The code of a module.

        handler: The name of the handler, `module.function`. If it is unknown, all functions with
            the parameters of a handler are followed.

        event: The request, without its type.

        variables: The environment variables.

        operations: The operations, as in `CodeCall.operation`.

    Raises:
        UnreadableCodeError: The code cannot be parsed, or following it takes too long.
    """
    module = _parsed(code)
    calls: list[CodeCall] = []
    reached: set[ast.AST] = set()
    for phase in PHASES:
        run = _Run({**event, "RequestType": phase}, variables, operations)
        try:
            run.follow(module, str(handler).rpartition(".")[2])
        except RecursionError:
            raise UnreadableCodeError("it is nested too deeply") from None
        calls += [each._replace(phase=phase) for each in run.calls]
        reached |= run.reached
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = letters_of(node.func.attr)
            if name in operations and node not in reached:
                calls.append(CodeCall(None, None, name, None))
    return calls


@lru_cache(maxsize=64)
def _parsed(code: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            # such as invalid escape sequences, which are not about this template
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnreadableCodeError("it cannot be parsed") from None


class _Function(NamedTuple):
    """A function of the code."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: _Scope


class _Client(NamedTuple):
    """A client of an AWS service."""

    name: str


class _Member(NamedTuple):
    """A member of a module or of another value."""

    owner: Any
    name: str


class _Module(NamedTuple):
    """A module, a member of a module, or a built-in function."""

    name: str


class _Flow(Enum):
    """What follows a statement."""

    CONTINUES = "the next statement"
    LEAVES = "the end of the iteration"
    RETURNS = "the end of the function"
    UNKNOWN = "the next statement, or one of the others"


class _Run:
    """One execution of the code, for one request."""

    def __init__(
        self, event: Mapping[Any, Any], variables: dict[Any, Any], operations: Container[str]
    ) -> None:
        self.calls: list[CodeCall] = []
        self.reached: set[ast.AST] = set()
        self._event = event
        self._variables = variables
        self._operations = operations
        self._is_certain = True
        self._steps = 0
        self._active: list[ast.AST] = []
        self._result: Any = None

    def follow(self, module: ast.Module, handler: str) -> None:
        """Follow a module, and then its handler."""
        scope: _Scope = ChainMap({})
        self._block(module.body, scope)
        functions = [each for each in scope.values() if isinstance(each, _Function)]
        named = scope.get(handler)
        handlers = (
            [named]
            if isinstance(named, _Function)
            else [
                each for each in functions if len(each.node.args.args) == len(("event", "context"))
            ]
        )
        for each in handlers:
            self._is_certain = True
            self._called(each, [_copied(self._event), UNKNOWN], {})

    # statements

    def _block(self, statements: Sequence[ast.stmt], scope: _Scope) -> _Flow:
        outer, flow = self._is_certain, _Flow.CONTINUES
        for each in statements:
            after = self._statement(each, scope)
            if after in (_Flow.RETURNS, _Flow.LEAVES):
                # what a branch before left undecided, stays undecided for the caller
                flow = after if flow is _Flow.CONTINUES else _Flow.UNKNOWN
                break
            if after is _Flow.UNKNOWN:
                flow, self._is_certain = after, False
        self._is_certain = outer
        return flow

    def _statement(self, node: ast.stmt, scope: _Scope) -> _Flow:  # noqa: C901, PLR0911, PLR0912 - one case for each kind
        self._count()
        match node:
            case ast.Return(value=value):
                self._result = None if value is None else self._value(value, scope)
                return _Flow.RETURNS
            case ast.Raise():
                self._parts(node, scope)
                return _Flow.RETURNS
            case ast.Break() | ast.Continue():
                return _Flow.LEAVES
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                self._all(node.decorator_list, scope)
                scope[name] = _Function(node, scope)
            case ast.ClassDef(name=name):
                scope[name] = UNKNOWN
            case ast.Import(names=names):
                for alias in names:
                    full = alias.name if alias.asname else alias.name.partition(".")[0]
                    scope[alias.asname or full] = _Module(full)
            case ast.ImportFrom(names=names):
                for alias in names:
                    scope[alias.asname or alias.name] = _Module(f"{node.module}.{alias.name}")
            case ast.Assign(targets=targets, value=value):
                assigned = self._value(value, scope)
                for target in targets:
                    self._assign(target, assigned, scope)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, self._value(value, scope), scope)
            case ast.AugAssign(target=target, value=value):
                self._value(value, scope)
                self._assign(target, UNKNOWN, scope)
            case ast.Delete(targets=targets):
                for target in targets:
                    self._delete(target, scope)
            case ast.If(test=test):
                condition = self._truth(test, scope)
                return self._branches(
                    condition, self._later(node.body), self._later(node.orelse), scope
                )
            case ast.Match(subject=subject, cases=cases):
                return self._match(self._value(subject, scope), cases, scope)
            case ast.For() | ast.AsyncFor():
                return self._for(node, scope)
            case ast.While(test=test):
                condition = self._truth(test, scope)
                flow = self._branches(condition, self._later(node.body), _nothing, scope)
                return _after_loop(flow, node.body)
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    value = self._value(item.context_expr, scope)
                    if item.optional_vars is not None:
                        self._assign(item.optional_vars, value, scope)
                return self._block(node.body, scope)
            case ast.Try() | ast.TryStar():
                return self._try(node, scope)
            case _:
                self._parts(node, scope)
        return _Flow.CONTINUES

    def _later(self, statements: Sequence[ast.stmt]) -> Callable[[_Scope], _Flow]:
        return lambda scope: self._block(statements, scope)

    def _branches(
        self,
        condition: bool | None,  # noqa: FBT001 - it is the subject
        then: Callable[[_Scope], _Flow],
        otherwise: Callable[[_Scope], _Flow],
        scope: _Scope,
    ) -> _Flow:
        """Follow the branch that is taken, or both if the condition is unknown."""
        if condition is not None:
            return (then if condition else otherwise)(scope)
        outer, self._is_certain = self._is_certain, False
        before = scope.maps[0]
        results = []
        for branch in (then, otherwise):
            scope.maps[0] = _copied(before)
            results.append((branch(scope), scope.maps[0], self._result))
        (first, one, result), (second, other, _) = results
        self._result = _merged_value(result, self._result)
        # a branch that does not continue does not change what follows
        ends = (_Flow.RETURNS, _Flow.LEAVES)
        merged = other if first in ends else one if second in ends else _merged(one, other)
        # functions refer to the mapping, so it stays the same one
        before.clear()
        before.update(merged)
        scope.maps[0] = before
        self._is_certain = outer
        return first if first is second else _Flow.UNKNOWN

    def _match(self, subject: Any, cases: Sequence[ast.match_case], scope: _Scope) -> _Flow:  # noqa: ANN401 - any value
        if not cases:
            return _Flow.CONTINUES
        case, *others = cases
        is_matched = self._matches(subject, case.pattern, scope)
        if is_matched is not False and case.guard is not None:
            guard = self._truth(case.guard, scope)
            is_matched = guard if is_matched and guard is not None else None
        return self._branches(
            is_matched,
            self._later(case.body),
            lambda inner: self._match(subject, others, inner),
            scope,
        )

    def _matches(self, subject: Any, pattern: ast.pattern, scope: _Scope) -> bool | None:  # noqa: ANN401 - any value
        match pattern:
            case ast.MatchValue(value=value):
                return _truth(_compared(ast.Eq(), subject, self._value(value, scope)))
            case ast.MatchOr(patterns=patterns):
                found = [self._matches(subject, each, scope) for each in patterns]
                return True if True in found else None if None in found else False
            case ast.MatchAs(pattern=None, name=name):
                if name is not None:
                    scope[name] = subject
                return True
        for each in ast.walk(pattern):
            if isinstance(each, ast.MatchAs | ast.MatchStar) and each.name is not None:
                scope[each.name] = UNKNOWN
        return None

    def _for(self, node: ast.For | ast.AsyncFor, scope: _Scope) -> _Flow:
        members, flow = self._value(node.iter, scope), _Flow.CONTINUES
        if isinstance(members, list | dict) and UNKNOWN not in members:
            for each in list(members):
                self._assign(node.target, each, scope)
                flow = self._block(node.body, scope)
                if flow is _Flow.RETURNS:
                    return flow
        else:
            self._assign(node.target, UNKNOWN, scope)
            flow = self._branches(None, self._later(node.body), _nothing, scope)
        flow = _after_loop(flow, node.body)
        last = self._block(node.orelse, scope)
        return last if flow is _Flow.CONTINUES else flow

    def _try(self, node: ast.Try | ast.TryStar, scope: _Scope) -> _Flow:
        flow = self._block([*node.body, *node.orelse], scope)
        result = self._result
        for each in node.handlers:
            if each.name is not None:
                scope[each.name] = UNKNOWN
            outer, self._is_certain = self._is_certain, False
            after = self._block(each.body, scope)
            self._is_certain = outer
            if after is not flow:
                # an error may occur before the block ends
                flow = _Flow.UNKNOWN if flow is not _Flow.CONTINUES else flow
        self._result = result
        last = self._block(node.finalbody, scope)
        return flow if last is _Flow.CONTINUES else last

    def _assign(self, target: ast.expr, value: Any, scope: _Scope) -> None:  # noqa: ANN401 - any value
        match target:
            case ast.Name(id=name):
                scope[name] = value
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                known = isinstance(value, list) and len(value) == len(elements)
                for position, each in enumerate(elements):
                    self._assign(each, value[position] if known else UNKNOWN, scope)
            case ast.Starred(value=inner):
                self._assign(inner, UNKNOWN, scope)
            case ast.Subscript(value=holder, slice=key):
                changed, at = self._value(holder, scope), self._value(key, scope)
                if isinstance(changed, dict):
                    changed[at if _is_key(at) else UNKNOWN] = value

    def _delete(self, target: ast.expr, scope: _Scope) -> None:
        if isinstance(target, ast.Subscript):
            changed, at = self._value(target.value, scope), self._value(target.slice, scope)
            if isinstance(changed, dict) and _is_key(at):
                changed.pop(at, None)

    # expressions

    def _value(self, node: ast.expr, scope: _Scope) -> Any:  # noqa: ANN401, C901, PLR0911, PLR0912 - one case for each kind
        self._count()
        match node:
            case ast.Constant(value=value):
                return (
                    value if isinstance(value, _COMPARED) and not is_reference(value) else UNKNOWN
                )
            case ast.Name(id=name):
                return scope.get(name, _Module(name) if name in _BUILTINS else UNKNOWN)
            case ast.Dict(keys=keys, values=values):
                return self._mapping(keys, values, scope)
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                return self._all(elements, scope)
            case ast.Subscript(value=holder, slice=key):
                return self._member(self._value(holder, scope), self._value(key, scope))
            case ast.Attribute(value=owner, attr=name):
                return _attribute(self._value(owner, scope), name)
            case ast.Call():
                return self._call(node, scope)
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                return _compared(operator, self._value(left, scope), self._value(right, scope))
            case ast.BoolOp(op=operator, values=values):
                return self._either(isinstance(operator, ast.Or), values, scope)[0]
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                truth = self._truth(operand, scope)
                return UNKNOWN if truth is None else not truth
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                number = self._value(operand, scope)
                return -number if isinstance(number, int | float) else UNKNOWN
            case ast.BinOp(left=left, op=operator, right=right):
                return _added(operator, self._value(left, scope), self._value(right, scope))
            case ast.IfExp(test=test, body=then, orelse=otherwise):
                truth = self._truth(test, scope)
                if truth is not None:
                    return self._value(then if truth else otherwise, scope)
                outer, self._is_certain = self._is_certain, False
                one, other = self._value(then, scope), self._value(otherwise, scope)
                self._is_certain = outer
                return _merged_value(one, other)
            case ast.JoinedStr(values=values):
                parts = self._all(values, scope)
                known = all(isinstance(each, str) for each in parts)
                return "".join(parts)[:_LONGEST_TEXT] if known else UNKNOWN
            case ast.FormattedValue(value=value):
                return self._value(value, scope)
            case ast.Lambda():
                return _Function(node, scope)
            case ast.NamedExpr(target=target, value=value):
                result = self._value(value, scope)
                self._assign(target, result, scope)
                return result
            case ast.Await(value=value):
                return self._value(value, scope)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node, scope)
        self._parts(node, scope)
        return UNKNOWN

    def _parts(self, node: ast.AST, scope: _Scope) -> None:
        """Follow the expressions in a node whose value is not needed."""
        for each in ast.iter_child_nodes(node):
            if isinstance(each, ast.expr):
                self._value(each, scope)

    def _all(self, nodes: Sequence[ast.expr], scope: _Scope) -> list[Any]:
        return [self._value(each, scope) for each in nodes]

    def _truth(self, node: ast.expr, scope: _Scope) -> bool | None:
        if isinstance(node, ast.BoolOp):
            return self._either(isinstance(node.op, ast.Or), node.values, scope)[1]
        return _truth(self._value(node, scope))

    def _mapping(
        self, keys: Sequence[ast.expr | None], values: Sequence[ast.expr], scope: _Scope
    ) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key, each in zip(keys, values, strict=True):
            value = self._value(each, scope)
            if key is None:
                result |= value if isinstance(value, dict) else {UNKNOWN: UNKNOWN}
            else:
                known = self._value(key, scope)
                result[known if _is_key(known) else UNKNOWN] = value
        return result

    def _either(
        self,
        is_or: bool,  # noqa: FBT001 - the operator
        nodes: Sequence[ast.expr],
        scope: _Scope,
    ) -> tuple[Any, bool | None]:
        """Return the value of `or` or `and`, and whether it is true."""
        outer, value, truth, is_known = self._is_certain, None, None, True
        for each in nodes:
            value = self._value(each, scope)
            truth = _truth(value)
            if truth is is_or:
                break
            if truth is None:
                is_known = self._is_certain = False
        self._is_certain = outer
        if is_known:
            return value, truth
        return UNKNOWN, truth if truth is is_or else None

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, scope: _Scope
    ) -> Any:  # noqa: ANN401 - any value
        first, *_ = node.generators
        members = self._value(first.iter, scope)
        known = isinstance(members, list) and UNKNOWN not in members
        simple = known and len(node.generators) == 1 and not first.ifs
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        results = []
        outer = self._is_certain
        self._is_certain = outer and simple
        for each in members if simple else [UNKNOWN]:
            inner = scope.new_child()
            for generator in node.generators:
                if generator is not first:
                    self._value(generator.iter, inner)
                self._assign(generator.target, each if generator is first else UNKNOWN, inner)
                self._all(generator.ifs, inner)
            results.append(self._all(parts, inner)[-1])
        self._is_certain = outer
        return results if simple and not isinstance(node, ast.DictComp) else UNKNOWN

    # calls

    def _call(self, node: ast.Call, scope: _Scope) -> Any:  # noqa: ANN401 - any value
        function = self._value(node.func, scope)
        args = self._all(node.args, scope)
        named = self._mapping(
            [None if each.arg is None else ast.Constant(each.arg) for each in node.keywords],
            [each.value for each in node.keywords],
            scope,
        )
        if isinstance(function, _Member) and letters_of(function.name) in self._operations:
            self.reached.add(node)
            self._record(function, named)
            return UNKNOWN
        if isinstance(function, _Function):
            return self._called(function, args, named)
        if isinstance(function, _Member | _Module):
            return self._computed(function, args, named)
        self._pass_on([*args, *named.values()])
        return UNKNOWN

    def _record(self, function: _Member, parameters: Mapping[Any, Any] | None) -> None:
        owner = function.owner
        self.calls.append(
            CodeCall(
                None,
                owner.name if isinstance(owner, _Client) else None,
                letters_of(function.name),
                None if parameters is None else _copied(parameters),
                self._is_certain,
            )
        )

    def _pass_on(self, values: Sequence[Any]) -> None:
        """Follow functions that an unknown function may call."""
        outer, self._is_certain = self._is_certain, False
        for each in values:
            if isinstance(each, _Function):
                self._called(each, [], {})
            elif isinstance(each, _Member) and letters_of(each.name) in self._operations:
                self._record(each, None)
        self._is_certain = outer

    def _called(self, function: _Function, args: Sequence[Any], named: Mapping[Any, Any]) -> Any:  # noqa: ANN401 - any value
        node = function.node
        if node in self._active:
            return UNKNOWN
        scope = function.scope.new_child()
        parameters = [*node.args.posonlyargs, *node.args.args]
        defaults = dict(zip(reversed(parameters), reversed(node.args.defaults), strict=False))
        defaults |= {
            each: default
            for each, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            if default is not None
        }
        for position, each in enumerate([*parameters, *node.args.kwonlyargs]):
            default = defaults.get(each)
            if each.arg in named:
                scope[each.arg] = named[each.arg]
            elif position < min(len(args), len(parameters)):
                scope[each.arg] = args[position]
            elif default is not None and UNKNOWN not in named:
                scope[each.arg] = self._value(default, function.scope)
            else:
                scope[each.arg] = UNKNOWN
        if node.args.kwarg is not None:
            taken = {each.arg for each in (*parameters, *node.args.kwonlyargs)}
            scope[node.args.kwarg.arg] = {k: v for k, v in named.items() if k not in taken}
        self._active.append(node)
        if isinstance(node, ast.Lambda):
            result = self._value(node.body, scope)
        else:
            self._result = None
            flow = self._block(node.body, scope)
            result = UNKNOWN if flow is _Flow.UNKNOWN else self._result
        self._active.pop()
        self._result = None
        return result

    def _computed(  # noqa: C901, PLR0911 - one case for each function
        self, function: _Member | _Module, args: Sequence[Any], named: dict[Any, Any]
    ) -> Any:  # noqa: ANN401 - any value
        match function, args:
            case (_Member(name="client" | "resource"), _) | (
                _Module("boto3.client" | "boto3.resource"),
                _,
            ):
                name = args[0] if args else named.get("service_name")
                return _Client(name) if isinstance(name, str) else UNKNOWN
            case _Module("os.getenv" | "os.environ.get"), _:
                return self._of_mapping(self._variables, "get", args, named)
            case _Module("json.loads"), [str(text)]:
                try:
                    return json.loads(text)
                except (ValueError, RecursionError):
                    return UNKNOWN
            case _Module("getattr"), [owner, str(name), *_]:
                return _attribute(owner, name)
            case _Module("dict"), _:
                return self._updated({}, args, named)
            case _Module("copy.copy" | "copy.deepcopy" | "list"), [value]:
                return _copied(value)
            case _Module("str" | "int" | "float" | "bool" as name), [value]:
                return _converted(name, value)
            case _Member(dict() as holder, name), _:
                return self._of_mapping(holder, name, args, named)
            case _Member(list() as holder, "append"), [value]:
                holder.append(value)
                return None
            case _Member(str() as text, name), _ if name in _TEXT_METHODS:
                try:
                    return getattr(text, name)(*args)
                except TypeError:
                    return UNKNOWN
        self._pass_on([*args, *named.values()])
        return UNKNOWN

    def _of_mapping(
        self, holder: dict[Any, Any], name: str, args: Sequence[Any], named: dict[Any, Any]
    ) -> Any:  # noqa: ANN401 - any value
        match name, args:
            case "get" | "pop" | "setdefault", [key, *default] if _is_key(key):
                otherwise = UNKNOWN if UNKNOWN in holder else default[0] if default else None
                value = holder.get(key, otherwise)
                if name == "pop":
                    holder.pop(key, None)
                elif name == "setdefault":
                    holder[key] = value
                return value
            case "update", _:
                self._updated(holder, args, named)
                return None
            case "copy", []:
                return _copied(holder)
            case "items", [] if UNKNOWN not in holder:
                return [[key, value] for key, value in holder.items()]
            case "values", [] if UNKNOWN not in holder:
                return list(holder.values())
        self._pass_on(args)
        return UNKNOWN

    def _updated(
        self, holder: dict[Any, Any], args: Sequence[Any], named: Mapping[Any, Any]
    ) -> dict[Any, Any]:
        for each in (*args, named):
            holder |= _copied(each) if isinstance(each, dict) else {UNKNOWN: UNKNOWN}
        return holder

    def _member(self, holder: Any, key: Any) -> Any:  # noqa: ANN401 - any value
        if holder == _Module("os.environ"):
            holder = self._variables
        if isinstance(holder, dict) and _is_key(key):
            return holder.get(key, UNKNOWN)
        if isinstance(holder, list) and isinstance(key, int) and -len(holder) <= key < len(holder):
            return holder[key]
        return UNKNOWN

    def _count(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise UnreadableCodeError("it is too long")


def _nothing(_scope: _Scope) -> _Flow:
    return _Flow.CONTINUES


def _after_loop(flow: _Flow, body: Sequence[ast.stmt]) -> _Flow:
    """Return what follows a loop, from what follows its last iteration."""
    ends = any(isinstance(node, ast.Return | ast.Raise) for each in body for node in ast.walk(each))
    return flow if ends and flow is not _Flow.LEAVES else _Flow.CONTINUES


def _attribute(owner: Any, name: str) -> Any:  # noqa: ANN401 - any value
    return _Module(f"{owner.name}.{name}") if isinstance(owner, _Module) else _Member(owner, name)


def _is_key(value: Any) -> bool:  # noqa: ANN401 - any value
    return isinstance(value, str | int | float | bool | None)


def _is_known(value: Any) -> bool:  # noqa: ANN401 - any value
    if isinstance(value, dict):
        return UNKNOWN not in value and all(map(_is_known, value.values()))
    if isinstance(value, list):
        return all(map(_is_known, value))
    return isinstance(value, _COMPARED)


def _truth(value: Any) -> bool | None:  # noqa: ANN401 - any value
    if value is UNKNOWN or (isinstance(value, dict) and value.keys() == {UNKNOWN}):
        return None
    return bool(value)


def _compared(operator: ast.cmpop, left: Any, right: Any) -> Any:  # noqa: ANN401 - any value
    known = _is_known(left) and _is_known(right)
    match operator:
        case ast.Eq() | ast.Is() if known:
            return left == right
        case ast.NotEq() | ast.IsNot() if known:
            return left != right
        case ast.In() | ast.NotIn() if isinstance(right, str | list | dict) and _is_known(left):
            try:
                found = left in right
            except TypeError:
                return UNKNOWN
            if not found and not _is_known(right):
                return UNKNOWN
            return found if isinstance(operator, ast.In) else not found
    return UNKNOWN


def _added(operator: ast.operator, left: Any, right: Any) -> Any:  # noqa: ANN401 - any value
    if isinstance(operator, ast.Add) and isinstance(left, str) and isinstance(right, str):
        return (left + right)[:_LONGEST_TEXT]
    if isinstance(operator, ast.BitOr) and isinstance(left, dict) and isinstance(right, dict):
        return {**left, **right}
    return UNKNOWN


def _converted(function: str, value: Any) -> Any:  # noqa: ANN401 - any value
    if function == "bool":
        truth = _truth(value)
        return UNKNOWN if truth is None else truth
    if not isinstance(value, str | int | float):
        return UNKNOWN
    try:
        return {"str": str, "int": int, "float": float}[function](value)
    except ValueError:
        return UNKNOWN


def _copied(value: Any) -> Any:  # noqa: ANN401 - any value
    """Return a value with copies of its mappings and lists."""
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return [*map(_copied, value)] if isinstance(value, list) else value


def _merged(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the values that two branches leave behind."""
    return {
        key: _merged_value(one[key], other[key]) if key in one and key in other else UNKNOWN
        for key in (*one, *(each for each in other if each not in one))
    }


def _merged_value(one: Any, other: Any) -> Any:  # noqa: ANN401 - any value
    if isinstance(one, dict) and isinstance(other, dict):
        return _merged(one, other)
    is_same = one is other or (_is_known(one) and _is_known(other) and one == other)
    return one if is_same else UNKNOWN
