"""The sales pipeline of a site: the stages through which a lead moves, in their order.

A site that never changed its stages has the default ones, those of a foreign-trade desk. A stage
is known by its key, under which conversions are stored (``stage:KEY`` in reports); its role says
what it means, whatever it is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import msgspec
from sqlalchemy import Engine, delete, insert, select

from tracker.accounts import schema
from tracker.accounts.database import write
from tracker.accounts.names import checked_name
from tracker.accounts.sites import get_site
from tracker.errors import InvalidInput

Role = Literal[
    "inquiry",
    "valid",
    "invalid",
    "contacted",
    "sample",
    "quotation",
    "order",
    "shipped",
    "payment",
    "lost",
    "other",
]
#: Roles with which a lead is over without an order.
CLOSED: tuple[Role, ...] = ("invalid", "lost")
#: Roles at which a lead has become an order.
WON: tuple[Role, ...] = ("order", "shipped", "payment")
MAX_STAGES = 30
#: The turn of stages that a site does not list (``Pipeline.turns``).
UNLISTED = MAX_STAGES
_KEY = re.compile(r"^[^\s:|][^:|\x00-\x1f]{0,59}$")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of one site. ``name`` is for people, empty for the default name of its role;
    ``aliases`` are what files and other systems call it."""

    key: str
    role: Role
    name: str = ""
    aliases: tuple[str, ...] = ()


