"""The statement of one reading: its file, with the marks filled from the closed registries.

Nothing that comes from a request becomes SQL: dimensions and measures are fragments of the
registries, values of a filter are typed parameters. What a fact does not know of is NULL, and
three-valued logic does the rest: a row counts only where the filter is known to hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tracker.reports.conditions import Condition, Join, Test, naming
from tracker.reports.dimensions import DIMENSIONS, Fact, Fragment
from tracker.reports.measures import APART, MEASURES
from tracker.reports.names import normal_form, one_sigma
from tracker.reports.plan import SOURCES, Reading
from tracker.warehouse.sql import load_sql

PACKAGE = "tracker.reports"
_FILES = {
    Fact.VISITS: "breakdown_visits.sql",
    Fact.HITS: "breakdown_visits.sql",
    Fact.DAYS: "breakdown_days.sql",
    Fact.CREDIT: "breakdown_credits.sql",
    Fact.ASSISTS: "breakdown_credits.sql",
    Fact.SPEND: "breakdown_spend.sql",
    Fact.TERMS: "breakdown_terms.sql",
    Fact.SPEND_DAYS: "breakdown_spend_days.sql",
}
#: What joins a row of the fact to the attributes of its keyword or source.
_KEYS = dict.fromkeys((Fact.VISITS, Fact.HITS), "x.source_key") | {
    Fact.CREDIT: "c.source_key",
    Fact.ASSISTS: "c.source_key",
    Fact.SPEND: "x.keyword_key",
    Fact.TERMS: "x.keyword_key",
}
#: What has the attributes of visits that the fact's own table does not have.
_VISITS = {
    Fact.CREDIT: "breakdown_touches.sql",
    Fact.ASSISTS: "breakdown_touches.sql",
    Fact.HITS: "breakdown_hit_terms.sql",
}
#: Texts that the engine looks for at once.
MOST_TEXTS = 255
_UNKNOWN = "CAST(NULL AS Nullable(UInt8))"
_NO_VALUE = "CAST(NULL AS Nullable(String))"
#: Facts with fragments that may be NULL, and attributes of their keywords that may be.
_SPEND = (Fact.SPEND, Fact.SPEND_DAYS, Fact.TERMS)
_UNTOLD = ("spend_channel",)


@dataclass(slots=True)
class Statement:
    """SQL with the values of its filter; other parameters are the report's."""

    sql: str = ""
    values: dict[str, object] = field(default_factory=dict)


def statement(reading: Reading, group: Sequence[str], condition: Condition | None) -> Statement:
    """The statement that reads these measures by these dimensions where the filter holds."""
    made = Statement()
    filled = _Filled(reading, made.values)
    marks = filled.marks(group, condition)
    text = load_sql(PACKAGE, _FILES[reading.fact])
    for mark, sql in marks.items():
        text = text.replace(f"/* {mark} */", sql)
    made.sql = filled.relations() + text
    return made


