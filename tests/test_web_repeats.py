"""Forms that are sent again while their first answer is awaited."""

from __future__ import annotations

import anyio
from starlette.responses import RedirectResponse, Response

from tracker.web.repeats import KEPT, MOST, Repeats, sent_form


class Desk:
    """Counts what it does; an answer waits until it is let go."""

    def __init__(self, status: int = 303) -> None:
        self.done = 0
        self.status = status
        self.go = anyio.Event()

    async def work(self) -> Response:
        self.done += 1
        await self.go.wait()
        return RedirectResponse("/there", status_code=self.status)


def test_a_second_click_waits_for_the_first_and_does_nothing() -> None:
    async def clicked(desk: Desk) -> list[Response]:
        repeats, answers = Repeats(), list[Response]()

        async def click() -> None:
            answers.append(await repeats.answer(b"form", desk.work))

        async with anyio.create_task_group() as group:
            group.start_soon(click)
            group.start_soon(click)
            await anyio.wait_all_tasks_blocked()
            desk.go.set()
        return answers

    desk = Desk()
    answers = anyio.run(clicked, desk)
    assert (desk.done, len(answers)) == (1, 2)
    assert answers[0] is answers[1]
    refused = Desk(status=400)
    anyio.run(clicked, refused)
    assert refused.done == 2, "what was refused may be tried again"


def test_answers_are_kept_for_some_minutes_and_not_without_end() -> None:
    async def counted() -> list[int]:
        now = [0.0]
        repeats, desk = Repeats(lambda: now[0]), Desk()
        desk.go.set()
        counts = []
        for later, form in ((0.0, b"a"), (KEPT - 1, b"a"), (2.0, b"a")):
            now[0] += later
            await repeats.answer(form, desk.work)
            counts.append(desk.done)
        for number in range(MOST):
            await repeats.answer(b"%d" % number, desk.work)
        await repeats.answer(b"a", desk.work)
        return [*counts, desk.done]

    assert anyio.run(counted) == [1, 1, 2, MOST + 3]


def test_a_form_is_told_by_its_owner_place_key_and_fields() -> None:
    fields = {"once": "k", "name": "Li"}
    whole = sent_form("secret", "/leads", fields)
    assert whole == sent_form("secret", "/leads", dict(reversed(fields.items())))
    others = [
        sent_form("another", "/leads", fields),
        sent_form("secret", "/goals", fields),
        sent_form("secret", "/leads", fields | {"once": "l"}),
        sent_form("secret", "/leads", fields | {"name": "Wu"}),
    ]
    assert len({whole, *others}) == 5
    assert sent_form("secret", "/leads", {"name": "Li"}) == b""
