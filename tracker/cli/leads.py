"""``tracker lead``: the leads of the sales pipeline."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from tracker.cli.groups import lead
from tracker.cli.output import Json, SiteKey, note, print_json, say, table
from tracker.cli.session import run_command
from tracker.conversions.entry import Entry
from tracker.errors import InvalidInput
from tracker.money import parse_amount, parse_share
from tracker.requests.conversions import TakeConversions
from tracker.requests.pipeline import ListLeads, MoveLead

LeadKey = Annotated[str, typer.Option("--lead", help="Number of the lead.")]
StageName = Annotated[str, typer.Option("--stage", help="Key or name of the stage.")]
Time = Annotated[str, typer.Option(help="ISO 8601, the site's clock; empty: now.")]
Value = Annotated[str, typer.Option(help="Amount, such as 1200.50; a refund is negative.")]
Currency = Annotated[str, typer.Option(help="ISO 4217 code; empty: the site's.")]
TaxRate = Annotated[
    str, typer.Option(help="Tax in the value, such as 0.13 or 13%; 0: net; empty: the site's rule.")
]
ProductGroup = Annotated[str, typer.Option(help="Product group, whose margin the value has.")]
OrderCost = Annotated[
    str,
    typer.Option(help="What the goods cost, net; of a refund, those that came back."),
]
Reason = Annotated[str, typer.Option(help="Why it is invalid or lost.")]


@lead.command("list")
def list_leads(
    site_key: SiteKey,
    stage: Annotated[str, typer.Option(help="Only leads in this stage (its key).")] = "",
    search: Annotated[str, typer.Option(help="Part of a lead's number.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Leads.")] = 50,
    offset: Annotated[int, typer.Option(min=0, help="Leads to leave out.")] = 0,
    as_json: Json = False,
) -> None:
    """List leads, the last moved first."""
    result = run_command("lead-list", ListLeads(site_key, stage, search, limit, offset))
    if as_json:
        print_json(result)
        return
    columns = ("lead", "stage", "opened", "moved", ">value", "currency")
    rows = [[one[name.lstrip(">")] for name in columns] for one in result["leads"]]
    table(
        "",
        (*columns, "keyword"),
        [[*row, one["origin"]["keyword"]] for row, one in zip(rows, result["leads"], strict=True)],
    )
    say(f"{result['total']} in all")


@lead.command("add")
def add_lead(
    site_key: SiteKey,
    lead_key: LeadKey,
    stage: StageName = "inquiry",
    time: Time = "",
    value: Value = "",
    currency: Currency = "",
    tax_rate: TaxRate = "",
    product_group: ProductGroup = "",
    order_cost: OrderCost = "",
    reason: Reason = "",
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            help="What leads back to the visit, FIELD=VALUE: visitor, person, user, click_id, "
            "visit_code, order_id, email, phone, landing_url, platform, keyword …",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Add a lead, or say its first stage anew."""
    entry = msgspec.structs.replace(
        _entry(stage, time, value, currency, tax_rate, product_group, order_cost, reason),
        id=lead_key,
        lead=lead_key,
    )
    whole = msgspec.structs.replace(entry, **_given(given or []))
    _taken(run_command("conversions-take", TakeConversions(site_key, (whole,))), as_json=as_json)


@lead.command("move")
def move_lead(
    site_key: SiteKey,
    lead_key: LeadKey,
    stage: StageName,
    time: Time = "",
    value: Value = "",
    currency: Currency = "",
    tax_rate: TaxRate = "",
    product_group: ProductGroup = "",
    order_cost: OrderCost = "",
    reason: Reason = "",
    correct: Annotated[str, typer.Option(help="Id of a stage of the lead: say it anew.")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="With --correct: withdraw it.")] = False,
    as_json: Json = False,
) -> None:
    """Append a stage to a lead, or correct one of its stages."""
    if remove and not correct:
        raise InvalidInput("--remove needs the stage that did not happen.", hint="Give --correct.")
    step = msgspec.structs.replace(
        _entry(stage, time, value, currency, tax_rate, product_group, order_cost, reason),
        id=correct,
        removed=remove,
    )
    _taken(run_command("lead-move", MoveLead(site_key, lead_key, step)), as_json=as_json)


def _entry(
    stage: str,
    time: str,
    value: str,
    currency: str,
    tax_rate: str,
    product_group: str,
    order_cost: str,
    reason: str,
) -> Entry:
    """What the options say of a stage, without an id."""
    return Entry(
        id="",
        stage=stage,
        time=time,
        value=parse_amount(value) if value else None,
        currency=currency,
        tax_rate=parse_share(tax_rate) if tax_rate else None,
        product_group=product_group,
        order_cost=parse_amount(order_cost) if order_cost else None,
        reason=reason,
    )


#: Fields of an entry that lead back to a visit or say where it came from, and when it was.
_FIELDS = tuple(
    name
    for name in Entry.__struct_fields__
    if name not in ("id", "value", "tax_rate", "product_group", "order_cost", "removed")
)


def _given(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, mark, text = pair.partition("=")
        if not mark or name not in _FIELDS:
            raise InvalidInput(
                f"Unknown field {name!r}.",
                hint="Allowed: " + ", ".join(_FIELDS) + ", as NAME=VALUE.",
            )
        found[name] = text
    return found


def _taken(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    for warning in result["warnings"]:
        note(warning)
    say("Nothing changed." if result["version"] is None else "Stored. Run: tracker reconcile")
