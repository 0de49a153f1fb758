"""Web sites by what they are: social networks, AI assistants, mail, video, shopping, providers.

A host is matched from its end at a dot, the longest entry first: ``mail.qq.com`` before
``qq.com``. A ``*`` stands for any country domain. ``network`` is the ad network whose paid clicks
come from the site's own pages; a click id of another network is not credited to a visit that
comes from there (a shared link).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a source is; decides its organic and its paid channel."""

    SEARCH = "search"
    SOCIAL = "social"
    AI = "ai"
    MAIL = "mail"
    VIDEO = "video"
    SHOPPING = "shopping"
    RETURNING = "returning"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Place:
    """A named site: what it is, its hosts, and the ad network that sells space on it."""

    name: str
    hosts: tuple[str, ...]
    network: str = ""


SOCIAL: tuple[Place, ...] = (
    Place("facebook", ("facebook.com", "fb.com", "fb.me", "messenger.com"), "meta"),
    Place("instagram", ("instagram.com",), "meta"),
    Place("threads", ("threads.net", "threads.com"), "meta"),
    Place("whatsapp", ("whatsapp.com", "wa.me"), "meta"),
    Place("x", ("twitter.com", "t.co", "x.com"), "x"),
    Place("linkedin", ("linkedin.com", "lnkd.in"), "linkedin"),
    Place("pinterest", ("pinterest.*", "pin.it"), "pinterest"),
    Place("reddit", ("reddit.com", "redd.it"), "reddit"),
    Place("snapchat", ("snapchat.com",), "snapchat"),
    Place("tumblr", ("tumblr.com", "t.umblr.com"), "tumblr"),
    Place("telegram", ("telegram.org", "t.me", "telegram.me"), "telegram"),
    Place("discord", ("discord.com", "discord.gg", "discordapp.com")),
    Place("vk", ("vk.com", "vkontakte.ru", "away.vk.com"), "vk"),
    Place("odnoklassniki", ("ok.ru", "odnoklassniki.ru"), "vk"),
    Place("my.mail.ru", ("my.mail.ru",), "vk"),
    Place("livejournal", ("livejournal.com",)),
    Place("bluesky", ("bsky.app", "go.bsky.app")),
    Place(
        "mastodon",
        (
            "mastodon.social",
            "mastodon.online",
            "mastodon.world",
            "mas.to",
            "mstdn.social",
            "hachyderm.io",
            "fosstodon.org",
            "mstdn.jp",
            "chaos.social",
            "techhub.social",
        ),
    ),
    Place("hacker news", ("news.ycombinator.com",)),
    Place("quora", ("quora.com",), "quora"),
    Place("medium", ("medium.com",)),
    Place("substack", ("substack.com",)),
    Place("xing", ("xing.com",)),
    Place("line", ("line.me", "lin.ee"), "line"),
    Place("kakaotalk", ("talk.kakao.com", "pf.kakao.com"), "kakao"),
    Place("naver blog", ("blog.naver.com", "cafe.naver.com"), "naver"),
    Place("github", ("github.com",)),
    Place("stack overflow", ("stackoverflow.com", "stackexchange.com")),
    Place("product hunt", ("producthunt.com",)),
    Place(
        "wechat",
        ("weixin.qq.com", "wechat.com", "weixin110.qq.com", "servicewechat.com"),
        "tencent",
    ),
    Place("qq", ("qzone.qq.com", "im.qq.com", "c.pc.qq.com", "connect.qq.com"), "tencent"),
    Place("weibo", ("weibo.com", "weibo.cn", "t.cn"), "weibo"),
    Place("zhihu", ("zhihu.com",), "zhihu"),
    Place("douban", ("douban.com",)),
    Place("xiaohongshu", ("xiaohongshu.com", "xhslink.com"), "xiaohongshu"),
    Place("tieba", ("tieba.baidu.com",), "baidu"),
    Place("csdn", ("csdn.net",)),
    Place("jianshu", ("jianshu.com",)),
    Place("maimai", ("maimai.cn",)),
    Place("dingtalk", ("dingtalk.com",)),
    Place("v2ex", ("v2ex.com",)),
)

VIDEO: tuple[Place, ...] = (
    Place("youtube", ("youtube.com", "youtu.be", "youtube-nocookie.com"), "google"),
    Place("vimeo", ("vimeo.com",)),
    Place("tiktok", ("tiktok.com",), "tiktok"),
    Place("douyin", ("douyin.com", "iesdouyin.com"), "toutiao"),
    Place("kuaishou", ("kuaishou.com", "gifshow.com", "chenzhongtech.com"), "kuaishou"),
    Place("bilibili", ("bilibili.com", "b23.tv"), "bilibili"),
    Place("youku", ("youku.com",), "alibaba"),
    Place("iqiyi", ("iqiyi.com",), "iqiyi"),
    Place("tencent video", ("v.qq.com",), "tencent"),
    Place("ixigua", ("ixigua.com",), "toutiao"),
    Place("twitch", ("twitch.tv",), "amazon"),
    Place("dailymotion", ("dailymotion.com",)),
    Place("rutube", ("rutube.ru",)),
    Place("niconico", ("nicovideo.jp",)),
)

