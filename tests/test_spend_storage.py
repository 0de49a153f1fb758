"""SFTP servers and S3-compatible storage as sources: what is taken, what is left, what is said."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
from sqlalchemy import Engine

from tests.platforms.server import serve
from tests.spend_imports import Desk
from tests.storage import Sftp, Storage, sftp
from tests.test_spend_sources import BAIDU, Post, report, source
from tracker.accounts.connections import get_connection
from tracker.spend.connections.linking import change_secret
from tracker.spend.connectors.failures import Cause, Terminal, Transient
from tracker.spend.sources.listing import Remote, wanted
from tracker.warehouse.client import Warehouse


@pytest.fixture
def desk(sqlite_db: Engine, warehouse_embedded: Warehouse, tmp_path: Path) -> Desk:
    return Desk.open(sqlite_db, warehouse_embedded, tmp_path)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sftp]:
    root = tmp_path / "sftp"
    (root / "out").mkdir(parents=True)
    with sftp(root) as running:
        yield running


def put(server: Sftp, name: str | bytes, content: bytes, changed: int = 1_790_000_000) -> None:
    """A file in the folder ``out``, of that age."""
    path = os.path.join(os.fsencode(server.root / "out"), os.fsencode(name))  # noqa: PTH118
    with open(path, "wb") as out:  # noqa: PTH123 -- names that are no UTF-8
        out.write(content)
    os.utime(path, (changed, changed))


def folder(desk: Desk, server: Sftp, **settings: str) -> Post:
    """A connection to the folder that waits for nothing."""
    given = {
        "server": "127.0.0.1",
        "port": str(server.port),
        "username": "ann",
        "folder": "out",
        "host_key": server.host_key,
    }
    return source(desk, "sftp", {"password": "right"}, **{**given, **BAIDU, **settings})


def test_new_files_of_an_sftp_folder_are_imported_once_and_changed_ones_again(
    desk: Desk, server: Sftp
) -> None:
    post = folder(desk, server)
    put(server, "a.csv", report("1.00", "2026-09-09"))
    put(server, "报表.csv".encode("gb18030"), report("2.00"))
    put(server, "readme.md", b"no report")
    assert post.run("test") == ()
    assert server.opened == []
    assert post.ok().rows == 2
    assert desk.costs()["*"] == "3.00"
    opened = list(server.opened)
    assert post.ok().rows == 0
    assert server.opened == opened, "what was imported is not opened again"
    put(server, "a.csv", report("1.10", "2026-09-09"), 1_790_000_100)
    assert post.ok().counts["replaced"] == 1
    assert desk.costs()["*"] == "3.10"
    assert post.statuses() == ["ok"] * 3


def test_what_is_still_being_written_is_left(desk: Desk, server: Sftp) -> None:
    post = folder(desk, server)
    whole = report("5.00")
    for name in ("b.csv.part", ".b.csv", "b.csv.filepart", "~b.csv"):
        put(server, name, whole)
    put(server, "growing.csv", whole[:-9])
    post.sleep = lambda: put(server, "growing.csv", whole, 1_790_000_050)
    outcome = post.ok()
    assert (outcome.rows, outcome.counts) == (0, {"left": 1})
    assert server.opened == []
    post.sleep = lambda: None
    assert post.ok().rows == 1
    assert desk.costs()["*"] == "5.00"


def test_a_pattern_reaches_into_folders_and_an_archive_is_taken_whole(
    desk: Desk, server: Sftp
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", report("1.00", "2026-09-09"))
        archive.writestr("b.csv", report("2.00"))
    (server.root / "out" / "2026").mkdir()
    put(server, "2026/both.zip", packed.getvalue())
    put(server, "other.zip", b"not asked for")
    assert folder(desk, server, pattern="20*/*.zip").ok().rows == 2
    assert desk.costs()["*"] == "3.00"


def test_a_bad_file_does_not_keep_the_others_and_is_tried_again_with_other_settings(
    desk: Desk, server: Sftp
) -> None:
    post = folder(desk, server)
    put(server, "a.csv", b"no,report\n1,2\n")
    put(server, "b.csv", report("2.00"))
    outcome = post.run()
    assert isinstance(outcome.failure, Terminal)
    assert "a.csv" in outcome.failure.message
    assert outcome.rows == 1
    assert post.run().failure is None, "a bad file is told once"
    change_secret(desk.db, post.sealer, post.connection, {"folder": "out", "pattern": "a.*"})
    post.connection = get_connection(desk.db, post.connection.id)
    assert post.connection.settings["pattern"] == "a.*"
    assert isinstance(post.run().failure, Terminal)


def test_a_server_with_another_host_key_is_not_told_the_password(desk: Desk, server: Sftp) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    with pytest.raises(Terminal, match="not entered yet") as caught:
        folder(desk, server, host_key="").run("test")
    assert server.host_key in str(caught.value), "the key to be checked is shown"
    with pytest.raises(Terminal, match="another host key") as caught:
        folder(desk, server, host_key=other.get_fingerprint()).run("test")
    assert caught.value.cause is Cause.SETTING
    assert server.host_key in caught.value.message
    with pytest.raises(Terminal, match="no fingerprint"):
        folder(desk, server, host_key="aa:bb").run("test")
    both = f"{other.export_public_key().decode()} {server.host_key}"
    assert folder(desk, server, host_key=both).run("test") == ()


def test_a_private_key_opens_where_the_password_does_not(desk: Desk, tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    root = tmp_path / "root"
    (root / "out").mkdir(parents=True)
    with sftp(root, key) as server:
        post = folder(desk, server)
        text = key.export_private_key(passphrase="words", rounds=50).decode()
        post.secret = {"private_key": text, "passphrase": "words"}
        assert post.run("test") == ()
        post.secret["passphrase"] = "others"
        with pytest.raises(Terminal, match="private key cannot be read"):
            post.run("test")


@pytest.mark.parametrize(
    ("settings", "secret", "error", "said"),
    [
        ({}, {"password": "wrong"}, Terminal, "refuses the user name"),
        ({}, {}, Terminal, "neither a password nor"),
        ({"folder": "none"}, {"password": "right"}, Terminal, "has no folder 'none'"),
        ({"port": "0"}, {"password": "right"}, Terminal, "is no port"),
        ({"port": "1"}, {"password": "right"}, Transient, "does not answer"),
    ],
)
def test_what_is_wrong_with_an_sftp_server_is_said(
    desk: Desk,
    server: Sftp,
    settings: dict[str, str],
    secret: dict[str, str],
    error: type[Exception],
    said: str,
) -> None:
    post = folder(desk, server, **settings)
    post.secret = secret
    with pytest.raises(error, match=said) as caught:
        post.run("test")
    assert "wrong" not in str(caught.value)


def bucket(desk: Desk, url: str, **settings: str) -> Post:
    """A connection to the simulated storage."""
    given = {
        "endpoint": url,
        "region": "cn-test",
        "bucket": "reports",
        "access_key": "key-id",
        "folder": "daily",
    }
    return source(desk, "s3", {"secret_key": "storage-secret"}, **{**given, **BAIDU, **settings})


def test_new_objects_of_a_bucket_are_imported_once_and_changed_ones_again(desk: Desk) -> None:
    names = [f"daily/报表 {day}+.csv" for day in range(9, 14)]
    storage = Storage({name: report("1.00", f"2026-09-{9 + n:02}") for n, name in enumerate(names)})
    storage.objects |= {"daily/old/x.csv": b"too deep", "other/y.csv": b"elsewhere"}
    with serve(storage) as url:  # type: ignore[arg-type]
        post = bucket(desk, url)
        assert post.run("test") == ()
        assert storage.opened == []
        assert post.ok().rows == 5, "a listing has several pages"
        assert sorted(storage.opened) == sorted(names)
        assert post.ok().rows == 0
        storage.objects[names[0]] = report("1.50", "2026-09-09")
        assert post.ok().counts["replaced"] == 1
    assert desk.costs()["*"] == "5.50"
    assert len(storage.opened) == 6


def test_restatements_in_a_bucket_come_in_the_order_of_their_time(desk: Desk) -> None:
    storage = Storage({"z.csv": report("1.00"), "a.csv": report("1.20")}, {"z.csv": 2, "a.csv": 3})
    with serve(storage) as url:  # type: ignore[arg-type]
        assert bucket(desk, url, folder="", pattern="**/*.csv").ok().counts["replaced"] == 1
    assert desk.costs()["*"] == "1.20"


@pytest.mark.parametrize(
    ("settings", "wrong", "error", "said"),
    [
        ({}, {"secret": "another"}, Terminal, "refuses the access key"),
        ({"bucket": "none"}, {}, Terminal, "has no bucket 'none'"),
        ({"bucket": "No Such"}, {}, Terminal, "no name of a bucket"),
        ({"endpoint": "ftp://x"}, {}, Terminal, "no address of a storage"),
        ({}, {"faults": [503]}, Transient, "status 503"),
        ({}, {"faults": [302]}, Terminal, "does not answer as S3"),
        ({}, {"endless": True}, Transient, "has no end"),
    ],
)
def test_what_is_wrong_with_a_storage_is_said(
    desk: Desk,
    settings: dict[str, str],
    wrong: dict[str, object],
    error: type[Exception],
    said: str,
) -> None:
    storage = replace(Storage(), **wrong)  # type: ignore[arg-type]
    with serve(storage) as url, pytest.raises(error, match=said) as caught:  # type: ignore[arg-type]
        bucket(desk, url, **settings).run("test")
    assert "storage-secret" not in str(caught.value)


def test_a_storage_in_our_own_network_is_out_of_reach_unless_allowed(desk: Desk) -> None:
    storage = Storage()
    with serve(storage) as url:  # type: ignore[arg-type]
        for address in (url, url.replace("http:", "https:")):
            post = bucket(desk, address)
            post.deployment = {}
            with pytest.raises(Terminal, match=r"private network|no address of a storage"):
                post.run("test")


def named(*names: str) -> list[Remote]:
    return [Remote(name, name, name, 1, "", 0.0) for name in names]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", ["a.csv", "c.xlsx"]),
        ("*.csv", ["a.csv"]),
        ("**/*.csv", ["a.csv", "x/b.csv", "x/y/d.csv"]),
        ("x/*", ["x/b.csv"]),
        ("[ac].*", ["a.csv", "c.xlsx"]),
        ("?.md", ["e.md"]),
    ],
)
def test_a_pattern_names_files_by_their_path_below_the_folder(
    pattern: str, found: list[str]
) -> None:
    every = named("a.csv", "x/b.csv", "x/y/d.csv", "c.xlsx", "e.md", ".h/a.csv", "a.csv.part")
    assert [one.name for one in wanted(every, pattern)] == found
