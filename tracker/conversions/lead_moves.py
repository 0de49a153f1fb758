"""Moving leads by hand: a new stage, a corrected or withdrawn one. Each is a new fact."""

from __future__ import annotations

from tracker.accounts.identifiers import new_id
from tracker.accounts.sites import Site
from tracker.conversions.entries import Taken, take_entries
from tracker.conversions.entry import Entry
from tracker.conversions.offline_fact import Fact
from tracker.conversions.offline_store import OfflineDeps, OfflineStore
from tracker.errors import InvalidInput, NotFound


def open_lead(deps: OfflineDeps, site: Site, entry: Entry) -> tuple[str, Taken]:
    """A new lead from its first stage; an entry without id gets one. Returns the lead's key, too.

    InvalidInput for a number that is taken, as its stage would be said anew; other errors are those
    of ``take_entries``.
    """
    key = entry.lead.strip() or entry.id.strip() or new_id()
    _check_free(deps, site, {key, entry.id.strip() or key})
    fields = {name: getattr(entry, name) for name in Entry.__struct_fields__}
    first = Entry(**(fields | {"id": entry.id.strip() or key, "lead": key}))
    return key, take_entries(deps, site, [first])


def _check_free(deps: OfflineDeps, site: Site, numbers: set[str]) -> None:
    """InvalidInput where one is the number of a lead, or of a stage of any."""
    for key, fact in OfflineStore(deps, site).known(numbers, numbers).items():
        lead = fact.lead or key
        if not fact.removed and not numbers.isdisjoint((key, lead)):
            number = key if key in numbers else lead
            raise InvalidInput(
                f"The number {number!r} is taken by the lead {lead!r}.",
                hint="Move that lead on its page, or choose another number.",
            )


def move_lead(deps: OfflineDeps, site: Site, lead: str, step: Entry) -> Taken:
    """Append a stage to a lead; ``step`` says which, when and its value, its identity is the
    lead's. A step without id gets one. NotFound for a lead that does not exist."""
    stages = stages_of(deps, site, lead)
    alone = stages.get(lead)
    if alone is not None and not alone.lead:
        # It came without a lead: from now on it is the first stage of the one that it names.
        OfflineStore(deps, site).take({lead: alone._replace(lead=lead)})
    fields = {name: getattr(step, name) for name in Entry.__struct_fields__}
    return take_entries(
        deps, site, [Entry(**(fields | {"id": step.id.strip() or new_id(), "lead": lead}))]
    )


def correct_stage(deps: OfflineDeps, site: Site, lead: str, step: Entry) -> Taken:
    """Say anew what happened at a stage: its kind, time, value and reason, or that it did not.

    What the stage brought of its origin stays. NotFound for a stage that the lead does not have.
    """
    standing = stages_of(deps, site, lead).get(step.id)
    if standing is None:
        raise NotFound(f"The lead has no stage {step.id!r}.", hint="Load the page again.")
    return take_entries(deps, site, [step], origins={step.id: standing})


def stages_of(deps: OfflineDeps, site: Site, lead: str) -> dict[str, Fact]:
    """What stands of a lead by external id; NotFound."""
    known = OfflineStore(deps, site).known([lead], [lead])
    found = {
        key: fact
        for key, fact in known.items()
        if not fact.removed and (fact.lead == lead or (not fact.lead and key == lead))
    }
    if not found:
        raise NotFound(f"No lead {lead!r}.", hint="Look at the list of leads.")
    return found
