"""Why something is called a campaign, in the language of the reader."""

from kzmonitor.i18n import _, ngettext
from kzmonitor.incidents.campaign_keeping import CampaignView
from kzmonitor.incidents.campaigns import HOSTILE

LONG_AGO = 100  # years: beyond them a number would only pretend to be exact


def reason(one: CampaignView) -> str:
    """Why it is called a campaign, in one sentence."""
    if one.pattern == HOSTILE:
        seen = ngettext("{number} outlet", "{number} outlets", one.seen).format(number=one.seen)
    else:
        seen = ngettext("{number} target", "{number} targets", one.seen).format(number=one.seen)
    sentence = _("{seen} in {days} days, where {expected} are usual; chance alone shows as much {often}.")
    return sentence.format(seen=seen, days=one.window_days, expected=f"{one.expected:.2g}", often=_often(one))


def _often(one: CampaignView) -> str:
    if one.recurrence_years > LONG_AGO:
        return _("less than once in a hundred years")
    years = round(one.recurrence_years)
    return ngettext("once in {number} year", "once in {number} years", years).format(number=years)
