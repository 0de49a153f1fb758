"""Where a page view came from: each rule of source classification by one named example."""

from __future__ import annotations

import subprocess
import sys
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.ingest.classify import RULES_VERSION, ParamRule, SiteRules, Source, classify

RULES = SiteRules(domains=("pump.example", "pump-shop.example"), returning=("pay.bank.example",))
PAGE = "https://www.pump.example/p"


def source(query: str = "", referrer: str = "", rules: SiteRules = RULES) -> Source:
    return classify(f"{PAGE}?{query}" if query else PAGE, referrer, rules)


@pytest.mark.parametrize(
    ("query", "platform", "kind"),
    [
        ("gclid=Abc-1", "google", "gclid"),
        ("gbraid=0AAA", "google", "gbraid"),
        ("wbraid=0BBB", "google", "wbraid"),
        ("msclkid=ff00", "microsoft", "msclkid"),
        ("bd_vid=123", "baidu", "bd_vid"),
        ("qhclickid=25ff", "360", "qhclickid"),
        ("yclid=77", "yandex", "yclid"),
        ("gdt_vid=wx0", "tencent", "gdt_vid"),
        ("ttclid=E.C.P", "tiktok", "ttclid"),
        ("gbraid=1&gclid=2", "google", "gclid"),
    ],
)
def test_a_click_id_names_its_network_and_is_an_ad_click(
    query: str, platform: str, kind: str
) -> None:
    found = source(query)
    assert (found.platform, found.click_id_kind) == (platform, kind)
    assert found.paid
    assert found.entrance
    assert found.medium == "cpc"


def test_a_social_click_id_alone_is_no_paid_click() -> None:
    found = source("fbclid=IwAR0", "https://l.facebook.com/")
    assert (found.platform, found.source, found.paid) == ("meta", "facebook", False)
    assert found.channel == "Organic Social"


@pytest.mark.parametrize("query", ["gad_source=1", "gad_campaignid=22", "e_keywordid=5"])
def test_a_networks_own_mark_is_an_ad_click_without_a_click_id(query: str) -> None:
    found = source(query)
    assert found.paid
    assert found.platform in ("google", "baidu")
    assert found.channel == "Paid Search"


# --- a click id credits only its own network ----------------------------------------------------


@pytest.mark.parametrize(
    ("query", "referrer", "platform", "name"),
    [
        ("gclid=old&utm_source=newsletter&utm_medium=email", "", "", "newsletter"),
        ("gclid=old&utm_source=newsletter", "", "", "newsletter"),
        ("gclid=old&gad_source=1&utm_source=baidu&utm_medium=cpc", "", "baidu", "baidu"),
        ("gclid=old", "https://www.baidu.com/s?wd=a", "baidu", "baidu"),
        ("gclid=old&gad_source=1", "https://www.facebook.com/", "", "facebook"),
        ("gclid=old", "https://chatgpt.com/", "", "chatgpt"),
        ("gclid=old", "https://weixin.qq.com/", "", "wechat"),
    ],
)
def test_an_old_click_id_in_a_shared_link_does_not_turn_the_visit(
    query: str, referrer: str, platform: str, name: str
) -> None:
    found = source(query, referrer)
    assert (found.platform, found.source) == (platform, name)
    assert found.click_id == ""


@pytest.mark.parametrize(
    ("query", "referrer"),
    [
        ("gclid=1", "https://www.google.com/"),
        ("gclid=1", "https://news.partner.example/article"),
        ("gclid=1", "https://www.youtube.com/"),
        ("gclid=1", "https://www.ecosia.org/"),
        ("gclid=1", ""),
        ("gclid=1&utm_source=adwords", ""),
        ("gclid=1&utm_source=spring-sale&utm_medium=cpc", ""),
    ],
)
def test_a_click_id_counts_where_its_network_may_have_been(query: str, referrer: str) -> None:
    found = source(query, referrer)
    assert (found.platform, found.click_id, found.paid) == ("google", "1", True)


