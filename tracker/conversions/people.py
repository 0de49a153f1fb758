"""Who is who: visitors joined into people by the contacts they gave and by what people decided.

Two visitors with one contact (e-mail, phone, user id) are one person, and so on through any
number of contacts and devices. A decision joins two visitors, or keeps a visitor apart from
another or from a contact, until it is taken back; it stands above what contacts say, whichever
came first. A contact that more than ``SHARED`` visitors have (a test address, the shop's own)
joins nobody. All of this follows from the facts alone, in whatever order they arrive: a person is
a connected part of the graph, named by its smallest visitor number.

``refresh`` keeps the derived table ``person_members`` up to date. It reads what is new, and then
only the people whom that touches; it belongs into a build, under the lease of reconciling.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tracker.warehouse.client import Warehouse
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.conversions"
#: A contact of more visitors than this says nothing about who they are.
SHARED = 200
COLUMNS = ("site", "visitor", "node", "person", "joined", "version")


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact hash of a visitor, and how many visitors have it."""

    visitor: int
    hash: str
    visitors: int


@dataclass(frozen=True, slots=True)
class Decision:
    """Two nodes, joined or kept apart; ``other`` is a visitor in hexadecimal, or a hash."""

    visitor: int
    other: str
    joined: bool
    version: int

    @property
    def pair(self) -> frozenset[str]:
        """What the decision is about, whichever stands first."""
        return frozenset((visitor_name(self.visitor), self.other))


@dataclass(frozen=True, slots=True)
class Member:
    """A row of ``person_members`` but for site and version."""

    visitor: int
    node: str
    person: int
    joined: bool


def visitor_name(visitor: int) -> str:
    """A visitor or person as 16 hexadecimal digits: how pages and links name them."""
    return f"{visitor:016x}"


def is_visitor(node: str) -> bool:
    """Whether a node is a visitor rather than a contact."""
    return len(node) == 16


def members(
    visitors: Iterable[int], contacts: Iterable[Contact], decisions: Sequence[Decision]
) -> list[Member]:
    """The rows of ``person_members`` for these visitors, by visitor and node.

    They are whole persons; a decision may keep one of them apart from somebody else.
    """
    inside = set(visitors)
    standing = _standing(decisions)
    sets = _Sets()
    rows: dict[tuple[int, str], bool] = {}
    for contact in contacts:
        name = visitor_name(contact.visitor)
        joins = _joins(contact, standing)
        rows[contact.visitor, contact.hash] = joins
        if joins:
            sets.join(name, contact.hash)
    for decision in standing.values():
        if decision.joined and is_visitor(decision.other):
            sets.join(visitor_name(decision.visitor), decision.other)
    for decision in decisions:
        rows |= _rows_of(decision)
    for visitor in inside:
        sets.add(visitor_name(visitor))
    persons = sets.persons()
    return [
        Member(visitor, node, persons[visitor_name(visitor)], joins)
        for (visitor, node), joins in sorted(rows.items())
        if visitor in inside
    ]


def _standing(decisions: Iterable[Decision]) -> dict[frozenset[str], Decision]:
    """The latest decision about each pair."""
    return {one.pair: one for one in sorted(decisions, key=lambda one: one.version)}


def _joins(contact: Contact, standing: Mapping[frozenset[str], Decision]) -> bool:
    """Whether a contact says who its visitor is."""
    decision = standing.get(frozenset((visitor_name(contact.visitor), contact.hash)))
    return contact.visitors <= SHARED and (decision is None or decision.joined)


def merges_of(
    visitor: int, contacts: Iterable[Contact], decisions: Iterable[Decision]
) -> list[Decision]:
    """The decisions that join a visitor, and those whom contacts join to him, to anybody else."""
    return [one for one in _outward(visitor, contacts, decisions) if one.joined]


def partings_of(
    visitor: int, contacts: Iterable[Contact], decisions: Sequence[Decision]
) -> list[Decision]:
    """The decisions that keep a visitor apart: his own, and of a merge that was taken back the one
    between those whom contacts join to him and the others."""
    name = visitor_name(visitor)
    apart = [one for one in _standing(decisions).values() if not one.joined and name in one.pair]
    taken_back = [one for one in _outward(visitor, contacts, decisions) if not one.joined]
    return apart + [one for one in taken_back if name not in one.pair]


def _outward(
    visitor: int, contacts: Iterable[Contact], decisions: Iterable[Decision]
) -> list[Decision]:
    """What was decided about a visitor, or one whom contacts join to him, and any other visitor."""
    standing = _standing(decisions)
    sets = _Sets()
    for contact in contacts:
        if _joins(contact, standing):
            sets.join(visitor_name(contact.visitor), contact.hash)
    own = sets.find(visitor_name(visitor))
    return [
        one
        for one in standing.values()
        if is_visitor(one.other)
        and (sets.find(visitor_name(one.visitor)) == own) != (sets.find(one.other) == own)
    ]