AI: tuple[Place, ...] = (
    Place("chatgpt", ("chatgpt.com", "chat.openai.com", "openai.com"), "openai"),
    Place("claude", ("claude.ai",)),
    Place("gemini", ("gemini.google.com", "bard.google.com", "notebooklm.google.com"), "google"),
    Place("copilot", ("copilot.microsoft.com", "copilot.cloud.microsoft"), "microsoft"),
    Place("perplexity", ("perplexity.ai",)),
    Place("grok", ("grok.com", "grok.x.ai")),
    Place("meta ai", ("meta.ai",), "meta"),
    Place("mistral", ("chat.mistral.ai",)),
    Place("deepseek", ("chat.deepseek.com", "deepseek.com")),
    Place("duck.ai", ("duck.ai",)),
    Place("you.com", ("you.com",)),
    Place("poe", ("poe.com",)),
    Place("phind", ("phind.com",)),
    Place("iask", ("iask.ai",)),
    Place("doubao", ("doubao.com",), "toutiao"),
    Place("kimi", ("kimi.com", "kimi.ai", "kimi.moonshot.cn")),
    Place("yuanbao", ("yuanbao.tencent.com",), "tencent"),
    Place("wenxin", ("yiyan.baidu.com", "wenxin.baidu.com", "ai.baidu.com"), "baidu"),
    Place("qwen", ("qwen.ai", "chat.qwen.ai", "qianwen.com", "tongyi.aliyun.com", "tongyi.com")),
    Place("chatglm", ("chatglm.cn", "chat.z.ai")),
    Place("metaso", ("metaso.cn",)),
    Place("nami", ("n.cn", "bot.n.cn"), "360"),
    Place("alice", ("alice.yandex.ru",), "yandex"),
    Place("gigachat", ("giga.chat",)),
)

MAIL: tuple[Place, ...] = (
    Place("gmail", ("mail.google.com", "inbox.google.com"), "google"),
    Place(
        "outlook",
        ("outlook.live.com", "outlook.office.com", "outlook.office365.com", "mail.live.com"),
        "microsoft",
    ),
    Place("yahoo mail", ("mail.yahoo.com", "mail.yahoo.co.jp")),
    Place("qq mail", ("mail.qq.com", "exmail.qq.com", "wx.mail.qq.com")),
    Place("163 mail", ("mail.163.com", "mail.126.com", "mail.yeah.net", "qiye.163.com")),
    Place("sina mail", ("mail.sina.com.cn", "mail.sina.cn")),
    Place("aliyun mail", ("mail.aliyun.com", "qiye.aliyun.com")),
    Place("yandex mail", ("mail.yandex.ru", "mail.yandex.com")),
    Place("mail.ru mail", ("e.mail.ru",)),
    Place("naver mail", ("mail.naver.com",)),
    Place("proton mail", ("mail.proton.me",)),
    Place("gmx", ("navigator.gmx.net", "deref-gmx.net", "deref-web.de")),
)

SHOPPING: tuple[Place, ...] = (
    Place("alibaba", ("alibaba.com", "1688.com", "aliexpress.*", "alibaba.com.cn"), "alibaba"),
    Place("taobao", ("taobao.com", "tmall.com", "tb.cn", "tmall.hk"), "alibaba"),
    Place("jd", ("jd.com", "jd.hk"), "jd"),
    Place("pinduoduo", ("pinduoduo.com", "yangkeduo.com", "temu.com"), "pinduoduo"),
    Place("made-in-china", ("made-in-china.com",)),
    Place("global sources", ("globalsources.com",)),
    Place("hc360", ("hc360.com",)),
    Place("amazon", ("amazon.*",), "amazon"),
    Place("ebay", ("ebay.*",), "ebay"),
    Place("etsy", ("etsy.com",)),
    Place("walmart", ("walmart.com",), "walmart"),
    Place("shopee", ("shopee.*",), "shopee"),
    Place("lazada", ("lazada.*",), "alibaba"),
    Place("mercado libre", ("mercadolibre.*", "mercadolivre.com.br"), "mercadolibre"),
    Place("rakuten", ("rakuten.co.jp", "rakuten.com"), "rakuten"),
    Place("ozon", ("ozon.ru",), "ozon"),
    Place("wildberries", ("wildberries.ru",), "wildberries"),
    Place("coupang", ("coupang.com",)),
    Place("allegro", ("allegro.pl",)),
    Place("google shopping", ("shopping.google.com",), "google"),
)

