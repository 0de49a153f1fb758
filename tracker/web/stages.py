"""What the stages of the pipeline are called, and how their form is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from tracker.accounts.pipeline import Pipeline, Role, Stage
from tracker.errors import InvalidInput
from tracker.web.i18n import Language, msgid

ROLES = {
    "inquiry": msgid("Inquiry"),
    "valid": msgid("Valid inquiry"),
    "invalid": msgid("Invalid"),
    "contacted": msgid("Contacted"),
    "sample": msgid("Sample"),
    "quotation": msgid("Quotation"),
    "order": msgid("Order"),
    "shipped": msgid("Shipped"),
    "payment": msgid("Payment received"),
    "lost": msgid("Lost"),
    "other": msgid("Other stage"),
}
MATCHED = {
    "visitor": msgid("visitor"),
    "click_id": msgid("click ID"),
    "code": msgid("visit code"),
    "order_id": msgid("web order"),
    "email": msgid("e-mail"),
    "phone": msgid("phone"),
    "user": msgid("user ID"),
    "look_up": msgid("click look-up of the platform"),
    "platform": msgid("supplied by the platform"),
    "visit": msgid("visit"),
    "none": msgid("not matched yet"),
    "expired": msgid("not matched within 90 days"),
}
REPEAT = msgid("Repeat order: %(stage)s")


def stage_name(speech: Language, pipeline: Pipeline, key: str) -> str:
    """A stage in the reader's language: its own name, that of its role, or its key."""
    stage = pipeline.find(key)
    if stage is None:
        return key
    if stage.name:
        return stage.name
    return speech.gettext(ROLES[stage.role]) if stage.role != "other" else stage.key


def goal_title(speech: Language, pipeline: Pipeline, goal: str) -> str:
    """What a goal is called that reports name: a stage by its name, any other as it stands."""
    kind, colon, key = goal.partition(":")
    if not colon or kind not in ("stage", "repeat"):
        return goal
    name = stage_name(speech, pipeline, key)
    return name if kind == "stage" else speech.gettext(REPEAT) % {"stage": name}


def stage_options(speech: Language, pipeline: Pipeline) -> list[tuple[str, str]]:
    """Key and name of every stage, in order."""
    return [(stage.key, stage_name(speech, pipeline, stage.key)) for stage in pipeline.stages]


def stage_lines(stages: Sequence[Stage]) -> str:
    """Stages as their form has them: ``key | role | name | other names``, one a line."""
    return "\n".join(
        " | ".join((stage.key, stage.role, stage.name, ", ".join(stage.aliases))).rstrip(" |")
        for stage in stages
    )


def read_stages(text: str) -> list[Stage]:
    """Stages from their form; InvalidInput for a line that is none."""
    return [_stage(line) for line in text.splitlines() if line.strip()]


def _stage(line: str) -> Stage:
    cells = [cell.strip() for cell in line.split("|")]
    if not 2 <= len(cells) <= 4:
        raise InvalidInput(
            f"Not a stage: {line.strip()!r}.", hint="Write key | role | name | other, names."
        )
    key, role, name, others = (*cells, "", "")[:4]
    aliases = others.replace("，", ",").replace("、", ",").split(",")
    return Stage(key, cast(Role, role), name, tuple(alias.strip() for alias in aliases))
