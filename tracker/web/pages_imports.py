"""Imports by upload: a file, what it would change, and only then the import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anyio import to_thread
from starlette.responses import Response

from tracker.accounts.held_files import HeldFile, held_files
from tracker.accounts.runs import RunStatus, finish_run, start_run
from tracker.errors import InvalidInput, NeedsConfirmation, TrackerError
from tracker.spend.files.fields import FIELDS
from tracker.spend.files.header import UnknownHeader
from tracker.spend.files.sample import Sample, sample_of
from tracker.tables.columns import UnclearColumns
from tracker.web.call import Call
from tracker.web.forms import words
from tracker.web.i18n import msgid
from tracker.web.import_view import ImportView
from tracker.web.messages import translated, translated_text
from tracker.web.parts import FileOptions
from tracker.web.uploads import Upload, UploadStore
from tracker.web.vocabulary import PLATFORMS

#: What the names of the select boxes begin with.
MAP = "map_"
_FIELD_TITLES = {
    "day": msgid("Day"),
    "account": msgid("Account"),
    "campaign": msgid("Campaign"),
    "campaign_id": msgid("Campaign ID"),
    "ad_group": msgid("Ad group"),
    "ad_group_id": msgid("Ad group ID"),
    "keyword": msgid("Keyword"),
    "keyword_id": msgid("Keyword ID"),
    "match_type": msgid("Match type"),
    "device": msgid("Device"),
    "network": msgid("Network"),
    "impressions": msgid("Impressions"),
    "clicks": msgid("Clicks"),
    "cost": msgid("Cost"),
    "currency": msgid("Currency"),
    "conversions": msgid("Conversions"),
    "value": msgid("Conversion value"),
}
_TEXTS = ("platform", "account", "currency", "columns")
_SWITCHES = ("skip_bad_rows", "replace", "partial", "period_total")
#: Figures of an import's report that its run keeps.
_TOLD = ("platform", "cost", "currency", "added", "replaced", "unchanged", "removed", "skipped")
#: What was done with a file that waited, by a word in the address.
DECIDED = {
    "accepted": msgid("The file is imported. The reports follow within a minute."),
    "discarded": msgid("The file is discarded; what stands stays."),
}
_EMPTY = dict.fromkeys((*_TEXTS, *_SWITCHES), "") | {"kind": "spend"}


async def show_imports(call: Call) -> Response:
    """The form, and the files that wait for a decision."""
    params = call.request.query_params
    kind = "conversions" if params.get("kind") == "conversions" else "spend"
    done = DECIDED.get(params.get("done", ""), "")
    waiting = await to_thread.run_sync(_waiting, call)
    return _page(call, form=_EMPTY | {"kind": kind}, waiting=waiting, decided=done)


def refused(call: Call, error: TrackerError) -> Response:
    """The form, with what is wrong with a decision about a file that waits."""
    message, hint = translated(call.language, error)
    waiting = _waiting(call)
    status = error.status
    return _page(call, form=_EMPTY, status=status, waiting=waiting, problem=message, hint=hint)


def _waiting(call: Call) -> list[tuple[HeldFile, str]]:
    """Files that wait, each with the reason in the reader's language."""
    found = held_files(call.parts.db, call.site.key)
    return [(one, translated_text(call.language, one.reason)) for one in found]


async def preview(call: Call) -> Response:
    """Keep the file and show what importing it would change. Nothing is imported yet."""
    form = _EMPTY | dict(call.form)
    try:
        upload = await to_thread.run_sync(keep_upload, call)
    except InvalidInput as error:
        return _failed(call, form, error)
    return await _try(call, form, upload, dry_run=True)


async def confirm(call: Call) -> Response:
    """Import the file of the preview, with the options that the preview ended with."""
    form = _EMPTY | dict(call.form)
    try:
        upload = upload_store(call).redeem(form.get("ticket", ""), call.principal.id, call.site.key)
    except InvalidInput as error:
        return _failed(call, form, error)
    return await _try(call, form, upload, dry_run="preview" in form)


async def _try(call: Call, form: dict[str, str], upload: Upload, *, dry_run: bool) -> Response:
    try:
        options = file_options(form, upload.filename, dry_run=dry_run)
        report = await to_thread.run_sync(run_import, call, form["kind"], upload, options)
    except NeedsConfirmation as error:
        return _failed(call, form, error, upload, asks=True)
    except InvalidInput as error:
        return _failed(call, form, error, upload)
    if not dry_run:
        upload.path.unlink(missing_ok=True)
    view = ImportView(report, call.language, call.formats)
    sample = None if not dry_run else _sample(form, upload, wanted=False)
    return _page(call, form=form, upload=upload, view=view, done=not dry_run, sample=sample)


def run_import(call: Call, kind: str, upload: Upload, options: FileOptions) -> Mapping[str, object]:
    """Import a file of that kind, and record it as a run; the errors are those of the import."""
    actions = call.parts.actions
    work = actions.import_conversions if kind == "conversions" else actions.import_spend
    if options.dry_run:
        return work(call.site, upload.path, options)
    db, clock = call.parts.db, call.parts.clock
    job = "conversions_import" if kind == "conversions" else "spend_import"
    run = start_run(db, job=job, site=call.site.key, trigger="upload", now=clock())
    try:
        report = work(call.site, upload.path, options)
    except BaseException as error:
        known = str(error) if isinstance(error, TrackerError) else type(error).__name__
        finish_run(db, run, "failed", error=f"{upload.filename}: {known}", now=clock())
        raise
    _record(call, run, upload, report)
    return report