#: Payment and log-in providers: a visitor who comes back from one continues his visit.
RETURNING: tuple[Place, ...] = (
    Place("alipay", ("alipay.com", "alipay.com.cn", "alipayobjects.com", "alipay.hk")),
    Place(
        "wechat pay",
        (
            "pay.weixin.qq.com",
            "wx.tenpay.com",
            "tenpay.com",
            "open.weixin.qq.com",
            "payapp.weixin.qq.com",
        ),
    ),
    Place("unionpay", ("unionpay.com", "95516.com", "chinapay.com", "unionpaysecure.com")),
    Place("jd pay", ("jdpay.com", "chinabank.com.cn")),
    Place("lianlian pay", ("lianlianpay.com", "yintong.com.cn")),
    Place("qq log-in", ("graph.qq.com", "xui.ptlogin2.qq.com", "ptlogin2.qq.com")),
    Place("weibo log-in", ("api.weibo.com",)),
    Place("dingtalk log-in", ("login.dingtalk.com", "oapi.dingtalk.com")),
    Place("paypal", ("paypal.com", "paypal.me", "paypalobjects.com")),
    Place("stripe", ("stripe.com", "stripe.network", "checkout.link.com")),
    Place("adyen", ("adyen.com", "adyenpayments.com")),
    Place("klarna", ("klarna.com",)),
    Place("mollie", ("mollie.com",)),
    Place("square", ("squareup.com", "square.link")),
    Place("braintree", ("braintreegateway.com", "braintree-api.com")),
    Place("worldpay", ("worldpay.com",)),
    Place("checkout.com", ("checkout.com",)),
    Place("2checkout", ("2checkout.com", "avangate.com")),
    Place("airwallex", ("airwallex.com",)),
    Place("payoneer", ("payoneer.com",)),
    Place("payu", ("payu.com", "payu.in", "secure.payu.com")),
    Place("razorpay", ("razorpay.com",)),
    Place("mercado pago", ("mercadopago.*",)),
    Place("ideal", ("ideal.nl",)),
    Place("sofort", ("sofort.com",)),
    Place("afterpay", ("afterpay.com", "clearpay.co.uk")),
    Place("affirm", ("affirm.com",)),
    Place("amazon pay", ("payments.amazon.com", "pay.amazon.com", "apay-us.amazon.com")),
    Place("google pay", ("pay.google.com", "payments.google.com")),
    Place("apple", ("appleid.apple.com", "apple-pay-gateway.apple.com")),
    Place("yoomoney", ("yoomoney.ru", "yookassa.ru")),
    Place("robokassa", ("robokassa.ru",)),
    Place("sberbank", ("securepayments.sberbank.ru",)),
    Place("kakao pay", ("online-pay.kakao.com", "kakaopay.com")),
    Place("toss", ("tosspayments.com",)),
    Place("naver pay", ("pay.naver.com", "nid.naver.com")),
    Place("3-d secure", ("arcot.com", "cardinalcommerce.com", "3dsecure.io", "securecode.com")),
    Place("google log-in", ("accounts.google.*", "accounts.youtube.com")),
    Place(
        "microsoft log-in", ("login.live.com", "login.microsoftonline.com", "login.microsoft.com")
    ),
    Place("facebook log-in", ("auth.facebook.com",)),
    Place("okta", ("okta.com", "oktapreview.com", "auth0.com")),
    Place("yandex log-in", ("passport.yandex.*", "oauth.yandex.*")),
    Place("vk log-in", ("id.vk.com", "oauth.vk.com", "login.vk.com")),
)

PLACES: tuple[tuple[Kind, tuple[Place, ...]], ...] = (
    (Kind.SOCIAL, SOCIAL),
    (Kind.VIDEO, VIDEO),
    (Kind.AI, AI),
    (Kind.MAIL, MAIL),
    (Kind.SHOPPING, SHOPPING),
    (Kind.RETURNING, RETURNING),
)

#: Android packages that appear as ``android-app://PACKAGE/``, by the host they stand for.
ANDROID_APPS: dict[str, str] = {
    "com.google.android.googlequicksearchbox": "www.google.com",
    "com.google.android.gm": "mail.google.com",
    "com.google.android.youtube": "youtube.com",
    "com.baidu.searchbox": "m.baidu.com",
    "com.tencent.mm": "weixin.qq.com",
    "com.tencent.mobileqq": "c.pc.qq.com",
    "com.sina.weibo": "weibo.com",
    "com.linkedin.android": "linkedin.com",
    "com.facebook.katana": "facebook.com",
    "com.instagram.android": "instagram.com",
    "com.twitter.android": "x.com",
    "com.reddit.frontpage": "reddit.com",
    "com.pinterest": "pinterest.com",
    "com.snapchat.android": "snapchat.com",
    "org.telegram.messenger": "telegram.org",
    "com.microsoft.bing": "www.bing.com",
    "com.yandex.browser": "yandex.ru",
    "ru.yandex.searchplugin": "yandex.ru",
    "com.duckduckgo.mobile.android": "duckduckgo.com",
    "com.openai.chatgpt": "chatgpt.com",
    "com.slack": "slack.com",
}
