"""Values, streams and waits that all connectors share."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.accounts.platforms import PLATFORMS
from tracker.period import Period
from tracker.spend.connectors import stream
from tracker.spend.connectors.catalogue import CONNECTORS
from tracker.spend.connectors.contract import portions
from tracker.spend.connectors.credentials import Grant
from tracker.spend.connectors.failures import Terminal, Transient
from tracker.spend.connectors.http import retry_after
from tracker.spend.connectors.values import (
    amount_of,
    count_of,
    day_of,
    device_of,
    id_of,
    match_type_of,
    micros_amount,
    name_of,
    number_or_none,
)

NOW = datetime(2026, 10, 20, 4, 0, tzinfo=UTC)


@given(st.integers(-(10**17), 10**17))
def test_micros_are_exact_in_both_directions(micros: int) -> None:
    assert micros_amount(str(micros), "cost") * 1_000_000 == micros


@pytest.mark.parametrize("text", ["1.5", "1e6", "abc", "--1", " 1", "9" * 20, "٣"])
def test_micros_that_are_no_whole_number_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cost"):
        micros_amount(text, "cost")


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("8.75", "8.750000"), ("--", "0"), (None, "0"), (Decimal("1.7976931348623158E303"), "0"),
        # A double's digits beyond the millionth mean nothing; half goes to even.
        (Decimal("8.7500000000000001"), "8.750000"), (Decimal("0.0000005"), "0.000000"),
        ("-0.10", "-0.100000"),
    ],
)  # fmt: skip
def test_amounts_are_read_exactly(value: str | Decimal | None, amount: str) -> None:
    assert amount_of(value, "cost") == Decimal(amount)


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "1e15", "1e299", "12,50", "¥8", Decimal("NaN")]
)
def test_amounts_that_no_column_holds_are_refused(value: str | Decimal) -> None:
    with pytest.raises(ValueError, match="cost"):
        amount_of(value, "cost")


@pytest.mark.parametrize("value", ["-1", "1.5", "x", Decimal("1.5"), Decimal("-1"), 2**63, "1e3"])
def test_counts_that_are_none_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="clicks"):
        count_of(value, "clicks")


def test_what_a_platform_leaves_out_is_nothing() -> None:
    assert (count_of(None, "x"), count_of("--", "x"), count_of(Decimal("1e303"), "x")) == (0, 0, 0)
    assert (id_of(0, "x"), id_of("--", "x"), id_of(None, "x")) == ("", "", "")
    assert number_or_none("--", "x") is None
    assert name_of(" 计划甲[已删除] ") == "计划甲"
    assert (match_type_of(None), device_of("--")) == ("", "")


def test_words_of_platforms_become_ours() -> None:
    words = ["MOBILE", "CONNECTED_TV", "Smartphone", "计算机", "移动", "TABLET", "computer"]
    ours = ["mobile", "tv", "mobile", "desktop", "mobile", "tablet", "desktop"]
    assert [device_of(word) for word in words] == ours
    words = ["EXACT", "Phrase", "智能核心词", "短语", "精确", "分匹配", "UNSPECIFIED"]
    ours = ["exact", "phrase", "smart", "phrase", "exact", "", ""]
    assert [match_type_of(word) for word in words] == ours
    assert day_of("2026-10-01 00:00:00", "date") == date(2026, 10, 1)
    with pytest.raises(ValueError, match="date"):
        day_of("20261301", "date")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.text(max_size=4), JSON, max_size=3), max_size=5),
    st.integers(1, 40),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_the_elements_of_an_array_are_found_wherever_it_is_cut_into_pieces(
    elements: list[dict[str, Any]], piece: int, indent: int | None, ascii_only: bool
) -> None:
    body = json.dumps(elements, indent=indent, ensure_ascii=ascii_only).encode()
    file = io.BytesIO(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "PIECE", piece)
        spans = stream.spans(file, "P")
        assert [json.loads(body[at : at + size]) for at, size in spans] == elements
        for end in range(0, len(body) - 1, 3):
            with pytest.raises(Transient):
                stream.spans(io.BytesIO(body[:end]), "P")


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"null", b"[NaN]", b"[1]", b'["a"]', b"[{}] x", b"[{}]]", b"[{}}", b"[{]}]"],
)
def test_what_is_no_array_of_objects_is_torn(body: bytes) -> None:
    with pytest.raises(Transient):
        stream.spans(io.BytesIO(body), "P")


def test_days_are_cut_into_portions_that_are_the_days() -> None:
    days = Period(date(2026, 9, 28), date(2026, 10, 9))
    cut = portions(days, 5)
    assert [one.days for one in cut] == [5, 5, 2]
    assert (cut[0].first, cut[-1].last) == (days.first, days.last)
    assert all(b.first - a.last == timedelta(days=1) for a, b in pairwise(cut))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0), ("1.5", 1.5), ("", None), ("soon", None), ("-3", None), ("9" * 30, None),
        ("Tue, 20 Oct 2026 04:01:00 GMT", 60.0), ("Tue, 20 Oct 2020 04:01:00 GMT", 0.0),
    ],
)  # fmt: skip
def test_a_delay_is_a_number_or_a_date(text: str, seconds: float | None) -> None:
    assert retry_after(httpx.Headers({"Retry-After": text}), NOW) == seconds


def test_a_grant_shows_the_names_of_its_secrets_only() -> None:
    grant = Grant({"refresh_token": "r-secret", "client_id": "app"})
    assert "r-secret" not in f"{grant!r} {grant}"
    assert grant.secrets() == ["r-secret"]
    with pytest.raises(Terminal, match="client secret") as refused:
        grant.need("client_secret", "P")
    assert "r-secret" not in str(refused.value)


def test_a_token_is_good_until_shortly_before_it_expires() -> None:
    grant = Grant({}).with_token("t", NOW + timedelta(hours=1), refresh_token="r")
    assert grant.valid_token(NOW) == "t"
    assert grant.valid_token(NOW + timedelta(minutes=56)) == ""
    assert Grant({"access_token": "t"}).valid_token(NOW) == "t"
    assert Grant({"access_token": "t", "access_expires": "nonsense"}).valid_token(NOW) == ""


def test_every_platform_of_the_catalogue_is_one_that_visits_are_recognised_from() -> None:
    assert set(CONNECTORS) <= set(PLATFORMS)


CHUNKS = [
    {"results": [{"a": 1, "name": "a \"results\" of {'results'}"}], "fieldMask": "a"},
    {"results": []},
    {"results": [{"a": "]},{"}, {"a": "\\"}], "requestId": "x"},
]


@pytest.mark.parametrize("piece", [1, 2, 7, 300, 1 << 20])
@pytest.mark.parametrize("indent", [None, 2])
def test_elements_that_begin_with_a_key_are_found_like_any(
    monkeypatch: pytest.MonkeyPatch, piece: int, indent: int | None
) -> None:
    monkeypatch.setattr(stream, "PIECE", piece)
    body = json.dumps(CHUNKS, indent=indent).encode()
    found = stream.keyed_spans(io.BytesIO(body), "results")
    assert found == stream.spans(io.BytesIO(body), "P")
    assert found is not None
    assert [json.loads(body[at : at + size]) for at, size in found] == CHUNKS


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        '{"results": []}',
        '[{"results": []},',
        '[{"results": []}',
        '[{"error": {}}, {"results": []}]',
        '[{"fieldMask": "a", "results": []}]',
        '[{"results": [{"name": "results"}]}]',
        '[{"results": []}]' + " " * 1000,
    ],
)
def test_an_array_of_another_form_is_left_to_the_full_search(body: str) -> None:
    assert stream.keyed_spans(io.BytesIO(body.encode()), "results") is None
