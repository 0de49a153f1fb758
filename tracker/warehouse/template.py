"""Migration text: placeholders expanded by the layout of the warehouse, split into statements.

Placeholders come from a closed list, so that the same files serve one node and a cluster:

- ``{engine:MergeTree}``, ``{engine:ReplacingMergeTree(version)}`` … the engine of a table;
- ``{on_cluster}`` after the name of a table;
- ``{fsync}`` among the settings of a table of facts: written to disk before an insert returns.

A statement ends with ``;`` at the end of a line. Comments (``--`` to the end of the line) are
left out; braces in comments, quoted text and ``{name:Type}`` parameters stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tracker.errors import SchemaRefused

_ENGINES = "MergeTree, ReplacingMergeTree, SummingMergeTree, AggregatingMergeTree"
_ENGINE = re.compile(r"(?:Replacing|Summing|Aggregating)?MergeTree(?:\([^{};]*\))?\Z")
_PARAMETER = re.compile(r"[A-Za-z_]\w*:[A-Z][^{}]*\Z")
_TOKENS = re.compile(
    r"(?P<comment>--[^\n]*)"
    r"|(?P<quoted>'(?:[^'\\]|\\.|'')*'|`[^`]*`|\"[^\"]*\")"
    r"|(?P<placeholder>\{[^{}\n]*\})"
    r"|(?P<end>;[ \t]*(?:--[^\n]*)?(?=\n|\Z))",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """What placeholders stand for on one node; ``durable`` is False for an engine in memory."""

    durable: bool = True

    def expand(self, placeholder: str, source: str) -> str:
        """The text of ``{placeholder}``; SchemaRefused if it is not of the closed list."""
        if placeholder == "on_cluster":
            return ""
        if placeholder == "fsync":
            switch = int(self.durable)
            return f"fsync_after_insert = {switch}, fsync_part_directory = {switch}"
        name, _, value = placeholder.partition(":")
        if name == "engine" and _ENGINE.match(value):
            return value
        if _PARAMETER.match(placeholder) and name != "engine" and "MergeTree" not in value:
            return f"{{{placeholder}}}"
        raise SchemaRefused(
            f"{source}: unknown placeholder {{{placeholder}}}. Allowed are {{on_cluster}}, "
            f"{{fsync}} and {{engine:…}} with one of {_ENGINES}."
        )


def statements(template: str, layout: Layout, source: str) -> list[str]:
    """The statements of ``template``, expanded, without comments; ``source`` is for messages."""
    done: list[str] = []
    current: list[str] = []
    position = 0
    for token in _TOKENS.finditer(template):
        current.append(template[position : token.start()])
        position = token.end()
        if token["quoted"]:
            current.append(token["quoted"])
        elif token["placeholder"]:
            current.append(layout.expand(token["placeholder"][1:-1], source))
        elif token["end"]:
            done.append("".join(current))
            current = []
    done.append("".join([*current, template[position:]]))
    return [_tidy(text) for text in done if text.strip()]


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())
