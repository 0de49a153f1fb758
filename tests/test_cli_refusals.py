"""Bad input to the ``tracker`` command: exit code 2, one line on standard error, nothing changed.

Most of it goes through a running server, as on a real installation: an error has the same words
and the same code there as in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.installation import Done, Installation, Server, Shell
from tests.spend_reports import PAYLOADS
from tests.spoken import in_process

BAIDU = PAYLOADS / "baidu" / "keywords.csv"
PERIOD = ("--from", "2026-09-01", "--to", "2026-09-30")
EVENT = '{"time": "2026-09-01T02:00:00Z", "visitor": "v", "url": "https://pump.example/"}\n'
HEADER = "日期,账户,推广计划,推广单元,匹配模式,关键词ID,关键词,展现,点击,消费\n"
HALF = HEADER + "2026-09-01,a,b,c,精确匹配,1,d,5,1,2.00\n2026-09-02,a,b,c,精确"
MIXED = HEADER.encode() + "2026-09-01,a,b,c,精确匹配,1,渣浆泵,5,1,2.00\n".encode("gb18030")
SITE = ("site", "add", "--name", "n", "--domain", "a.example")


Command = Callable[..., Done]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Shell(tmp_path_factory.mktemp("refusals")) as made:
        made.begin()
        yield made


@pytest.fixture(scope="module")
def server(place: Installation) -> Iterator[Server]:
    with place.serving() as server:
        # What stands before every refusal, and after it.
        place.for_site("spend", "import", str(BAIDU), "--currency", "CNY")
        place.run("reconcile")
        yield server


@pytest.fixture
def command(
    place: Installation, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    """The ``tracker`` command in this process, which spares the start of one for each refusal."""
    for name, value in place.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(place.folder)
    return in_process(monkeypatch, capfd)


def refused(done: Done, *words: str) -> None:
    """Exit code 2 and one line, which has these words."""
    assert done.code == 2, done
    assert done.out == ""
    assert done.err.startswith("tracker: ")
    assert done.err.count("\n") == 1, done.err
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err, done.err


#: Name of a file → its content and words of the refusal.
SPEND_FILES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "empty.csv": (b"", ("empty.csv",)),
    "blank.csv": (b"\n\n\n", ("blank.csv",)),
    "half.csv": (HALF.encode(), ()),
    "half.xlsx": (b"PK\x03\x04 and nothing more", ("half.xlsx",)),
    "binary.csv": (bytes(range(256)) * 40, ("binary.csv",)),
    "mixed.csv": (MIXED, ("mixed.csv",)),
    "letter.csv": (b"Dear customer,\nyour report is ready.\n", ("letter.csv",)),
    "cell.csv": (
        b"Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n2026-09-01,a,b,c,5,one,2\n",
        ("line 2", "Clicks", "one"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SPEND_FILES)
def test_a_spend_file_that_cannot_be_read_is_refused(
    place: Installation, server: Server, command: Command, name: str
) -> None:
    assert server.url
    content, words = SPEND_FILES[name]
    file = place.file(name, content)
    import_ = ("spend", "import", file, "--site", place.site, "--platform", "baidu")
    refused(command(*import_, "--currency", "CNY"), *words)


def test_other_files_that_cannot_be_read_are_refused(
    place: Installation, server: Server, command: Command
) -> None:
    assert server.url
    site = ("--site", place.site)
    missing = str(place.folder / "nowhere.csv")
    refused(command("spend", "import", missing, *site), "nowhere.csv")
    refused(command("spend", "import", str(place.folder), *site), "not a file")
    bad = place.file("bad.ndjson", EVENT + '{"time": "yesterday"}\n')
    refused(command("events", "import", bad, *site), "line 2")
    cut = place.file("cut.ndjson", EVENT + EVENT[:30])
    refused(command("events", "import", cut, *site), "line 2")
    rates = place.file("r.csv", "day,base,quote,rate\n2026-09-01,USD,XXQ,7\n")
    refused(command("rates", "import", rates, *site), "XXQ")
    orders = place.file("o.csv", "id,time,stage,value,visitor\n1,never,order,5,v\n")
    refused(command("conversions", "import", orders, *site), "never")


#: What is asked → words of the refusal; SITE stands for the site's key.
REQUESTS: dict[tuple[str, ...], tuple[str, ...]] = {
    (*SITE, "--timezone", "Mars/Olympus", "--currency", "CNY"): ("Mars/Olympus", "IANA"),
    (*SITE, "--timezone", "UTC", "--currency", "YEN"): ("YEN", "ISO 4217"),
    (*SITE, "--timezone", "UTC", "--currency", "CNY", "--margin", "35"): ("35",),
    (*SITE, "--timezone", "UTC", "--currency", "CNY", "--margin", "much"): ("much",),
    ("site", "tags", "--site", "SITE", "--platform", "altavista"): ("altavista", "baidu"),
    ("report", "keywords", "--site", "nobody", *PERIOD): ("nobody",),
    ("report", "keywords", "--site", "SITE", *PERIOD, "--model", "magic"): ("magic", "linear"),
    ("report", "keywords", "--site", "SITE", *PERIOD, "--model", "shapley"): ("shapley",),
    ("report", "keywords", "--site", "SITE", *PERIOD, "--by", "moon"): ("moon", "conversion"),
    ("report", "keywords", "--site", "SITE", *PERIOD, "--sort", "luck"): ("luck", "cost"),
    ("report", "keywords", "--site", "SITE", *PERIOD, "--compare", "us"): ("us", "previous"),
    ("report", "keywords", "--site", "SITE", *PERIOD, "--goal", "fame"): ("fame",),
    ("report", "keywords", "--site", "SITE", "--from", "2026-09-30", "--to", "2026-09-01"): (
        "2026-09-30 to 2026-09-01",
    ),
    ("report", "keywords", "--site", "SITE", "--from", "2026-02-30", "--to", "2026-03-01"): (
        "2026-02-30",
    ),
    ("goal", "add", "--site", "SITE", "--name", "g"): ("--path", "--event"),
    ("goal", "add", "--site", "SITE", "--name", "g", "--path", "/a", "--event", "b"): ("--path",),
    ("goal", "add", "--site", "SITE", "--name", "g", "--event", "b", "--value", "x"): ("x",),
    ("goal", "remove", "--site", "SITE", "--name", "never"): ("never",),
    ("token", "add", "--site", "SITE", "--scope", "king"): ("king", "read", "spend"),
    ("spend", "import", str(BAIDU), "--site", "SITE", "--map", "cost"): ("--map", "field=column"),
    ("spend", "import", str(BAIDU), "--site", "SITE", "--map", "prise=消费"): ("prise", "cost"),
    ("spend", "import", str(BAIDU), "--site", "SITE", "--map", "cost=Kosten"): ("Kosten",),
    ("spend", "import", str(BAIDU), "--site", "SITE", "--currency", "YEN"): ("YEN",),
    ("spend", "import", str(BAIDU), "--site", "nobody"): ("nobody",),
    ("spend", "import", str(BAIDU), "--site", "SITE", "--platform", "?"): ("?",),
    ("spend", "export"): ("export",),
    ("serve", "--role", "king"): ("king", "ingest"),
}


def test_a_request_that_makes_no_sense_is_refused(
    place: Installation, server: Server, command: Command
) -> None:
    assert server.url
    for words, expected in REQUESTS.items():
        filled = [place.site if word == "SITE" else word for word in words]
        refused(command(*filled), *expected)
    # One of them in a process of its own.
    refused(place.try_("report", "keywords", "--site", "nobody", *PERIOD), "nobody")


def test_after_all_that_nothing_has_changed(place: Installation, server: Server) -> None:
    assert server.url
    assert [site["site"] for site in place.run("site", "list")] == [place.site]
    assert place.for_site("goal", "list") == []
    again = place.for_site("spend", "import", str(BAIDU), "--currency", "CNY")
    assert again["changed"] is False
    report = place.report("2026-09-01", "2026-09-30")
    assert report["totals"]["cost"] == "123.25"
    assert report["totals"]["visits"] == 0


def test_a_dry_run_shows_what_would_change_and_changes_nothing(
    place: Installation, server: Server
) -> None:
    assert server.url
    rows = "day,base,quote,rate\n2026-09-01,USD,CNY,7\n"
    orders = "id,time,stage,value,visitor\n1,2026-09-01T10:00:00Z,order,5,v\n"
    spend = "Date,Campaign,Ad group,Keyword,Impressions,Clicks,Cost\n2026-08-01,a,b,c,5,1,2.00\n"
    dry = {
        "events": ("events", place.file("dry.ndjson", EVENT)),
        "spend": (
            "spend",
            place.file("dry.csv", spend),
            "--platform",
            "baidu",
            "--account",
            "baidu-泵业",
        ),
        "rates": ("rates", place.file("dry_rates.csv", rows)),
        "conversions": ("conversions", place.file("dry_orders.csv", orders)),
    }
    for kind, file, *more in dry.values():
        said = place.for_site(kind, "import", file, "--dry-run", *more)
        assert said["dry_run"] is True, kind
        assert said.get("changed", True) is True, kind
    done = place.run("reconcile")
    assert (done["events"], done["slices"], done["left"]) == (0, 0, 0)
    report = place.report("2026-07-01", "2026-09-30")
    assert (report["totals"]["cost"], report["totals"]["visits"]) == ("123.25", 0)
    assert report["totals"]["conversions"] == "0"


def test_bad_rows_can_be_skipped_and_are_reported(place: Installation, server: Server) -> None:
    assert server.url
    bad = place.file("some.ndjson", EVENT + "not json\n")
    said = place.for_site("events", "import", bad, "--skip-bad-rows", "--dry-run")
    assert (said["imported"], said["skipped"]) == (1, 1)
    assert said["problems"][0]["line"] == 2


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"TRACKER_PORT": "many"}, ("TRACKER_PORT", "many")),
        ({"TRACKER_PORT": "70000"}, ("TRACKER_PORT", "70000", "65535")),
        ({"TRACKER_COLOUR": "red"}, ("TRACKER_COLOUR", "TRACKER_DATA")),
        ({"TRACKER_LOG_LEVEL": "loud"}, ("loud", "warning")),
        (
            {"TRACKER_PUBLIC_URL": "t.example.com"},
            ("TRACKER_PUBLIC_URL", "'t.example.com'", "https"),
        ),
        ({"TRACKER_ALERT_URL": "chat.example.com/1"}, ("TRACKER_ALERT_URL", "'chat", "https://")),
        ({"TRACKER_ALERT_URL": "mailto:a@b.example"}, ("TRACKER_ALERT_URL", "'mailto", "https://")),
        ({"TRACKER_RATES_URL": "ECB"}, ("TRACKER_RATES_URL", "'ECB'", "ecb", "https://", "file:")),
        ({"TRACKER_RATES_URL": "https://"}, ("TRACKER_RATES_URL", "'https://'", "https://")),
        ({"TRACKER_RATES_URL": "file:rates.csv"}, ("TRACKER_RATES_URL", "'file:rates.csv'")),
        ({"TRACKER_RATES_URL": "https://a:b"}, ("TRACKER_RATES_URL", "'https://a:b'")),
        ({"TRACKER_CLICKHOUSE_URL": "ftp://nowhere"}, ("ftp",)),
        ({"TRACKER_DATA": "/dev/null/data"}, ("/dev/null/data",)),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    tmp_path: Path,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    words: tuple[str, ...],
) -> None:
    for name, value in ({"TRACKER_DATA": str(tmp_path / "data")} | variables).items():
        monkeypatch.setenv(name, value)
    refused(command("doctor"), *words)


def test_a_key_of_the_settings_file_that_nobody_knows_is_named(tmp_path: Path) -> None:
    place = Installation(tmp_path)
    place.file("tracker.toml", 'colour = "red"\n')
    refused(place.try_("site", "list"), "colour", "tracker.toml")


def test_without_an_owner_s_password_nothing_is_set_up(tmp_path: Path) -> None:
    init = ("init", "--password-stdin", "--owner")
    with Shell(tmp_path) as place:
        refused(place.try_("init", "--owner", "a@b.example"), "--password-stdin")
        refused(place.try_(*init, "a@b.example"), "No password")
        refused(place.try_(*init, "a@b.example", stdin="short\n"))
        refused(place.try_(*init, "nobody", stdin="long-enough-1\n"))
        place.run(*init, "a@b.example", stdin="long-enough-1\n")
        refused(place.try_(*init, "a@b.example", stdin="long-enough-1\n"))
