"""Makes mutants of one function: each differs from the original in one place."""

import ast
import copy
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

_OTHERS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
#: What only tells of the work is no condition.
_TELLING = re.compile(r"(await )?(log\.|metrics\.|observing\.|self\._count\(tp, Settled)")

Place = tuple[str | int, ...]
Change = tuple[Place, str, Callable[[Any], Any]]


@dataclass(frozen=True)
class Mutant:
    """A function with one wrong in it; `name` tells where and what."""

    name: str
    function: FunctionType
    code: CodeType

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Put the wrong into the running module for a while."""
        before, self.function.__code__ = self.function.__code__, self.code
        try:
            yield
        finally:
            self.function.__code__ = before


def mutants_of(function: Any, *, sql: bool = False) -> list[Mutant]:
    """Return the mutants of a function: of its own conditions, or of the SQL in it."""
    function = inspect.unwrap(function)
    lines, first = inspect.getsourcelines(function)
    tree = ast.parse(textwrap.dedent("".join(lines)))
    definition: Any = tree.body[0]
    definition.decorator_list = []
    found = []
    for place, what, change in _sql_changes(tree) if sql else _changes(tree):
        mutated = copy.deepcopy(tree)
        line = _change(mutated, place, change)
        where = f"{function.__module__}.{function.__qualname__}:{first + line - 1}"
        found.append(Mutant(f"{where} {what}", function, _code(mutated, function)))
    return found


def _code(tree: ast.Module, function: FunctionType) -> CodeType:
    names = dict(function.__globals__)
    exec(compile(ast.fix_missing_locations(tree), function.__code__.co_filename, "exec"), names)
    code: CodeType = names[function.__name__].__code__
    return code


def _change(tree: ast.AST, place: Place, change: Callable[[Any], Any]) -> int:
    node: Any = tree
    for step in place[:-1]:
        node = node[step] if isinstance(step, int) else getattr(node, step)
    last = place[-1]
    old = node[last] if isinstance(last, int) else getattr(node, last)
    new = change(old)
    ast.copy_location(new, old)
    if isinstance(last, int):
        node[last] = new
    else:
        setattr(node, last, new)
    return int(getattr(old, "lineno", 1))


def _nodes(node: ast.AST, place: Place = ()) -> Iterator[tuple[Place, ast.AST]]:
    yield place, node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "args") and not isinstance(node, ast.Call):
            continue
        for n, child in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(child, ast.AST):
                at = (*place, name, n) if isinstance(value, list) else (*place, name)
                yield from _nodes(child, at)


def _changes(tree: ast.AST) -> Iterator[Change]:
    telling = [
        place
        for place, node in _nodes(tree)
        if isinstance(node, ast.Expr | ast.Assign) and _TELLING.match(ast.unparse(node))
    ]
    for place, node in _nodes(tree):
        if not any(place[: len(one)] == one for one in telling):
            for what, change in _wrongs(node):
                yield place, f"{_short(node)} -> {what}", change


def _short(node: ast.AST) -> str:
    return ast.unparse(node).split("\n", maxsplit=1)[0][:70]


def _wrongs(node: ast.AST) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    match node:
        case ast.Compare(ops=[op]):
            for other in _OTHERS[type(op)]:
                changed = ast.Compare(node.left, [other()], node.comparators)
                yield _short(changed), lambda _, to=changed: to
        case ast.BoolOp(op=op, values=values):
            swapped = ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            yield _short(swapped), lambda _, to=swapped: to
            for one in values:
                yield f"without {_short(one)}", lambda n, out=one: _without(n, out)
        case ast.UnaryOp(op=ast.Not()):
            yield _short(node.operand), lambda n: n.operand
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            turned = ast.BinOp(node.left, op, node.right)
            yield _short(turned), lambda _, to=turned: to
        case ast.Constant(value=bool()):
            yield str(not node.value), lambda n: ast.Constant(not n.value)
        case ast.Constant(value=int()):
            for number in (node.value + 1, node.value - 1):
                yield str(number), lambda _, to=number: ast.Constant(to)
        case ast.If() | ast.While() | ast.IfExp():
            for truth in (True, False) if not isinstance(node, ast.While) else (False,):
                yield f"if {truth}", lambda n, to=truth: _tested(n, to)
        case ast.comprehension(ifs=[_]):
            yield "no condition", lambda n: ast.comprehension(n.target, n.iter, [], n.is_async)
    yield from _deletions(node)


def _deletions(node: ast.AST) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    match node:
        case ast.Expr(value=ast.Constant()):
            return
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
            yield "nothing", lambda _: ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript() | ast.Tuple()]):
            yield "nothing", lambda _: ast.Pass()
        case ast.Return(value=None):
            yield "nothing", lambda _: ast.Pass()


def _without(node: ast.BoolOp, out: ast.expr) -> ast.expr:
    gone = ast.dump(out)
    rest = [one for one in node.values if ast.dump(one) != gone]
    return rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def _tested(node: Any, truth: bool) -> Any:
    node.test = ast.copy_location(ast.Constant(truth), node.test)
    return node


# --- SQL

_SQL_WRONGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"<=", ("<", ">")),
    (r"(?<![<>=])<(?![=>])", ("<=", ">=")),
    (r"<>", ("=",)),
    (r"(?<![<>])=(?! ANY)", ("<>",)),
    (r"\bAND\b", ("OR",)),
    (r"\bOR\b", ("AND",)),
    (r"\+ 1\b", ("+ 0", "+ 2")),
    (r"\bNOT EXISTS\b", ("EXISTS",)),
    (r"\bNOT IN\b", ("IN",)),
    (r"= ANY", ("<> ANY",)),
    (r"\bAND (?:[\w.]+) (?:<=|<>|<|=) (?:[\w.$]+|'\w+')", ("",)),
    (r"(?<=WHERE )(?:[\w.]+) (?:<=|<>|<|=) (?:[\w.$]+|'\w+') AND", ("",)),
)


def sql_wrongs(sql: str) -> Iterator[tuple[str, str]]:
    """Return what is changed in a statement and the changed statement, one wrong at a time."""
    for pattern, others in _SQL_WRONGS:
        for found in re.finditer(pattern, sql):
            for other in others:
                near = " ".join(sql[max(0, found.start() - 30) : found.end() + 30].split())
                changed = sql[: found.start()] + other + sql[found.end() :]
                yield f"[{near}] {found.group()} -> {other or 'nothing'}", changed


def _sql_changes(tree: ast.AST) -> Iterator[Change]:
    for place, node in _nodes(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.match(r"(SELECT|UPDATE|INSERT|DELETE)\b", node.value)
        ):
            for what, changed in sql_wrongs(node.value):
                yield place, what, lambda _, to=changed: ast.Constant(to)