#: What pages call a stage without a name of its own, in every language, by its role.
ROLE_NAMES: dict[Role, tuple[str, ...]] = {
    "inquiry": ("Inquiry", "询盘"),
    "valid": ("Valid inquiry", "有效询盘"),
    "invalid": ("Invalid", "无效"),
    "contacted": ("Contacted", "已联系"),
    "sample": ("Sample", "寄样"),
    "quotation": ("Quotation", "报价"),
    "order": ("Order", "订单"),
    "shipped": ("Shipped", "出货"),
    "payment": ("Payment received", "收款"),
    "lost": ("Lost", "丢单"),
}
#: What a site has until it says otherwise. The aliases are what sales files call these stages.
DEFAULT_STAGES: tuple[Stage, ...] = (
    Stage("inquiry", "inquiry", aliases=("lead", "enquiry", "询盘", "线索", "新线索")),
    Stage("valid", "valid", aliases=("valid inquiry", "qualified", "有效", "有效询盘", "有效线索")),
    Stage(
        "invalid", "invalid", aliases=("invalid inquiry", "junk", "无效", "无效询盘", "无效线索")
    ),
    Stage("contacted", "contacted", aliases=("已联系", "已跟进")),
    Stage("sample", "sample", aliases=("sample sent", "样品", "寄样", "已寄样")),
    Stage("quotation", "quotation", aliases=("quote", "quoted", "报价", "已报价")),
    Stage("order", "order", aliases=("won", "deal", "订单", "成交", "签单", "已成交")),
    Stage("shipped", "shipped", aliases=("shipment", "出货", "发货", "已发货")),
    Stage("payment", "payment", aliases=("payment received", "paid", "收款", "回款", "已收款")),
    Stage("lost", "lost", aliases=("closed lost", "丢单", "流失", "已丢单")),
)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The stages of a site, in order."""

    stages: tuple[Stage, ...]

    def key_of(self, text: str) -> str:
        """The key of the stage that a text names; a text that names none is its own key. What a
        site says itself goes before the names that pages give to stages without one."""
        plain = " ".join(text.split())
        wanted = plain.casefold()
        own = [(stage, (stage.key, stage.name, *stage.aliases)) for stage in self.stages]
        usual = [(one, ROLE_NAMES.get(one.role, ())) for one in self.stages if not one.name]
        for stage, names in (*own, *usual):
            if wanted in {name.casefold() for name in names if name}:
                return stage.key
        return plain

    def find(self, key: str) -> Stage | None:
        """The stage of that key."""
        return next((stage for stage in self.stages if stage.key == key), None)

    def keys(self, *roles: Role) -> tuple[str, ...]:
        """The keys of the stages with one of these roles."""
        return tuple(stage.key for stage in self.stages if stage.role in roles)

    def goals(self, *roles: Role) -> list[str]:
        """The same as reports name them among goals."""
        return [f"stage:{key}" for key in self.keys(*roles)]

    def turns(self) -> dict[str, int]:
        """Which of the stages of one instant comes first: in the order of the pipeline, but those
        with which a lead is over without an order last. Files that have days only make such ties
        the rule. Stages that the site does not list come between (``UNLISTED``); of equal ones the
        external id decides, so that the order in which they arrived never does."""
        return {
            stage.key: place + (UNLISTED + 1 if stage.role in CLOSED else 0)
            for place, stage in enumerate(self.stages)
        }

    def place(self, key: str) -> int:
        """Where a stage stands, from 0; stages that the site does not list come last."""
        return next(
            (place for place, stage in enumerate(self.stages) if stage.key == key),
            len(self.stages),
        )


def pipeline_of(db: Engine, site: str) -> Pipeline:
    """The stages of a site."""
    return pipelines_of(db, [site])[site]


def pipelines_of(db: Engine, sites: Sequence[str]) -> dict[str, Pipeline]:
    """The stages of many sites at once."""
    table = schema.pipeline_stages
    query = select(table).where(table.c.site.in_(sites)).order_by(table.c.position)
    found: dict[str, list[Stage]] = {site: [] for site in sites}
    with db.connect() as connection:
        for row in connection.execute(query):
            aliases = msgspec.json.decode(row.aliases, type=tuple[str, ...])
            found[row.site].append(Stage(row.key, row.role, row.name, aliases))
    return {
        site: Pipeline(tuple(stages) if stages else DEFAULT_STAGES)
        for site, stages in found.items()
    }


def set_stages(db: Engine, site: str, stages: Iterable[Stage]) -> Pipeline:
    """Replace the stages of a site; none means the default ones again.

    InvalidInput for a bad or doubled key or name, NotFound for the site. The caller marks the
    site's slices dirty.
    """
    get_site(db, site)
    checked = _checked(list(stages))
    rows = [
        {
            "site": site,
            "key": stage.key,
            "position": place,
            "role": stage.role,
            "name": stage.name,
            "aliases": msgspec.json.encode(stage.aliases).decode(),
        }
        for place, stage in enumerate(checked)
    ]
    table = schema.pipeline_stages
    with write(db) as connection:
        connection.execute(delete(table).where(table.c.site == site))
        if rows:
            connection.execute(insert(table), rows)
    return pipeline_of(db, site)


def _checked(stages: Sequence[Stage]) -> list[Stage]:
    if len(stages) > MAX_STAGES:
        raise InvalidInput(f"{len(stages)} stages; at most {MAX_STAGES} are allowed.")
    checked = [_checked_stage(stage) for stage in stages]
    taken: dict[str, str] = {}
    for stage in checked:
        for name in {text.casefold() for text in (stage.key, stage.name, *stage.aliases) if text}:
            if taken.setdefault(name, stage.key) != stage.key:
                raise InvalidInput(
                    f"Two stages are called {name!r}: {taken[name]!r} and {stage.key!r}.",
                    hint="Give each stage names of its own.",
                )
    if len({stage.key for stage in checked}) < len(checked):
        raise InvalidInput("Two stages have the same key.", hint="Give each stage its own key.")
    return checked


def _checked_stage(stage: Stage) -> Stage:
    key = " ".join(stage.key.split())
    if not _KEY.match(key):
        raise InvalidInput(
            f"Not a key of a stage: {stage.key!r}.",
            hint="Write up to 60 characters without colon, such as sample.",
        )
    if stage.role not in get_args(Role):
        raise InvalidInput(
            f"Unknown role {stage.role!r}.", hint="Allowed: " + ", ".join(get_args(Role)) + "."
        )
    name = checked_name(stage.name, "stage", longest=100) if stage.name.strip() else ""
    aliases = tuple(
        dict.fromkeys(
            checked_name(alias, "stage", longest=100) for alias in stage.aliases if alias.strip()
        )
    )
    return Stage(key, stage.role, name, aliases[:50])


def pipeline_fields(site: str, pipeline: Pipeline) -> dict[str, Any]:
    """A pipeline in JSON."""
    stages = [
        {"key": one.key, "role": one.role, "name": one.name, "aliases": list(one.aliases)}
        for one in pipeline.stages
    ]
    return {"site": site, "stages": stages}