def _rows_of(one: Decision) -> dict[tuple[int, str], bool]:
    """A decision stands at every visitor that it names, so that it is known to have been read."""
    rows = {(one.visitor, f"{one.other}#{one.version}"): one.joined}
    if is_visitor(one.other):
        rows[int(one.other, 16), f"{visitor_name(one.visitor)}#{one.version}"] = one.joined
    return rows


class _Sets:
    """Disjoint sets of nodes."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def add(self, node: str) -> None:
        self._parent.setdefault(node, node)

    def find(self, node: str) -> str:
        self.add(node)
        root = node
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[node] != root:
            self._parent[node], node = root, self._parent[node]
        return root

    def join(self, one: str, other: str) -> None:
        self._parent[self.find(one)] = self.find(other)

    def persons(self) -> Mapping[str, int]:
        """Every visitor's person: the smallest visitor of its set."""
        groups: dict[str, list[str]] = defaultdict(list)
        for node in self._parent:
            if is_visitor(node):
                groups[self.find(node)].append(node)
        return {node: int(min(group), 16) for group in groups.values() for node in group}


def refresh(warehouse: Warehouse, sites: Iterable[str], version: int) -> set[tuple[str, int]]:
    """Bring ``person_members`` up to date; the (site, visitor) that were looked at anew.

    ``version`` is the build's number, higher than any before.
    """
    news: dict[str, list[tuple[int, str]]] = defaultdict(list)
    found = warehouse.rows(load_sql(PACKAGE, "people_news.sql"), {"sites": sorted(set(sites))})
    for site, visitor, node in found:
        news[str(site)].append((int(visitor), str(node)))
    touched: set[tuple[str, int]] = set()
    for site, nodes in news.items():
        rows = _renewed(warehouse, site, nodes)
        warehouse.insert(
            "person_members",
            COLUMNS,
            [(site, row.visitor, row.node, row.person, row.joined, version) for row in rows],
        )
        touched |= {(site, row.visitor) for row in rows}
    return touched


def _renewed(warehouse: Warehouse, site: str, news: Sequence[tuple[int, str]]) -> list[Member]:
    """The people whom the news touches, as they are now."""
    visitors = {visitor for visitor, _ in news}
    named = {node.partition("#")[0] for _, node in news}
    visitors |= {int(node, 16) for node in named if is_visitor(node)}
    contacts = sorted(node for node in named if not is_visitor(node))
    added: dict[str, int] = defaultdict(int)
    for _, node in news:
        added[node] += 1
    shared = warehouse.rows(
        load_sql(PACKAGE, "people_shared.sql"), {"site": site, "nodes": contacts}
    )
    # A contact that too many shared already joins nobody: its visitors need no second look.
    telling = [str(n) for n, count in shared if int(count) - added[str(n)] <= SHARED]
    near = warehouse.rows(
        load_sql(PACKAGE, "people_near.sql"),
        {"site": site, "visitors": sorted(visitors), "nodes": telling},
    )
    visitors |= {int(visitor) for (visitor,) in near}
    return members(visitors, *read_part(warehouse, site, visitors))


def read_part(
    warehouse: Warehouse, site: str, visitors: Iterable[int]
) -> tuple[list[Contact], list[Decision]]:
    """The contacts of these visitors, and what was decided about them."""
    wanted = sorted(set(visitors))
    edges = warehouse.rows(
        load_sql(PACKAGE, "people_edges.sql"), {"site": site, "visitors": wanted}
    )
    links = warehouse.rows(
        load_sql(PACKAGE, "people_links.sql"),
        {"site": site, "visitors": wanted, "names": [visitor_name(one) for one in wanted]},
    )
    return (
        [Contact(int(visitor), str(node), int(count)) for visitor, node, count in edges],
        [Decision(int(v), str(other), bool(on), int(number)) for v, other, on, number in links],
    )


def offline_of(
    warehouse: Warehouse, site: str, zone: str, visitors: Sequence[int]
) -> list[tuple[str, date]]:
    """The offline conversions of a person who is these visitors, and the other stages of their
    leads: external id and day in the site's time ``zone``. A contact from which he is kept apart,
    or that joins nobody, makes no order his. Needs no reconcile."""
    contacts, decisions = read_part(warehouse, site, visitors)
    standing = _standing(decisions)
    rows = warehouse.rows(
        load_sql(PACKAGE, "person_offline.sql"),
        {
            "site": site,
            "zone": zone,
            "visitors": list(visitors),
            "contacts": sorted({one.hash for one in contacts if _joins(one, standing)}),
        },
    )
    return [(str(external_id), day) for external_id, day in rows]