def test_of_two_networks_click_ids_the_later_counts() -> None:
    assert source("gclid=1&msclkid=2").platform == "microsoft"
    assert source("msclkid=2&gclid=1").platform == "google"


def test_of_two_networks_click_ids_the_referrer_decides() -> None:
    assert source("msclkid=2&gclid=1", "https://www.bing.com/").platform == "microsoft"


# --- tags and macros ----------------------------------------------------------------------------


def test_google_macros_fill_the_ids() -> None:
    found = source(
        "utm_source=google&utm_medium=cpc&campaignid=111&adgroupid=222&creative=9"
        "&targetid=aud-5:kwd-333&matchtype=e&gclid=x"
    )
    assert (found.campaign_id, found.ad_group_id, found.keyword_id) == ("111", "222", "333")
    assert (found.creative_id, found.match_type) == ("9", "exact")


def test_microsoft_target_in_either_order_is_the_keyword() -> None:
    assert source("msclkid=1&targetid=kwd-5678:aud-1234").keyword_id == "5678"


def test_a_target_that_is_no_keyword_gives_no_keyword() -> None:
    assert source("gclid=1&targetid=kwl-77").keyword_id == ""
    assert source("gclid=1&targetid=dsa-77").keyword_id == ""


def test_a_target_id_in_the_term_is_an_id_not_a_keyword() -> None:
    found = source("utm_source=google&utm_medium=cpc&utm_term=kwd-333")
    assert (found.keyword_id, found.keyword) == ("333", "")


def test_baidu_macros_and_automatic_parameters_fill_the_ids() -> None:
    found = source("utm_source=baidu&utm_medium=sem&planid=1&unitid=2&keywordid=3&matchtype=2")
    assert (found.platform, found.paid) == ("baidu", True)
    assert (found.campaign_id, found.ad_group_id, found.keyword_id) == ("1", "2", "3")
    assert found.match_type == "phrase"
    assert source("e_keywordid=44&e_creative=5").keyword_id == "44"


def test_baidus_zero_keyword_id_is_none() -> None:
    assert source("bd_vid=1&e_keywordid=0").keyword_id == ""


def test_360_macros_name_360() -> None:
    found = source("qh_keywordid=1&qh_planid=2&qh_unitid=3")
    assert (found.platform, found.keyword_id, found.campaign_id) == ("360", "1", "2")
    assert source("planid=1&groupid=2&keywordid=3").platform == "360"


def test_common_words_alone_are_no_tags() -> None:
    found = source("keyword=pump&network=wifi&device=mobile&campaign_id=4")
    assert (found.channel, found.entrance, found.keyword) == ("Direct", False, "")


@pytest.mark.parametrize(
    "query", ["hmsr=baidu&hmmd=cpc&hmpl=A&hmcu=B&hmkw=C&hmci=D", "utm_source=baidu&utm_medium=cpc"
              "&utm_campaign=A&utm_adgroup=B&utm_term=C&utm_content=D"]
)  # fmt: skip
def test_baidu_tongji_tags_are_read_like_utm(query: str) -> None:
    found = source(query)
    assert (found.platform, found.channel) == ("baidu", "Paid Search")
    assert (found.campaign, found.ad_group, found.keyword, found.creative) == ("A", "B", "C", "D")


@pytest.mark.parametrize(
    "value", ["{keywordid}", "%7Bkeywordid%7D", "{{keyword.id}}", "__KEYWORD__", "%257Bk%257D"]
)
def test_unexpanded_macros_are_missing_values(value: str) -> None:
    found = source(f"utm_source=baidu&utm_medium=cpc&utm_term={value}&utm_campaign=A")
    assert found.campaign == "A"
    if value != "%257Bk%257D":
        assert found.keyword == ""
        assert found.unexpanded


def test_a_page_with_only_unexpanded_macros_is_no_entrance() -> None:
    found = source("e_keywordid={keywordid}")
    assert (found.channel, found.entrance, found.unexpanded) == ("Direct", False, True)


