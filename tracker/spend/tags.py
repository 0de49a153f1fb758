"""Tracking templates: what to paste into a platform so that every click says where it is from.

The parameters are the ones that source classification reads; the macros are each platform's own.
"""

from __future__ import annotations

from tracker.errors import InvalidInput

#: The query string to append to landing pages, by platform.
TEMPLATES: dict[str, str] = {
    "google": (
        "utm_source=google&utm_medium=cpc&utm_campaign={campaignid}&utm_term={keyword}"
        "&campaignid={campaignid}&adgroupid={adgroupid}&targetid={targetid}"
        "&matchtype={matchtype}&creative={creative}&network={network}&device={device}"
    ),
    "microsoft": (
        "utm_source=bing&utm_medium=cpc&utm_campaign={CampaignId}&utm_term={keyword}"
        "&campaignid={CampaignId}&adgroupid={AdGroupId}&targetid={TargetId}"
        "&matchtype={MatchType}&creative={AdId}&querystring={QueryString}"
    ),
    "baidu": (
        "utm_source=baidu&utm_medium=cpc&utm_campaign={planid}&utm_term={keyword}"
        "&planid={planid}&unitid={unitid}&keywordid={keywordid}&creative={creative}"
        "&matchtype={matchtype}"
    ),
    "360": (
        "utm_source=360&utm_medium=cpc&utm_campaign={planid}&utm_term={keyword}"
        "&planid={planid}&groupid={groupid}&keywordid={keywordid}&creativeid={creativeid}"
        "&device={device}"
    ),
    "yandex": (
        "utm_source=yandex&utm_medium=cpc&utm_campaign={campaign_id}&utm_term={keyword}"
        "&campaign_id={campaign_id}&gbid={gbid}&phrase_id={phrase_id}&ad_id={ad_id}"
        "&match_type={match_type}"
    ),
    "sogou": "utm_source=sogou&utm_medium=cpc&utm_campaign=CAMPAIGN&utm_term=KEYWORD",
    "shenma": "utm_source=shenma&utm_medium=cpc&utm_campaign=CAMPAIGN&utm_term=KEYWORD",
}

#: Where it goes, and what a person has to do by hand.
PLACES: dict[str, str] = {
    "google": "Account settings > Tracking > Final URL suffix",
    "microsoft": "Settings > Account level options > Final URL suffix",
    "baidu": "Append it to the landing page of each keyword (访问URL), after ? or &",
    "360": "Append it to the landing page of each keyword (访问网址), after ? or &",
    "yandex": "Campaign settings > URL parameters",
    "sogou": "No macros are known: append it to each keyword's landing page, with your own names",
    "shenma": "No macros are known: append it to each keyword's landing page, with your own names",
}


def tags_for(platform: str) -> tuple[str, str]:
    """(template, where to paste it). InvalidInput for a platform that is not known."""
    if platform not in TEMPLATES:
        raise InvalidInput(
            f"No tracking template for {platform!r}.",
            hint="Known platforms: " + ", ".join(TEMPLATES) + ".",
        )
    return TEMPLATES[platform], PLACES[platform]