class _Filled:
    """The marks of one statement, and the relations that they turn out to need."""

    def __init__(self, reading: Reading, values: dict[str, object]) -> None:
        self._reading = reading
        self._fact = reading.fact
        self._values = values
        self._used: set[str] = set()

    def marks(self, group: Sequence[str], condition: Condition | None) -> dict[str, str]:
        """SQL for each mark of the fact's file."""
        fragments = [DIMENSIONS[name].fragments.get(self._fact) for name in group]
        inner = [one.sql for one in fragments if one and one.place == "inner"]
        outer = [self._outer(one, inner) for one in fragments]
        keys = [f"{sql} AS i{place}" for place, sql in enumerate(dict.fromkeys(inner))]
        if any(one and one.place != "inner" for one in fragments):
            keys.append(f"{_KEYS[self._fact]} AS key")
        names = ", ".join(key.rpartition(" AS ")[2] for key in keys)
        sums, totals = self._measures(group, condition)
        chosen = [f"d{place}" for place in range(len(group))]
        return {
            "table": SOURCES[self._fact],
            "inner": ", ".join([*keys, *sums]),
            # Without keys there would be a row of nothing.
            "inner grouping": f"GROUP BY {names}" if keys else "HAVING count() > 0",
            "filter": self._where(condition) if condition else "1",
            "rows": ", ".join(
                [
                    "grouping(d0) = 1 AS is_total" if group else "true AS is_total",
                    *(f"{sql} AS d{place}" for place, sql in enumerate(outer)),
                    *totals,
                ]
            ),
            "grouping": f"GROUP BY GROUPING SETS (({', '.join(chosen)}), ())" if group else "",
            "joins": "".join(
                f"LEFT JOIN {name} AS {name[0]} ON f.key = {name[0]}.key "
                for name, place in (("words", "word"), ("tags", "tag"))
                if any(one and one.place == place for one in fragments)
            ),
            "visits": self._visits(inner, condition),
        }

    def relations(self) -> str:
        """The relations that the statement names, as a WITH clause."""
        parts = []
        if "words" in self._used:
            names = load_sql(PACKAGE, "breakdown_names.sql")
            if self._fact in _SPEND:
                parts.append(f"words AS ({names})")
            else:
                words = load_sql(PACKAGE, "breakdown_words.sql")
                parts += [f"names AS ({names})", f"words AS ({words})"]
        if "tags" in self._used:
            parts.append(f"tags AS ({load_sql(PACKAGE, 'breakdown_tags.sql')})")
        return f"WITH {', '.join(parts)}\n" if parts else ""

    def _measures(
        self, group: Sequence[str], condition: Condition | None
    ) -> tuple[list[str], list[str]]:
        """The columns of sums over the fact's rows, and of sums over these.

        A row of one goal or stage has all of it, though an order and its payment are of the same
        lead: in the row of the totals only what counts in totals is added up.
        """
        of_row, of_total = self._apart(group, condition)
        inner, outer = [], []
        for name in self._reading.measures:
            measure = MEASURES[self._fact][name]
            inner.append(f"{measure.inner.replace(APART, of_row)} AS {name}")
            found = f"{measure.outer}(f.{name})"
            if APART in measure.inner and of_row != of_total:
                inner.append(f"{measure.inner.replace(APART, of_total)} AS total_{name}")
                found = f"if(grouping(d0) = 1, {measure.outer}(f.total_{name}), {found})"
            outer.append(f"{found} AS {name}")
        return inner, outer

    def _apart(self, group: Sequence[str], condition: Condition | None) -> tuple[str, str]:
        """Which credit is of a goal by itself, in rows and in the row of the totals: that of the
        goal chosen, of goals that the filter names, and of the goal or stage that a row is of."""
        stage = DIMENSIONS["stage"].fragments.get(self._fact)
        if stage is None:
            return "", ""
        named = naming(condition)
        of_total = "{every:Bool}" + (f" OR {self._where(named)}" if named else "")
        if "goal" in group:
            return "true", of_total
        if "stage" in group:
            return f"{of_total} OR {stage.sql} != ''", of_total
        return of_total, of_total

    def _outer(self, fragment: Fragment | None, inner: list[str]) -> str:
        if fragment is None:
            return _NO_VALUE
        if fragment.place == "inner":
            place = list(dict.fromkeys(inner)).index(fragment.sql)
            return f"CAST(toString(f.i{place}) AS Nullable(String))"
        name = self._relation(fragment)
        return f"CAST({name[0]}.{fragment.sql} AS Nullable(String))"

    def _relation(self, fragment: Fragment) -> str:
        name = "words" if fragment.place == "word" else "tags"
        self._used.add(name)
        return name

    def _visits(self, inner: list[str], condition: Condition | None) -> str:
        """Joins to visits of hits and touches, and to times of conversions, where asked for."""
        text = " ".join(inner) + (self._where(condition, dry=True) if condition else "")
        joins = ""
        if re.search(r"\bv\.", text):
            visits = load_sql(PACKAGE, _VISITS[self._fact])
            row = _KEYS[self._fact].partition(".")[0]
            joins += f"LEFT JOIN ({visits}) AS v ON {row}.visit_id = v.visit_id "
        if re.search(r"\bm\.", text):
            moments = load_sql(PACKAGE, "breakdown_moments.sql")
            joins += f"LEFT JOIN ({moments}) AS m ON c.conversion_id = m.conversion_id "
        return joins

    def _where(self, condition: Condition, *, dry: bool = False) -> str:
        match condition:
            case Test():
                return f"({self._test(condition, dry=dry)})"
            case Join("not", (part,)):
                return f"(NOT {self._where(part, dry=dry)})"
            case Join(word, parts):
                joined = f" {word.upper()} ".join(self._where(part, dry=dry) for part in parts)
                return f"({joined})"

    def _test(self, test: Test, *, dry: bool) -> str:
        fragment = DIMENSIONS[test.dimension].fragments.get(self._fact)
        if fragment is None:
            return _UNKNOWN
        if dry:
            return fragment.sql if fragment.place == "inner" else ""
        holds = self._predicate(test, f"toString({fragment.sql})")
        if fragment.place != "inner":
            name, key = self._relation(fragment), _KEYS[self._fact]
            found = f"{key} IN (SELECT key FROM {name} WHERE {holds})"
            if self._fact in _SPEND and fragment.sql in _UNTOLD:
                untold = f"SELECT key FROM {name} WHERE {fragment.sql} IS NULL"
                return f"if({key} IN ({untold}), NULL, {found})"
            return found
        if self._fact in _SPEND:
            return f"if(isNull({fragment.sql}), NULL, {holds})"
        return holds

    def _predicate(self, test: Test, text: str) -> str:
        """The test of a text; its values become parameters."""
        if test.operator == "matches":
            return " OR ".join(
                f"match({text}, {self._parameter(value, 'String')})" for value in test.values
            )
        wanted = test.values
        if DIMENSIONS[test.dimension].is_normal:
            wanted = tuple(map(normal_form, wanted))
        if test.operator == "contains":
            return self._contains(wanted, text)
        values = self._parameter(list(wanted), "Array(String)")
        if DIMENSIONS[test.dimension].is_list and test.operator == "is":
            parts = f"splitByString(', ', {text})"
            return f"({text} IN {values} OR hasAny({values}, {parts}))"
        return f"{text} IN {values}"

    def _contains(self, wanted: tuple[str, ...], text: str) -> str:
        # An empty text is in every one: of several texts the engine finds it in all but empty ones.
        wanted = ("",) if "" in wanted else wanted
        if any("σ" in one_sigma(value) for value in wanted):
            # As in names.one_sigma: the engine's own search tells the two from each other.
            wanted = tuple(map(one_sigma, wanted))
            text = f"replaceAll(lowerUTF8({text}), 'ς', 'σ')"
        # Folding the case of every alphabet takes longer than reading the column, and so does
        # looking for several texts where there is one.
        alphabet = "" if all(value.isascii() for value in wanted) else "UTF8"
        if len(wanted) == 1:
            value = self._parameter(wanted[0], "String")
            return f"positionCaseInsensitive{alphabet}({text}, {value}) != 0"
        return " OR ".join(
            f"multiSearchAnyCaseInsensitive{alphabet}({text}, "
            f"{self._parameter(list(wanted[first : first + MOST_TEXTS]), 'Array(String)')})"
            for first in range(0, len(wanted), MOST_TEXTS)
        )

    def _parameter(self, value: object, kind: str) -> str:
        name = f"value{len(self._values)}"
        self._values[name] = value
        return f"{{{name}:{kind}}}"