def run_push(call: Call, body: bytes) -> Mapping[str, object]:
    """Take pushed spend, and record it as a run unless it changed nothing."""
    db, clock = call.parts.db, call.parts.clock
    started = clock()

    def record(status: RunStatus, **outcome: Any) -> None:
        site = call.site.key
        run = start_run(db, job="spend_import", site=site, trigger="push", now=started)
        finish_run(db, run, status, now=clock(), **outcome)

    try:
        report = call.parts.actions.push_spend(call.site, body)
    except NeedsConfirmation as error:
        record("held", error=str(error))
        raise
    except TrackerError as error:
        record("failed", error=str(error)[:2000])
        raise
    if not report.get("dry_run"):
        told = {name: report[name] for name in ("account", *_TOLD) if name in report}
        record("ok", rows=report.get("rows"), totals=told)
    return report


def _record(call: Call, run: str, upload: Upload, report: Mapping[str, object]) -> None:
    rows = report.get("rows")
    finish_run(
        call.parts.db,
        run,
        "ok",
        rows=rows if isinstance(rows, int) else None,
        totals={"file": upload.filename} | {name: report[name] for name in _TOLD if name in report},
        now=call.parts.clock(),
    )


def file_options(form: Mapping[str, str], filename: str, *, dry_run: bool) -> FileOptions:
    """Options from a form's fields; InvalidInput for a column mapping that is none."""
    switches = {name: form.get(name, "") in ("1", "true", "on", "yes") for name in _SWITCHES}
    return FileOptions(
        filename=filename,
        dry_run=dry_run,
        platform=form.get("platform", "").strip(),
        account=form.get("account", "").strip(),
        currency=form.get("currency", "").strip(),
        columns=_columns(form.get("columns", "")) | _chosen(form),
        **switches,
    )


def upload_store(call: Call) -> UploadStore:
    """Where uploads of this installation wait."""
    settings = call.parts.settings
    return UploadStore(settings.uploads, settings.secret_key)


def keep_upload(call: Call) -> Upload:
    """The file of the request on our disk; InvalidInput if there is none."""
    file = call.files.get("file")
    if file is None or not file.filename:
        raise InvalidInput("No file was sent.", hint="Choose a file in the field 'file'.")
    return upload_store(call).keep(file)


def _chosen(form: Mapping[str, str]) -> dict[str, str]:
    """The columns that were chosen from the file's own, field by field."""
    chosen = {name: form.get(f"{MAP}{name}", "").strip() for name in FIELDS}
    return {name: title for name, title in chosen.items() if title}


def _sample(form: Mapping[str, str], upload: Upload | None, *, wanted: bool) -> Sample | None:
    """The file's columns to choose from, where nobody knows them or somebody has chosen."""
    if upload is None or form.get("kind") == "conversions" or not upload.path.exists():
        return None
    if not (wanted or _chosen(form)):
        return None
    try:
        return sample_of(upload.path, upload.filename)
    except InvalidInput:
        return None


def _columns(text: str) -> dict[str, str]:
    """``cost=花费,clicks=点击`` as a mapping of our fields to the file's columns."""
    pairs = [entry.partition("=") for entry in words(text)]
    for name, sign, column in pairs:
        if not (name.strip() and sign and column.strip()):
            raise InvalidInput(
                f"Not a column mapping: {name!r}.", hint="Write field=column, such as cost=花费."
            )
    return {name.strip(): column.strip() for name, _, column in pairs}


def _failed(
    call: Call,
    form: dict[str, str],
    error: TrackerError,
    upload: Upload | None = None,
    *,
    asks: bool = False,
) -> Response:
    message, hint = translated(call.language, error)
    sample = _sample(form, upload, wanted=isinstance(error, UnclearColumns))
    if sample is not None and isinstance(error, UnknownHeader):
        # The list of known headers is for who types; here the columns are chosen.
        hint = call.text(msgid("Choose below which of its columns is what."))
    return _page(
        call,
        form=form,
        upload=upload,
        sample=sample,
        problem=message,
        hint=hint,
        asks=asks,
        status=error.status,
    )


def _page(
    call: Call,
    *,
    form: dict[str, str],
    upload: Upload | None = None,
    status: int = 200,
    **context: object,
) -> Response:
    ticket = ""
    if upload and upload.path.exists():
        ticket = upload_store(call).ticket(upload, call.principal.id, call.site.key)
    sample = context.get("sample")
    if isinstance(sample, Sample):
        titles = [(title, title) for title in dict.fromkeys(sample.titles) if title]
        context["columns"] = [("", call.text(msgid("Not in the file"))), *titles]
        context["fields"] = _field_choices(call, form, sample)
    shown = {
        "sample": None,
        "view": None,
        "done": False,
        "problem": "",
        "hint": "",
        "asks": False,
        "waiting": [],
        "decided": "",
    } | context
    if shown["decided"]:
        shown["decided"] = call.text(str(shown["decided"]))
    platforms = [(name, call.text(title)) for name, title in PLATFORMS.items()]
    return call.pages.render(
        call,
        "imports.html",
        status=status,
        form=form,
        upload=upload,
        ticket=ticket,
        platforms=platforms,
        **shown,
    )


def _field_choices(
    call: Call, form: Mapping[str, str], sample: Sample
) -> list[tuple[str, str, str]]:
    """Name of the select box, title and column chosen or guessed, for every field."""
    chosen = _chosen(form)
    taken = chosen or sample.guesses
    return [
        (f"{MAP}{name}", call.text(_FIELD_TITLES[name]), taken.get(name, "")) for name in FIELDS
    ]
