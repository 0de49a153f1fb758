"""The ``tracker`` command in the process of a test, on the stores of its world."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.installation import Done
from tests.world import World
from tracker.cli import main
from tracker.config import Settings
from tracker.parts import Parts

Speak = Callable[..., Done]


def speaker(
    world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Speak:
    """What runs a command: as in a process of its own, but that its stores are open already."""

    @contextmanager
    def opened(settings: Settings) -> Iterator[Parts]:
        assert settings.data == world.parts.settings.data
        yield world.parts

    monkeypatch.setenv("TRACKER_DATA", str(world.parts.settings.data))
    monkeypatch.setattr("tracker.parts.open_parts", opened)
    return in_process(monkeypatch, capfd)


def in_process(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Speak:
    """What runs a command in this process, which spares the start of one."""
    # It would go on writing to the standard error of this test.
    monkeypatch.setattr("tracker.cli.session.set_up_logs", lambda _: None)

    def run(*words: str) -> Done:
        monkeypatch.setattr("sys.argv", ["tracker", *words])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capfd.readouterr()
        return Done(int(end.value.code or 0), out, err)

    return run