@pytest.mark.parametrize(
    ("name", "platform"),
    [
        ("baidu", "baidu"), ("Baidu_SEM", "baidu"), ("百度", "baidu"), ("google", "google"),
        ("bing", "microsoft"), ("microsoft", "microsoft"), ("360", "360"), ("so", "360"),
        ("haosou", "360"), ("sogou", "sogou"), ("sm", "shenma"), ("shenma", "shenma"),
        ("yandex", "yandex"), ("www.baidu.com", "baidu"), ("chatgpt.com", "openai"),
    ],
)  # fmt: skip
def test_names_of_sources_are_known_by_their_aliases(name: str, platform: str) -> None:
    assert source(f"utm_source={quote(name)}&utm_medium=cpc").platform == platform


@pytest.mark.parametrize("medium", ["cpc", "ppc", "CPC", "paid", "paidsearch", "sem", "竞价"])
def test_a_medium_can_say_that_the_click_was_bought(medium: str) -> None:
    found = source(f"utm_source=baidu&utm_medium={quote(medium)}")
    assert (found.paid, found.channel) == (True, "Paid Search")


def test_a_search_network_with_a_keyword_but_no_medium_is_an_ad() -> None:
    assert source("utm_source=baidu&utm_term=pump").paid
    assert not source("utm_source=google&utm_medium=organic&utm_campaign=gmb").paid


@pytest.mark.parametrize("medium", ["pc", "mobile", "search", "移动端"])
def test_a_click_id_of_ads_is_paid_whatever_the_medium_is_called(medium: str) -> None:
    found = source(f"utm_source=baidu&utm_medium={quote(medium)}&utm_term=pump&bd_vid=x1")
    assert (found.paid, found.channel, found.medium) == (True, "Paid Search", medium)
    assert not source(f"utm_source=baidu&utm_medium={quote(medium)}&utm_term=pump").paid
    assert not source(f"utm_source=bing&utm_medium={quote(medium)}&gclid=x1").paid


@pytest.mark.parametrize("medium", ["organic", "referral", "email", "social"])
def test_a_medium_of_links_that_nobody_pays_for_stands_beside_a_click_id(medium: str) -> None:
    assert not source(f"utm_source=google&utm_medium={medium}&gclid=x1").paid


def test_a_tag_without_a_source_keeps_the_referrers_source() -> None:
    found = source("utm_campaign=spring", "https://news.example/a")
    assert (found.source, found.campaign, found.entrance) == ("news.example", "spring", True)


def test_site_rules_come_first_and_name_parameters_freely() -> None:
    rules = SiteRules(
        domains=("pump.example",),
        params=(ParamRule("jihua", "campaign"), ParamRule("guanjianci", "keyword"),
                ParamRule("qudao", "platform")),
    )  # fmt: skip
    found = source("jihua=A&guanjianci=B&qudao=baidu&utm_campaign=Z", rules=rules)
    assert (found.campaign, found.keyword, found.platform) == ("A", "B", "baidu")
    assert found.entrance


# --- encodings ----------------------------------------------------------------------------------


def test_gbk_and_utf8_keywords_both_decode() -> None:
    for charset in ("gb18030", "utf-8"):
        term = quote("不锈钢潜水泵", encoding=charset)
        assert source(f"utm_source=baidu&utm_medium=cpc&utm_term={term}").keyword == "不锈钢潜水泵"


def test_a_short_gbk_word_that_is_also_utf8_is_read_by_its_network() -> None:
    assert source("utm_source=baidu&utm_medium=cpc&utm_term=%D2%BB").keyword == "一"
    cyrillic = quote("насос")
    assert source(f"utm_source=yandex&utm_medium=cpc&utm_term={cyrillic}").keyword == "насос"


def test_a_gbk_search_term_of_a_referrer_decodes() -> None:
    referrer = "https://www.sogou.com/web?query=" + quote("水泵", encoding="gbk")
    assert source("", referrer).search_term == "水泵"


