"""Texts of the sources that can reach a page, found by their syntax rather than by running them.

A template is the text with a NUL for each value. Two ways of looking: in modules that do little
but speak (imports of files), every literal that reads like prose; in others, what is given to an
error.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from tracker import errors

ROOT = Path(__file__).parents[1] / "tracker"
VALUE = "\0"
PROSE = re.compile(r"[A-Za-z]{2,},? [a-z]{2,}|[a-z]{2,} [A-Za-z]{2,}")
ERRORS = {name for name, one in vars(errors).items() if inspect.isclass(one)} | {
    *("CellError", "AmbiguousDay", "Forged", "WrongMethod", "Internal", "Terminal", "Transient")
}


def prose_of(module: str) -> Iterator[str]:
    """Templates of all literals of a module that read like prose, without its docstrings."""
    tree = _tree(module)
    silent = _docstrings(tree) | _technical(tree)
    for template in _templates(tree, silent):
        if PROSE.search(template):
            yield template


def errors_of(module: str) -> Iterator[str]:
    """Templates of messages and hints of the errors that a module makes."""
    for node in ast.walk(_tree(module)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id in ERRORS:
            hints = [word.value for word in node.keywords if word.arg == "hint"]
            for argument in [*node.args[:1], *hints]:
                yield from _templates(argument, set())


def _tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


def _templates(tree: ast.AST, silent: set[ast.AST]) -> Iterator[str]:
    """The literals below a node; those inside the values of an f-string are its values."""
    if tree in silent:
        return
    if isinstance(tree, ast.Constant):
        if isinstance(tree.value, str):
            yield tree.value
        return
    if isinstance(tree, ast.JoinedStr):
        yield "".join(_part(part) for part in tree.values)
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(tree, ast.JoinedStr) and isinstance(child, ast.Constant)):
            yield from _templates(child, silent)


def _part(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else VALUE


def _docstrings(tree: ast.AST) -> set[ast.AST]:
    """Every text that stands as a statement of its own."""
    return {node for node in ast.walk(tree) if isinstance(node, ast.Expr) and _is_text(node.value)}


def _technical(tree: ast.AST) -> set[ast.AST]:
    """Patterns, and what is written to the log: neither is ever shown."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id in {"re", "log", "_log"}:
                found.add(node)
    return found


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
