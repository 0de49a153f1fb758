"""``tracker pipeline``, ``tracker lead``, ``tracker webhook``, ``tracker report pipeline``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tracker.accounts.pipeline import pipeline_of
from tracker.accounts.sites import get_site
from tracker.accounts.webhooks import add_webhook, list_webhooks, remove_webhook
from tracker.cli.output import Json, SiteKey, print_json, say, table
from tracker.cli.reports import report
from tracker.cli.session import metadata, run_command, settings_now
from tracker.commands import ListLeads, MoveLead, ReportPipeline, SetStages, TakeConversions
from tracker.config import secret_key
from tracker.conversions.deliveries import check_fields, signing_key
from tracker.conversions.entries import Entry
from tracker.errors import InvalidInput
from tracker.money import parse_amount
from tracker.operations import pipeline_fields

pipeline = typer.Typer(help="Stages through which leads move.", no_args_is_help=True)
lead = typer.Typer(help="Leads of the sales pipeline.", no_args_is_help=True)
webhook = typer.Typer(help="Addresses where other systems report leads.", no_args_is_help=True)

LeadKey = Annotated[str, typer.Option("--lead", help="Number of the lead.")]
StageName = Annotated[str, typer.Option("--stage", help="Key or name of the stage.")]
Time = Annotated[str, typer.Option(help="ISO 8601, the site's clock; empty: now.")]
Value = Annotated[str, typer.Option(help="Amount, such as 1200.50; a refund is negative.")]
Currency = Annotated[str, typer.Option(help="ISO 4217 code; empty: the site's.")]
Reason = Annotated[str, typer.Option(help="Why it is invalid or lost.")]


@pipeline.command("show")
def show(site_key: SiteKey, as_json: Json = False) -> None:
    """Show the stages of a site, in order."""
    with metadata() as db:
        get_site(db, site_key)
        result = pipeline_fields(site_key, pipeline_of(db, site_key))
    _show(result, as_json=as_json)


@pipeline.command("set")
def set_pipeline(
    site_key: SiteKey,
    file: Annotated[Path, typer.Option(help="JSON: the stages as show --json prints them.")],
    as_json: Json = False,
) -> None:
    """Replace the stages of a site; the next reconcile applies it to history."""
    try:
        given = msgspec.json.decode(file.read_bytes(), type=_Stages)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"The stages in {file} cannot be read: {error}.",
            hint="Start from: tracker pipeline show --json.",
        ) from error
    stages = tuple((one.key, one.role, one.name, one.aliases) for one in given.stages)
    if not stages:
        raise InvalidInput("The file names no stage.", hint="Use: tracker pipeline reset.")
    _show(run_command("pipeline-set", SetStages(site_key, stages)), as_json=as_json)


@pipeline.command("reset")
def reset(site_key: SiteKey, as_json: Json = False) -> None:
    """Go back to the usual stages."""
    _show(run_command("pipeline-set", SetStages(site_key)), as_json=as_json)


class _Stage(msgspec.Struct):
    key: str
    role: str
    name: str = ""
    aliases: tuple[str, ...] = ()


class _Stages(msgspec.Struct):
    stages: list[_Stage]


def _show(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    rows = [(s["key"], s["role"], s["name"], ", ".join(s["aliases"])) for s in result["stages"]]
    table("", ("key", "role", "name", "also called"), rows)


@report.command("pipeline")
def report_pipeline(
    site_key: SiteKey,
    first: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD.")],
    as_json: Json = False,
) -> None:
    """What each stage of the pipeline cost and brought, and what open leads may bring."""
    result = run_command("report-pipeline", ReportPipeline(site_key, first, last))
    if as_json:
        print_json(result)
        return
    names = ("conversions", "cost_per", "value", "roi", "repeat_conversions", "repeat_value")
    columns = ("stage", *(f">{name.replace('_', ' ')}" for name in names))
    rows = [(line["stage"], *(line[name] for name in names)) for line in result["stages"]]
    table(f"Cost {result['cost'] or '–'} {result['currency']}", columns, rows)
    say(f"Expected of open leads: {result['expected'] or '–'} {result['currency']}")


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
    entry = Entry(
        id=lead_key,
        lead=lead_key,
        stage=stage,
        time=time,
        value=parse_amount(value) if value else None,
        currency=currency,
        reason=reason,
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
    reason: Reason = "",
    correct: Annotated[str, typer.Option(help="Id of a stage of the lead: say it anew.")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="With --correct: withdraw it.")] = False,
    as_json: Json = False,
) -> None:
    """Append a stage to a lead, or correct one of its stages."""
    if remove and not correct:
        raise InvalidInput("--remove needs the stage that did not happen.", hint="Give --correct.")
    worth = parse_amount(value) if value else None
    step = Entry(correct, stage, time, worth, currency, reason=reason, removed=remove)
    _taken(run_command("lead-move", MoveLead(site_key, lead_key, step)), as_json=as_json)


_FIELDS = tuple(name for name in Entry.__struct_fields__ if name not in ("id", "value", "removed"))


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
    elif result["version"] is None:
        say("Nothing changed.")
    else:
        say("Stored. Run: tracker reconcile")


@webhook.command("add")
def add_hook(
    site_key: SiteKey,
    name: Annotated[str, typer.Option("--name", help="A name for people.")],
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", help="FIELD=PATH such as id=data.order.id, or stage==order."),
    ] = None,
    signed: Annotated[bool, typer.Option("--signed", help="Only with a signature.")] = False,
    as_json: Json = False,
) -> None:
    """Make a webhook and print its address; it is shown only this once."""
    pairs = [text.partition("=") for text in fields or []]
    settings = settings_now()
    with metadata() as db:
        made, secret = add_webhook(
            db,
            site=site_key,
            name=name,
            fields=check_fields({field: path for field, _, path in pairs}),
            signed=signed,
        )
    base = (settings.public_url or settings.address).rstrip("/")
    address = f"{base}/hooks/{secret}"
    key = signing_key(secret_key(settings), made.id) if signed else ""
    if as_json:
        print_json({"webhook": made.id, "address": address, "key": key})
        return
    say(address)
    if key:
        say(f"Signatures: X-Tracker-Signature: sha256=HMAC-SHA256(body) with the key {key}")


@webhook.command("list")
def list_hooks(site_key: SiteKey, as_json: Json = False) -> None:
    """List the webhooks of a site, without their addresses."""
    with metadata() as db:
        get_site(db, site_key)
        found = list_webhooks(db, site_key)
    if as_json:
        print_json(found)
        return
    rows = [
        (one.id, one.name, "yes" if one.signed else "", one.used_at, one.error) for one in found
    ]
    table("", ("webhook", "name", "signed", "last used", "error"), rows)


@webhook.command("remove")
def remove_hook(
    site_key: SiteKey,
    hook: Annotated[str, typer.Option("--webhook", help="Id of the webhook.")],
    as_json: Json = False,
) -> None:
    """Remove a webhook; its address answers no more."""
    with metadata() as db:
        remove_webhook(db, site_key, hook)
    if as_json:
        print_json({"webhook": hook, "removed": True})
    else:
        say("Removed.")
