"""Imports point one way, and only the web's edge knows the web framework."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "tracker"

#: Parts of the package, lowest first. A part imports parts of lower rows, never of its own row.
LAYERS = (
    ("errors",),
    ("config", "money", "period", "logs"),
    ("tables",),
    ("warehouse", "accounts"),
    ("visits", "conversions", "spend", "ingest"),
    ("attribution",),
    ("reports", "reconcile"),
    ("parts", "requests"),
    ("commands",),
    ("web", "jobs"),
    ("app", "control"),
    ("server",),
    ("demo",),
    ("cli",),
)
#: Ingest also runs alone, on machines that hold nothing else: all that it may import.
INGEST = frozenset({"errors", "money", "period", "warehouse", "accounts"})
#: Imports within one row: importing module, imported module, why.
EXCEPTIONS = {
    ("ingest.contacts", "conversions.contact"): "an e-mail is hashed alike at both entrances",
    ("conversions.offline_fact", "ingest.sources.tags"): "a match type is read alike at both",
}
#: Where the web framework may be imported. ``control.door`` is the owner's socket of a server.
WEB = (
    "web",
    "app",
    "control.door",
    "server",
    "demo.page",
    "demo.platforms",
    "ingest.endpoint",
    "ingest.routing",
)


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement: the importing module and what it names, both as dotted names."""

    module: str
    name: str

    @property
    def target(self) -> str:
        """The imported module within the package, without ``tracker.``."""
        return self.name.removeprefix("tracker.")

    def __str__(self) -> str:
        return f"{self.module} imports {self.name}"


@cache
def imports() -> tuple[Import, ...]:
    """Every absolute import in the package, those inside functions too."""
    return tuple(_read())


def _read() -> Iterator[Import]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (Import(module, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path} has a relative import; write it in full"
                if node.module == "tracker":
                    yield from (Import(module, f"tracker.{alias.name}") for alias in node.names)
                else:
                    yield Import(module, str(node.module))


def part(name: str) -> str:
    """The part of the package that a module is in."""
    return name.split(".")[0]


def between_parts() -> list[Import]:
    """Imports of one part from another."""
    found = [entry for entry in imports() if entry.name.startswith("tracker.")]
    return [entry for entry in found if entry.module and part(entry.module) != part(entry.target)]


def test_every_part_of_the_package_has_a_layer() -> None:
    found = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py"}
    found |= {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    known = {name for layer in LAYERS for name in layer}
    assert found - {"__init__", "__main__"} <= known


def test_a_part_imports_only_parts_of_lower_layers() -> None:
    rank = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    upward = [
        str(entry)
        for entry in between_parts()
        if rank[part(entry.target)] >= rank[part(entry.module)]
        and (entry.module, entry.target) not in EXCEPTIONS
    ]
    assert upward == []


def test_ingest_imports_nothing_that_a_machine_for_ingest_lacks() -> None:
    others = [
        str(entry)
        for entry in between_parts()
        if part(entry.module) == "ingest"
        and part(entry.target) not in INGEST
        and (entry.module, entry.target) not in EXCEPTIONS
    ]
    assert others == []


def test_every_exception_is_still_needed() -> None:
    assert EXCEPTIONS.keys() <= {(entry.module, entry.target) for entry in between_parts()}


def test_only_the_edge_of_the_web_imports_starlette() -> None:
    outside = [
        str(entry)
        for entry in imports()
        if part(entry.name) == "starlette"
        and not any(f"{entry.module}.".startswith(f"{name}.") for name in WEB)
    ]
    assert outside == []