# --- referrers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("referrer", "name", "term"),
    [
        ("https://www.google.com/", "google", ""),
        ("https://www.google.co.jp/search?q=pump", "google", "pump"),
        ("https://google.de/search?q=pumpe", "google", "pumpe"),
        ("https://google.co.jp/search?q=pump", "google", "pump"),
        ("https://yandex.com.tr/search/?text=pump", "yandex", "pump"),
        ("https://www.google.com.hk/search?q=%E6%B3%B5", "google", "泵"),
        ("https://www.baidu.com/s?wd=pump", "baidu", "pump"),
        ("https://m.baidu.com/s?word=pump", "baidu", "pump"),
        ("https://cn.bing.com/search?q=pump", "bing", "pump"),
        ("https://www.so.com/s?q=pump", "360", "pump"),
        ("https://m.sm.cn/s?q=pump", "shenma", "pump"),
        ("https://so.toutiao.com/search?keyword=pump", "toutiao", "pump"),
        ("https://yandex.kz/search/?text=pump", "yandex", "pump"),
        ("https://search.naver.com/search.naver?query=pump", "naver", "pump"),
        ("https://de.search.yahoo.com/search?p=pump", "yahoo", "pump"),
        ("https://search.yahoo.co.jp/search?p=pump", "yahoo japan", "pump"),
        ("https://duckduckgo.com/", "duckduckgo", ""),
        ("https://www.ecosia.org/search?q=pump", "ecosia", "pump"),
        ("https://petalsearch.com/search?query=pump", "petal", "pump"),
        ("android-app://com.google.android.googlequicksearchbox/", "google", ""),
    ],
)
def test_search_engines_are_known_under_their_country_domains(
    referrer: str, name: str, term: str
) -> None:
    found = source("", referrer)
    assert (found.source, found.search_term) == (name, term)
    assert (found.channel, found.medium) == ("Organic Search", "organic")
    assert found.entrance
    assert not found.paid


@pytest.mark.parametrize(
    ("referrer", "name", "channel"),
    [
        ("https://www.facebook.com/", "facebook", "Organic Social"),
        ("https://t.co/abc", "x", "Organic Social"),
        ("https://www.linkedin.com/", "linkedin", "Organic Social"),
        ("https://mp.weixin.qq.com/s/1", "wechat", "Organic Social"),
        ("https://www.zhihu.com/", "zhihu", "Organic Social"),
        ("https://tieba.baidu.com/p/1", "tieba", "Organic Social"),
        ("https://www.youtube.com/watch", "youtube", "Organic Video"),
        ("https://www.douyin.com/", "douyin", "Organic Video"),
        ("https://chatgpt.com/", "chatgpt", "AI Assistant"),
        ("https://gemini.google.com/", "gemini", "AI Assistant"),
        ("https://www.doubao.com/", "doubao", "AI Assistant"),
        ("https://mail.google.com/", "gmail", "Email"),
        ("https://mail.qq.com/", "qq mail", "Email"),
        ("https://www.alibaba.com/", "alibaba", "Organic Shopping"),
        ("https://www.amazon.co.uk/", "amazon", "Organic Shopping"),
        ("https://amazon.co.uk/", "amazon", "Organic Shopping"),
        ("https://shopee.com.my/", "shopee", "Organic Shopping"),
        ("https://docs.google.com/", "docs.google.com", "Referral"),
        ("https://zhidao.baidu.com/", "zhidao.baidu.com", "Referral"),
        ("https://www.trade-news.example/a", "trade-news.example", "Referral"),
        ("https://notbaidu.com/", "notbaidu.com", "Referral"),
    ],
)
def test_other_referrers_have_their_channel_and_are_no_entrance(
    referrer: str, name: str, channel: str
) -> None:
    found = source("", referrer)
    assert (found.source, found.channel, found.entrance) == (name, channel, False)


