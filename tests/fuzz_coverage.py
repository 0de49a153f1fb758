"""Bodies that follow the coverage of the code: ``python -m tests.fuzz_coverage [FLAGS]``.

Needs atheris, which is no dependency: ``pip install atheris``. Any exception but InvalidInput
ends it. Flags are libFuzzer's; a directory of bodies to begin with may be given.
"""

from __future__ import annotations

import sys
from contextlib import suppress

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

with atheris.instrument_imports(include=["tracker.ingest", "tracker.money"]):
    from tracker.errors import InvalidInput
    from tracker.ingest.classify import SiteRules, classify
    from tracker.ingest.contacts import identity_lines
    from tracker.ingest.payload import bounded_props, bounded_value, parse_body
    from tracker.ingest.plausible import parse_event

RULES = SiteRules(domains=("pump.example",))


def one(data: bytes) -> None:
    """What the entrances do with a body before anything is looked up."""
    with suppress(InvalidInput):
        for beacon in parse_body(data)[0]:
            props, _ = bounded_props(beacon.props)
            bounded_value(beacon.value, beacon.currency or "")
            classify(beacon.url, beacon.referrer or "", RULES)
            list(identity_lines("site", props, 7, 1_700_000_000_000))
    with suppress(InvalidInput):
        parse_event(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
