"""Parameters of a landing page's own URL: click ids, source tags, macros and their values.

Parameter names are compared in lower case. Lists are in order of preference: the first parameter
with a value wins.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClickId:
    """A click id an ad network adds. ``paid``: it marks an ad click (Facebook's is on any link).

    ``rank`` orders ids of one network in one URL: the lowest is the one that is credited.
    """

    param: str
    platform: str
    paid: bool = True
    rank: int = 0
    source: str = ""


CLICK_IDS: tuple[ClickId, ...] = (
    ClickId("gclid", "google"),
    ClickId("wbraid", "google", rank=1),
    ClickId("gbraid", "google", rank=2),
    ClickId("dclid", "google", rank=3),
    ClickId("msclkid", "microsoft"),
    ClickId("bd_vid", "baidu"),
    ClickId("qhclickid", "360"),
    # NOTE: Sogou's and Shenma's names come from agencies' notes, not from vendor documents.
    ClickId("sg_vid", "sogou"),
    ClickId("uctrackid", "shenma"),
    ClickId("yclid", "yandex"),
    ClickId("ysclid", "yandex", paid=False, rank=2),
    ClickId("ymclid", "yandex", rank=1),
    ClickId("gdt_vid", "tencent"),
    ClickId("qz_gdt", "tencent", rank=1),
    ClickId("ttclid", "tiktok"),
    ClickId("fbclid", "meta", paid=False, source="facebook"),
    ClickId("igshid", "meta", paid=False, rank=2, source="instagram"),
    ClickId("igsh", "meta", paid=False, rank=3, source="instagram"),
    ClickId("twclid", "x"),
    ClickId("li_fat_id", "linkedin"),
    ClickId("epik", "pinterest"),
    ClickId("rdt_cid", "reddit"),
    ClickId("sccid", "snapchat"),
    ClickId("rb_clickid", "vk"),
    ClickId("vmcid", "yahoo"),
    ClickId("napm", "naver"),
    ClickId("obclid", "outbrain"),
    ClickId("tblci", "taboola"),
    ClickId("irclickid", "impact"),
)

#: Parameters that mark an ad click of a network without being an id of the click.
AD_MARKS: dict[str, str] = {
    "gad_source": "google",
    "gad_campaignid": "google",
    "gclsrc": "google",
    "e_keywordid": "baidu",
    "e_keywordid2": "baidu",
    "e_creative": "baidu",
    "e_adposition": "baidu",
    "e_matchtype": "baidu",
    "qh_keywordid": "360",
    "qh_planid": "360",
    "qh_unitid": "360",
    "qh_groupid": "360",
    "qh_creativeid": "360",
    "orderitemid": "microsoft",
    "gbid": "yandex",
    "phrase_id": "yandex",
    "n_keyword_id": "naver",
    "n_ad_group": "naver",
    "n_query": "naver",
    "n_campaign_type": "naver",
}

#: Sets of macro parameters that together tell a network when nothing else in the URL does:
#: one alone (``keyword=`` of a site's own search page) proves nothing.
MACRO_SETS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"planid", "groupid", "keywordid"}), "360"),
    (frozenset({"planid", "unitid"}), "baidu"),
    (frozenset({"planid", "keywordid"}), "baidu"),
    (frozenset({"unitid", "keywordid"}), "baidu"),
    (frozenset({"campaignid", "adgroupid"}), "google"),
    (frozenset({"campaignid", "targetid"}), "google"),
    (frozenset({"adgroupid", "targetid"}), "google"),
)

#: Which parameters fill which field. Those of TAG_FIELDS are tags: any of them with a value makes
#: the page an entrance. Those of MACRO_FIELDS are common words and count only beside a tag, a
#: click id or a macro set.
TAG_FIELDS: dict[str, tuple[str, ...]] = {
    "source": ("utm_source", "hmsr", "hm_source", "mtm_source", "pk_source", "hsa_src", "n_media"),
    "medium": ("utm_medium", "hmmd", "hm_medium", "mtm_medium", "pk_medium"),
    "campaign": (
        "utm_campaign",
        "hmpl",
        "hm_campaign",
        "mtm_campaign",
        "pk_campaign",
        "n_campaign",
    ),
    "ad_group": ("utm_adgroup", "utm_ad_group", "utm_group", "hmcu", "hm_adgroup", "mtm_group"),
    "keyword": ("utm_term", "hmkw", "hm_keyword", "mtm_keyword", "mtm_kwd", "pk_keyword", "pk_kwd"),
    "creative": ("utm_content", "hmci", "hm_content", "mtm_content", "pk_content"),
    "campaign_id": ("utm_id", "utm_campaign_id", "hsa_cam", "mtm_cid", "pk_cid"),
    "ad_group_id": ("utm_adgroup_id", "hsa_grp"),
    "keyword_id": ("utm_keyword_id", "utm_term_id", "hsa_tgt"),
    "creative_id": ("utm_creative_id", "hsa_ad"),
    "match_type": ("utm_matchtype", "utm_match_type", "hsa_mt"),
}

MACRO_FIELDS: dict[str, tuple[str, ...]] = {
    "campaign": ("campaign", "campaign_name"),
    "ad_group": ("adgroup", "ad_group", "adgroup_name"),
    "keyword": ("keyword", "hsa_kw", "n_keyword"),
    "match_type": ("matchtype", "match_type", "bidmatchtype", "e_matchtype", "n_match"),
    "campaign_id": (
        "campaignid",
        "campaign_id",
        "gad_campaignid",
        "planid",
        "plan_id",
        "qh_planid",
        "e_planid",
        "n_campaign_id",
    ),
    "ad_group_id": (
        "adgroupid",
        "adgroup_id",
        "ad_group_id",
        "unitid",
        "unit_id",
        "groupid",
        "group_id",
        "gbid",
        "qh_unitid",
        "qh_groupid",
        "e_unitid",
        "n_ad_group",
    ),
    "keyword_id": (
        "keywordid",
        "keyword_id",
        "targetid",
        "target_id",
        "e_keywordid",
        "qh_keywordid",
        "orderitemid",
        "phrase_id",
        "n_keyword_id",
        "e_keywordid2",
    ),
    "creative_id": (
        "creativeid",
        "creative_id",
        "creative",
        "adid",
        "ad_id",
        "e_creative",
        "qh_creativeid",
        "n_ad",
    ),
    "search_term": ("querystring", "query_string", "searchterm", "search_term", "n_query"),
}

#: Match types by the words and codes that networks write; Baidu's digits are its own.
MATCH_TYPES: dict[str, str] = {
    "e": "exact",
    "exact": "exact",
    "精确": "exact",
    "精确匹配": "exact",
    "p": "phrase",
    "phrase": "phrase",
    "短语": "phrase",
    "短语匹配": "phrase",
    "b": "broad",
    "bb": "broad",
    "broad": "broad",
    "广泛": "broad",
    "广泛匹配": "broad",
    "智能匹配": "smart",
    "a": "ai_max",
}
BAIDU_MATCH_TYPES: dict[str, str] = {"1": "exact", "2": "phrase", "3": "broad"}

#: Words for "paid" in a medium beside the pattern of the GA4 rules (``.*cp.*|ppc|paid.*|…``).
PAID_MEDIUMS = frozenset(
    (
        *("sem", "searchads", "search_ads", "ads", "ad", "adwords", "feed"),
        *("竞价", "付费", "付费搜索", "搜索推广", "推广", "信息流"),
        *("jingjia", "tuiguang", "sousuo", "xinxiliu"),
    )
)
DISPLAY_MEDIUMS = frozenset(
    ("display", "banner", "expandable", "interstitial", "cpm", "信息流", "feed", "xinxiliu")
)
