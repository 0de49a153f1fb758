"""``tracker person``: who is who, what is written of him, and what a person may ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tracker.accounts.card_wish import CardWish
from tracker.cli import output
from tracker.cli.groups import person
from tracker.cli.output import First, Json, Last, SiteKey, fields, print_json, say, table
from tracker.cli.session import run_command
from tracker.errors import InvalidInput
from tracker.requests.people import (
    Identity,
    ListPeople,
    Person,
    RemoveNote,
    WriteCard,
    WriteNote,
)

Name = Annotated[str, typer.Option("--person", help="16 hexadecimal digits, as pages name him.")]


@person.command("list")
def list_people(
    site_key: SiteKey,
    first: First,
    last: Last,
    everybody: Annotated[
        bool, typer.Option("--all", help="Those without contact or conversion too.")
    ] = False,
    search: Annotated[
        str, typer.Option(help="Part of a name, company, tag or note; a whole e-mail or phone.")
    ] = "",
    tag: Annotated[str, typer.Option(help="With this tag.")] = "",
    owner: Annotated[str, typer.Option(help="Looked after by this person.")] = "",
    status: Annotated[str, typer.Option(help="With this status.")] = "",
    first_touch: Annotated[
        str, typer.Option(help="Part of keyword, campaign, source or channel of the first touch.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="People.")] = 50,
    offset: Annotated[int, typer.Option(min=0, help="People to leave out.")] = 0,
    as_json: Json = False,
) -> None:
    """List people, the last seen first."""
    request = ListPeople(
        site_key,
        first,
        last,
        known=not everybody,
        limit=limit,
        offset=offset,
        search=search,
        tag=tag,
        owner=owner,
        status=status,
        first_touch=first_touch,
    )
    result = run_command("person-list", request)
    if as_json:
        print_json(result)
        return
    columns = (
        "person",
        "last_seen",
        "visits",
        "devices",
        "conversions",
        "channel",
        "keyword",
        "network",
    )
    table("", columns, [[one[name] for name in columns] for one in result["people"]])
    say(f"{result['total']} in all")


@person.command("show")
def show(site_key: SiteKey, name: Name, as_json: Json = False) -> None:
    """Show the visits and conversions of a person, and what is written of him."""
    result = run_command("person-show", Person(site_key, name))
    if as_json:
        print_json(result)
        return
    say(f"{result['person']}: visitors {', '.join(result['visitors'])}")
    fields(result["card"])
    columns = ("start", "channel", "platform", "keyword", "pages", "device", "network")
    table("", columns, [[visit[column] for column in columns] for visit in result["visits"]])
    earned = ("time", "goal", "lead", "value", "currency")
    table("", earned, [[one[column] for column in earned] for one in result["conversions"]])
    _noted(result, as_json=False)


@person.command("card")
def card(
    site_key: SiteKey,
    name: Name,
    called: Annotated[str | None, typer.Option("--name", help="What he is called.")] = None,
    company: Annotated[str | None, typer.Option(help="Where he works.")] = None,
    owner: Annotated[str | None, typer.Option(help="Who looks after him.")] = None,
    status: Annotated[str | None, typer.Option(help="Such as new or customer.")] = None,
    tags: Annotated[
        list[str] | None, typer.Option("--tag", help="In the place of all tags; again for more.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write what is given of a person, and show all that is; '' clears a field, or the tags."""
    wish = CardWish(called, company, owner, status, None if tags is None else tuple(tags))
    result = run_command("person-card", WriteCard(site_key, name, wish))
    if as_json:
        print_json(result)
        return
    fields(result)


@person.command("notes")
def notes(site_key: SiteKey, name: Name, as_json: Json = False) -> None:
    """List the notes about a person, the newest first."""
    _noted(run_command("person-notes", Person(site_key, name)), as_json=as_json)


@person.command("note")
def note(
    site_key: SiteKey,
    name: Name,
    text: Annotated[str, typer.Option(help="What to write down.")],
    as_json: Json = False,
) -> None:
    """Write a note about a person."""
    _noted(run_command("person-note", WriteNote(site_key, name, text)), as_json=as_json)


@person.command("note-remove")
def remove_note(
    site_key: SiteKey,
    name: Name,
    note_id: Annotated[str, typer.Option("--note", help="Its id, as the list of notes says.")],
    as_json: Json = False,
) -> None:
    """Take a note about a person away."""
    request = RemoveNote(site_key, name, note_id)
    _noted(run_command("person-note-remove", request), as_json=as_json)


@person.command("export")
def export(
    site_key: SiteKey,
    name: Name,
    file: Annotated[Path | None, typer.Option(help="Write it there.")] = None,
    as_json: Json = False,  # noqa: ARG001  (it is JSON in any case)
) -> None:
    """Print, or write to a file, everything that is stored about a person, as JSON."""
    result = run_command("person-export", Person(site_key, name))
    if result["truncated"]:
        tables = ", ".join(result["truncated"])
        output.note(f"The export has not all rows of: {tables}. They are too many.")
    if file is None:
        print_json(result)
        return
    try:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2))
    except OSError as error:
        raise InvalidInput(f"The file {file} cannot be written: {error.strerror}.") from error
    say(f"Written to {file}.")


@person.command("erase")
def erase(
    site_key: SiteKey,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Erase a person from every table, with his orders and notes, for good."""
    if not yes:
        typer.confirm(f"Erase everything about {name}? This cannot be undone.", abort=True)
    result = run_command("person-erase", Person(site_key, name))
    if as_json:
        print_json(result)
        return
    fields(result)
    say("Erased. Sums follow with: tracker reconcile")


@person.command("merge")
def merge(
    site_key: SiteKey,
    name: Name,
    other: Annotated[str, typer.Option(help="The other person.")],
    as_json: Json = False,
) -> None:
    """Let two people be one, whatever their contacts say."""
    _decided(run_command("person-merge", Identity(site_key, name, other)), as_json=as_json)


@person.command("unmerge")
def unmerge(
    site_key: SiteKey,
    visitor: Annotated[str, typer.Option(help="The visitor who is somebody else.")],
    as_json: Json = False,
) -> None:
    """Take back the merge that made his person of two; else keep him apart from his contacts."""
    _decided(run_command("person-unmerge", Identity(site_key, visitor)), as_json=as_json)


@person.command("rejoin")
def rejoin(
    site_key: SiteKey,
    visitor: Annotated[str, typer.Option(help="The visitor who was kept apart.")],
    as_json: Json = False,
) -> None:
    """Take back every decision that keeps a visitor apart."""
    _decided(run_command("person-rejoin", Identity(site_key, visitor)), as_json=as_json)


def _noted(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    columns = ("created_at", "author", "text", "id")
    table("", columns, [[one[column] for column in columns] for one in result["notes"]])


def _decided(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        say("Decided. Run: tracker reconcile")
