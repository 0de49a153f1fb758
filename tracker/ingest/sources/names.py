"""Names of sources as people write them in ``utm_source`` and its kin, by what they mean."""

from __future__ import annotations

from dataclasses import dataclass

from tracker.ingest.sources.sites import Kind


@dataclass(frozen=True, slots=True)
class Named:
    """A source of that name: the ad network it belongs to ("" = none) and what it is."""

    platform: str
    kind: Kind


def _rows(platform: str, kind: Kind, names: str) -> dict[str, Named]:
    return {name: Named(platform, kind) for name in names.split("|")}


#: Keys are lower case, without spaces, hyphens and underscores.
NAMES: dict[str, Named] = {
    **_rows(
        "google",
        Kind.SEARCH,
        "google|googleads|googlead|adwords|googleadwords|googlesearch|ggads|gads|谷歌",
    ),
    **_rows(
        "microsoft",
        Kind.SEARCH,
        "bing|microsoft|bingads|microsoftads|microsoftadvertising|msads|adcenter|必应|微软",
    ),
    **_rows(
        "baidu",
        Kind.SEARCH,
        "baidu|bd|baidusem|baiducpc|baidupc|baidusearch|baidum|baidumobile|bdsem|百度|百度推广|百度搜索"
        "|百度竞价|百度pc|百度移动",
    ),
    **_rows(
        "360",
        Kind.SEARCH,
        "360|so|haosou|qihoo|qihu|qihoo360|360so|360sem|360search|dianjing|so.com|360搜索|好搜|奇虎",
    ),
    **_rows("sogou", Kind.SEARCH, "sogou|sougou|sogousem|sogousearch|soso|搜狗|搜狗搜索"),
    **_rows("shenma", Kind.SEARCH, "sm|shenma|smsem|uc|quark|shenmasearch|神马|神马搜索|夸克"),
    **_rows("toutiao", Kind.SEARCH, "toutiaosearch|toutiaosousuo|头条搜索"),
    **_rows(
        "toutiao",
        Kind.OTHER,
        "toutiao|jrtt|oceanengine|juliang|bytedance|头条|今日头条|巨量|巨量引擎",
    ),
    **_rows("toutiao", Kind.VIDEO, "douyin|抖音|xigua|西瓜视频"),
    **_rows("yandex", Kind.SEARCH, "yandex|yandexdirect|yadirect|яндекс"),
    **_rows("naver", Kind.SEARCH, "naver|naversearch|네이버"),
    **_rows("yahoo", Kind.SEARCH, "yahoo"),
    **_rows("yahoo_japan", Kind.SEARCH, "yahoojapan|yahoojp|yss"),
    **_rows("", Kind.SEARCH, "duckduckgo|ddg|ecosia|qwant|brave|startpage|ask|aol|kagi"),
    **_rows("huawei", Kind.SEARCH, "petal|petalsearch|petalads"),
    **_rows("seznam", Kind.SEARCH, "seznam|sklik"),
    **_rows("coccoc", Kind.SEARCH, "coccoc"),
    **_rows("kakao", Kind.SEARCH, "daum"),
    **_rows("kakao", Kind.SOCIAL, "kakao|kakaotalk"),
    **_rows(
        "meta",
        Kind.SOCIAL,
        "facebook|fb|meta|instagram|ig|facebookads|fbads|metaads|messenger|threads|whatsapp|an",
    ),
    **_rows("x", Kind.SOCIAL, "twitter|x|twitterads|t.co"),
    **_rows("linkedin", Kind.SOCIAL, "linkedin|linkedinads|lnkd"),
    **_rows("pinterest", Kind.SOCIAL, "pinterest"),
    **_rows("reddit", Kind.SOCIAL, "reddit|redditads"),
    **_rows("snapchat", Kind.SOCIAL, "snapchat|snap"),
    **_rows("quora", Kind.SOCIAL, "quora|quoraads"),
    **_rows("vk", Kind.SOCIAL, "vk|vkontakte|vkads|mytarget|ok|odnoklassniki"),
    **_rows("telegram", Kind.SOCIAL, "telegram|telegramads|tg"),
    **_rows("line", Kind.SOCIAL, "line|lineads"),
    **_rows(
        "tencent",
        Kind.SOCIAL,
        "wechat|weixin|gdt|guangdiantong|tencent|tencentads|qq|qzone|微信|公众号|朋友圈|广点通|腾讯",
    ),
    **_rows("weibo", Kind.SOCIAL, "weibo|sinaweibo|微博|新浪微博"),
    **_rows("zhihu", Kind.SOCIAL, "zhihu|知乎"),
    **_rows("xiaohongshu", Kind.SOCIAL, "xiaohongshu|xhs|rednote|小红书"),
    **_rows("", Kind.SOCIAL, "bluesky|mastodon|discord|tumblr|xing|douban|豆瓣"),
    **_rows("baidu", Kind.SOCIAL, "tieba|baidutieba|贴吧"),
    **_rows("google", Kind.VIDEO, "youtube|yt|youtubeads"),
    **_rows("tiktok", Kind.VIDEO, "tiktok|tiktokads"),
    **_rows("kuaishou", Kind.VIDEO, "kuaishou|快手|磁力引擎"),
    **_rows("bilibili", Kind.VIDEO, "bilibili|b站|哔哩哔哩"),
    **_rows("iqiyi", Kind.VIDEO, "iqiyi|爱奇艺"),
    **_rows("", Kind.VIDEO, "vimeo|dailymotion|twitch"),
    **_rows("amazon", Kind.SHOPPING, "amazon|amazonads"),
    **_rows("alibaba", Kind.SHOPPING, "alibaba|1688|taobao|tmall|aliexpress|阿里巴巴|淘宝"),
    **_rows("jd", Kind.SHOPPING, "jd|jingdong|京东"),
    **_rows("", Kind.SHOPPING, "ebay|etsy|madeinchina|globalsources|hc360|慧聪"),
    **_rows("google", Kind.SHOPPING, "googleshopping|shopping"),
    **_rows(
        "",
        Kind.AI,
        "chatgpt|openai|claude|anthropic|gemini|copilot|perplexity|grok|deepseek|kimi|doubao|qwen"
        "|yuanbao|metaai|mistral|豆包|元宝|文心一言|通义千问",
    ),
    **_rows("", Kind.MAIL, "email|e-mail|mail|gmail|outlook|qqmail|edm|邮件"),
}