@pytest.mark.parametrize(
    "referrer",
    [
        "https://www.alipay.com/x", "https://wx.tenpay.com/", "https://www.paypal.com/checkout",
        "https://checkout.stripe.com/", "https://cashier.95516.com/", "https://pay.weixin.qq.com/",
        "https://accounts.google.com/", "https://login.microsoftonline.com/",
        "https://pay.bank.example/done", "https://mercadopago.com.ar/checkout",
        "https://accounts.google.co.jp/",
    ],
)  # fmt: skip
def test_payment_and_log_in_providers_return_a_visitor_to_his_visit(referrer: str) -> None:
    found = source("utm_source=google&utm_medium=cpc&gclid=1", referrer)
    assert found.returning
    assert not found.entrance
    assert (found.channel, found.click_id) == ("Direct", "")


@pytest.mark.parametrize(
    "referrer",
    [
        "",
        "https://www.pump.example/a",
        "https://pump-shop.example/",
        "javascript:1",
        "xx",
        "https:",
    ],
)
def test_own_domains_and_nothing_at_all_are_direct(referrer: str) -> None:
    assert source("", referrer) == Source(RULES_VERSION, channel="Direct")


# --- channels -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "channel"),
    [
        ("utm_source=facebook&utm_medium=paid-social", "Paid Social"),
        ("utm_source=youtube&utm_medium=cpc", "Paid Video"),
        ("utm_source=google&utm_medium=display", "Display"),
        ("utm_source=baidu&utm_medium=feed", "Display"),
        ("utm_source=amazon&utm_medium=cpc", "Paid Shopping"),
        ("utm_source=google&utm_medium=cpc&utm_campaign=shopping-de", "Paid Shopping"),
        ("utm_source=portal&utm_medium=cpc", "Paid Other"),
        ("utm_source=google&utm_medium=cpc&utm_campaign=Cross-network", "Cross-network"),
        ("gclid=1&campaignid=2&network=x", "Cross-network"),
        ("utm_source=partner&utm_medium=affiliate", "Affiliates"),
        ("utm_source=list&utm_medium=email", "Email"),
        ("utm_source=x&utm_medium=social", "Organic Social"),
        ("utm_source=partner&utm_medium=referral", "Referral"),
        ("utm_source=shop&utm_medium=sms", "SMS"),
        ("utm_source=app&utm_medium=push", "Mobile Push Notifications"),
        ("utm_source=cast&utm_medium=audio", "Audio"),
        ("utm_source=chatgpt.com", "AI Assistant"),
        ("utm_source=flyer&utm_medium=qr", "Unassigned"),
        ("utm_campaign=spring", "Unassigned"),
    ],
)
def test_channels_have_the_names_of_the_default_channel_group(query: str, channel: str) -> None:
    assert source(query).channel == channel


# --- properties ---------------------------------------------------------------------------------


@given(st.text(max_size=300), st.text(max_size=300))
def test_anything_at_all_is_classified_without_an_error(query: str, referrer: str) -> None:
    for url in (query, f"https://pump.example/?{query}"):
        for from_ in (referrer, f"https://www.baidu.com/s?wd={referrer}"):
            found = classify(url, from_, RULES)
            assert found.channel
            assert all(len(getattr(found, name)) <= 512 for name in ("keyword", "click_id"))


def test_the_outcome_is_the_same_in_every_process() -> None:
    query = "gad_source=1&e_keywordid=3&msclkid=4&qh_planid=5&gclid=6&keywordid=7&planid=8"
    program = (
        "from tracker.ingest.classify import SiteRules, classify;"
        f"print(classify('https://pump.example/?{query}', '', SiteRules()))"
    )
    for seed in ("1", "2", "3"):
        output = subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert output.stdout.strip() == str(classify(f"https://pump.example/?{query}", "", RULES))


def test_a_campaign_that_is_only_its_id_is_no_name() -> None:
    found = source("utm_source=google&utm_medium=cpc&utm_campaign=111&campaignid=111")
    assert (found.campaign, found.campaign_id) == ("", "111")
