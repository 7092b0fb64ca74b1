"""The words a CRM is filled with. All of them are made up; every domain is below example.com."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _spellings(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, mail) for name, _, mail in (word.partition("/") for word in text.split()))


#: (as written, as it stands in an email address)
FIRST_NAMES = _spellings(
    "Ana/ana Ben/ben Chloé/chloe David/david Elif/elif Farid/farid Grace/grace Hana/hana Ivan/ivan Jürgen/juergen "
    "Katarzyna/katarzyna Liam/liam Mei/mei Noor/noor Óscar/oscar Priya/priya Quentin/quentin Rosa/rosa "
    "Søren/soren Tomás/tomas Uma/uma Viktor/viktor Wanjiru/wanjiru Xavier/xavier Yuki/yuki Zoë/zoe Amara/amara "
    "Björn/bjoern Carla/carla Dmitri/dmitri Emma/emma Fatima/fatima"
)
LAST_NAMES = _spellings(
    "Silva/silva Becker/becker Dubois/dubois Kim/kim Yılmaz/yilmaz Haddad/haddad Okafor/okafor Sato/sato "
    "Petrov/petrov Müller/mueller Kowalska/kowalska O’Brien/obrien Chen/chen Rahman/rahman García/garcia "
    "Patel/patel Laurent/laurent Rossi/rossi Nielsen/nielsen Novák/novak Iyer/iyer Lindqvist/lindqvist "
    "Kamau/kamau Moreau/moreau Tanaka/tanaka Jansen/jansen Adeyemi/adeyemi Berg/berg Conti/conti Ivanova/ivanova "
    "Smith/smith Benali/benali Núñez/nunez Walsh/walsh Fischer/fischer Costa/costa Eriksen/eriksen"
)
COMPANY_HEADS = _words(
    "Northwind Brightforge Cedarline Bluepeak Halcyon Ironbridge Juniper Kestrel Lumen Meridian Nimbus Oakfield "
    "Pinnacle Quarry Redwood Silverleaf Tidewater Umbra Vantage Westgate Amberly Beacon Corvid Driftwood "
    "Evergreen Foxglove Granite Harbour Indigo Larkspur"
)
COMPANY_TAILS = _words(
    "Robotics Foods Logistics Software Health Energy Analytics Media Textiles Insurance Motors Labs Systems Retail "
    "Partners Materials Aviation Instruments Consulting Networks"
)
COMPANY_FORMS = ("GmbH", "Ltd", "Inc", "SAS", "AB", "BV", "SpA")
INDUSTRIES = ("software", "manufacturing", "retail", "healthcare", "finance", "logistics", "energy", "media")
COUNTRIES = ("DE", "US", "GB", "FR", "SE", "NL", "IT", "ES", "PL", "JP")
COUNTRY_PREFIXES = ("+49", "+1", "+44", "+33", "+46", "+31", "+39", "+34", "+48", "+81")
#: What people type where an ISO code belongs.
COUNTRY_SLIPS = ("Germany", "usa", "U.K.", "fr")
TITLES = ("Head of Operations", "CTO", "Buyer", "Marketing Manager", "Founder", "IT Lead", "Sales Director", "Analyst")
PRODUCTS = ("Starter", "Team", "Business", "Enterprise", "Support plan")
REGIONS = ("EMEA", "AMER", "APAC")
ROLES = ("sdr", "account_executive", "manager", "revops")

SOURCES = ("web", "demo_request", "partner", "event")
SOURCE_SLIPS = ("demo_requst", "Web", "partnr", "events")
STATUSES = ("new", "contacted", "qualified", "disqualified")
STATUS_SLIPS = ("Qualified", "open", "contcated")
STAGES = ("qualification", "discovery", "proposal", "negotiation", "closed_won", "closed_lost")
STAGE_SLIPS = ("negociation", "propsal")
CURRENCIES = ("EUR", "USD", "GBP")
CURRENCY_SLIPS = ("eur", "$", "Euro")
INDUSTRY_SLIPS = ("sofware", "manufactoring", "health care")
PHONE_PLACEHOLDERS = ("n/a", "Select")
LAST_NAME_PLACEHOLDERS = ("Unknown", "-")

EVENT_TYPES = (
    "lead_created",
    "lead_updated",
    "lead_stage_changed",
    "activity_logged",
    "campaign_touch",
    "manual_label",
    "model_score_computed",
    "lead_merged",
    "opportunity_created",
    "opportunity_closed",
)
EVENT_TYPE_SLIPS = ("lead_create", "LeadUpdated")
CHANNELS = ("email", "paid_search", "social", "webinar", "referral")
SYSTEMS = ("crm", "web", "marketing", "mobile")
