"""Search engines: their hosts, the parameters that hold the search term, whose ads they show.

A host pattern is matched from its end at a dot: ``so.com`` is also ``www.so.com`` and
``m.so.com``; ``=baidu.com`` is that host alone. ``google.*`` stands for the name under any country
domain (``google.de``, ``google.co.jp``, ``google.com.hk``) and, because the same companies run mail
and documents under subdomains, only with a subdomain of ``SEARCH_SUBDOMAINS``.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Subdomains of a ``name.*`` engine that are its search pages ("" is the bare domain).
SEARCH_SUBDOMAINS = frozenset(
    (
        *("", "www", "m", "cn", "global", "images", "image", "encrypted", "ipv4", "ipv6"),
        *("search", "msearch", "clck", "yabs", "www1", "www2", "wap", "hk", "cse"),
    )
)


@dataclass(frozen=True, slots=True)
class Engine:
    """One search engine. ``platform`` is the ad network of the company that runs it ("" = none);
    ``ads`` are the networks whose paid clicks may come from its pages."""

    name: str
    platform: str
    hosts: tuple[str, ...]
    params: tuple[str, ...]
    ads: tuple[str, ...] = ()
    #: Parameter that names the character set of the term, as ``ie=gb2312``.
    charset_params: tuple[str, ...] = ("ie",)


ENGINES: tuple[Engine, ...] = (
    Engine("google", "google", ("google.*", "googleadservices.com"), ("q", "as_q"), ("google",)),
    Engine("bing", "microsoft", ("bing.com", "cc.bingj.com"), ("q",), ("microsoft",)),
    Engine(
        "baidu",
        "baidu",
        (
            "www.baidu.com",
            "m.baidu.com",
            "wap.baidu.com",
            "www1.baidu.com",
            "=baidu.com",
            "image.baidu.com",
            "news.baidu.com",
            "m5.baidu.com",
            "nourl.ubs.baidu.com",
            "cpro.baidu.com",
            "sp0.baidu.com",
            "eclick.baidu.com",
            "chat.baidu.com",
        ),
        ("wd", "word", "kw", "bs"),
        ("baidu",),
    ),
    Engine(
        "360",
        "360",
        ("so.com", "so.360.cn", "haosou.com", "sou.com", "e.so.com", "lm.e.360.cn"),
        ("q", "kw"),
        ("360",),
    ),
    Engine(
        "sogou",
        "sogou",
        ("sogou.com", "soso.com"),
        ("query", "keyword", "w"),
        ("sogou",),
    ),
    Engine("shenma", "shenma", ("sm.cn", "quark.cn"), ("q", "keyword"), ("shenma",)),
    Engine(
        "toutiao",
        "toutiao",
        ("so.toutiao.com", "m.toutiao.com", "search.toutiao.com", "sou.toutiao.com"),
        ("keyword", "q"),
        ("toutiao",),
    ),
    Engine("chinaso", "", ("chinaso.com",), ("q", "wd")),
    Engine("youdao", "", ("youdao.com",), ("q",)),
    Engine("petal", "huawei", ("petalsearch.com",), ("query", "q"), ("huawei",)),
    Engine(
        "yandex",
        "yandex",
        ("yandex.*", "ya.ru"),
        ("text", "query", "q"),
        ("yandex",),
    ),
    Engine("mail.ru", "", ("go.mail.ru", "search.mail.ru"), ("q",), ("yandex",)),
    Engine("rambler", "", ("nova.rambler.ru", "search.rambler.ru"), ("query", "words")),
    Engine(
        "naver",
        "naver",
        ("search.naver.com", "ad.search.naver.com", "cr.naver.com"),
        ("query",),
        ("naver",),
    ),
    Engine("daum", "kakao", ("search.daum.net",), ("q",), ("kakao", "naver")),
    Engine("nate", "", ("search.nate.com",), ("q",)),
    Engine(
        "yahoo",
        "yahoo",
        ("search.yahoo.com", "cade.yahoo.com", "espanol.yahoo.com"),
        ("p", "q"),
        ("microsoft", "google", "yahoo"),
    ),
    Engine(
        "yahoo japan",
        "yahoo_japan",
        ("search.yahoo.co.jp",),
        ("p", "vp"),
        ("yahoo_japan", "google"),
        ("ei",),
    ),
    Engine("goo", "", ("search.goo.ne.jp",), ("MT", "mt"), ("google",)),
    Engine("biglobe", "", ("cgi.search.biglobe.ne.jp",), ("q",), ("google",)),
    Engine("duckduckgo", "", ("duckduckgo.com",), ("q",), ("microsoft",)),
    Engine("ecosia", "", ("ecosia.org",), ("q",), ("microsoft", "google")),
    Engine("qwant", "", ("qwant.com",), ("q",), ("microsoft",)),
    Engine("startpage", "", ("startpage.com",), ("query", "q"), ("google", "microsoft")),
    Engine("brave", "", ("search.brave.com",), ("q",), ("brave",)),
    Engine("kagi", "", ("kagi.com",), ("q",)),
    Engine("mojeek", "", ("mojeek.com", "mojeek.co.uk"), ("q",)),
    Engine("swisscows", "", ("swisscows.com", "swisscows.ch"), ("query",), ("microsoft",)),
    Engine("lilo", "", ("search.lilo.org",), ("q",), ("microsoft",)),
    Engine("presearch", "", ("presearch.com", "presearch.org"), ("q",)),
    Engine("metager", "", ("metager.org", "metager.de", "metager2.de"), ("eingabe", "q")),
    Engine("ask", "", ("ask.com", "ask.co.uk", "search-results.com"), ("q", "ask"), ("google",)),
    Engine(
        "aol",
        "",
        ("search.aol.com", "search.aol.co.uk", "suche.aol.de", "recherche.aol.fr"),
        ("q", "query"),
        ("microsoft", "google"),
    ),
    Engine(
        "infospace",
        "",
        ("infospace.com", "dogpile.com", "metacrawler.com", "webcrawler.com", "info.com"),
        ("q",),
        ("google", "microsoft"),
    ),
    Engine("lycos", "", ("search.lycos.com",), ("query", "q"), ("google", "microsoft")),
    Engine("seznam", "seznam", ("search.seznam.cz",), ("q",), ("seznam",)),
    Engine("coc coc", "coccoc", ("coccoc.com",), ("query", "q"), ("coccoc",)),
    Engine("virgilio", "", ("ricerca.virgilio.it",), ("qs", "q"), ("google",)),
    Engine("onet", "", ("szukaj.onet.pl",), ("qt", "q"), ("google",)),
    Engine("t-online", "", ("suche.t-online.de",), ("q",), ("google",)),
    Engine("web.de", "", ("suche.web.de", "suche.gmx.net", "search.gmx.com"), ("q", "su")),
    Engine("avast", "", ("search.avast.com", "search.avg.com"), ("q",), ("google", "microsoft")),
    Engine("sapo", "", ("pesquisa.sapo.pt",), ("q",), ("google",)),
)
