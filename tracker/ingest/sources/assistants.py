"""Words in which Chinese tag assistants and their users name the parts of an account.

They are found in names of query parameters, alone or as one of several words (``bd_jihua``). A weak
word is also an ordinary one (``key`` of a site's own search): it counts only where the parameter is
mostly seen on paid landings.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """A field of the source and the words that mean it, in lower case."""

    field: str
    strong: tuple[str, ...]
    weak: tuple[str, ...] = ()


WORDS: tuple[Words, ...] = (
    Words(
        "campaign",
        ("计划", "推广计划", "计划名称", "jihua", "tuiguangjihua", "jihuaming", "planname"),
        ("jh", "plan", "camp", "campaignname", "项目", "xiangmu"),
    ),
    Words(
        "ad_group",
        ("单元", "推广单元", "单元名称", "广告组", "danyuan", "tuiguangdanyuan", "unitname"),
        ("dy", "unit", "group", "guanggaozu", "ggz"),
    ),
    Words(
        "keyword",
        ("关键词", "关键字", "guanjianci", "guanjianzi", "keywordname", "bidword"),
        ("gjc", "gjz", "kw", "key", "word", "keywords", "ci"),
    ),
    Words("creative", ("创意", "chuangyi", "创意标题"), ("cy", "idea", "creativename")),
    Words("match_type", ("匹配", "匹配方式", "匹配模式", "pipei", "pipeifangshi"), ("ppfs", "pp")),
    Words("search_term", ("搜索词", "sousuoci"), ("ssc",)),
    Words(
        "source",
        ("渠道", "来源", "媒体", "推广渠道", "qudao", "laiyuan", "meiti", "tuiguangqudao"),
        ("qd", "channel", "media", "pf"),
    ),
)
#: Fields whose id has a field of its own, used when the values are numbers.
WITH_ID = frozenset({"campaign", "ad_group", "keyword", "creative"})
