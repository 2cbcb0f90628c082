"""Drills of what is not ours: the register, the gateways, the portals, the issuer of tokens."""

from tests.chaos.campaign import ways
from tests.chaos.campaign.course import Fault
from tests.drills.drill import Act, Drill, Drilling, Step

_AWAY_SECONDS = 25.0


def cut(road: str, seconds: float = _AWAY_SECONDS) -> Act:
    """Return an act that cuts a road to the outside for so long."""

    async def away(drilling: Drilling) -> None:
        await ways.trouble(drilling.field, Fault(1, "cut", road, 0.0, seconds))

    return away


def answers_lost(gateway: str, seconds: float = 20.0) -> Act:
    """Return an act that loses half of the answers of one of the systems outside."""

    async def lose(drilling: Drilling) -> None:
        how = {"share": 0.5}
        fault = Fault(1, "gateway_lost_answers", gateway, 0.0, seconds, how)
        await ways.gateway(drilling.field, fault)

    return lose


def _away(name: str, title: str, road: str, what: str, watch: str, honest: str = "") -> Drill:
    return Drill(
        name,
        title,
        (what,),
        (
            Step(
                "disaster",
                f"The road is cut for {_AWAY_SECONDS:.0f} seconds; ten minutes and hours are the"
                " same but for what waits.",
                ("hotich lane list",),
                cut(road),
            ),
            Step("recovery", f"Nothing is to be done. {watch}", ("hotich lane list",)),
        ),
        (honest,) if honest else (),
        seconds=_AWAY_SECONDS + 8,
    )


DRILLS = (
    _away(
        "register-away",
        "The register is away",
        "register",
        "Pushes and questions wait untried behind a shut valve, then go in fair turns.",
        "Pause the lane only when the register asks for it: `hotich lane pause"
        " registry-sync/register --reason 'the register asks'`.",
    ),
    Drill(
        "register-answers-lost",
        "The register's answers are lost",
        (
            "The register takes dossiers and every second answer is lost.",
            "Each such push is in doubt, so the register is asked before it is told again.",
        ),
        (
            Step(
                "disaster",
                "Half of the answers are lost for twenty seconds.",
                ("hotich stuck list --service registry-sync --kind in_doubt",),
                answers_lost("register.push"),
            ),
            Step("recovery", "Nothing is to be done: what was in doubt is asked about."),
        ),
        seconds=30,
    ),
    _away(
        "sms-away",
        "The SMS gateway is away",
        "sms",
        "Messages wait untried behind a shut valve; each goes once when the gateway is back.",
        "What waits longer than 48 hours and fails ten times more goes by mail.",
    ),
    _away(
        "mail-away",
        "The mail server is away",
        "mail",
        "Mails wait untried; a mail begun when the road was cut is in doubt and stays so.",
        "Look for mails in doubt: `hotich stuck list --service notifier --kind manual`.",
        "A mail whose answer was lost is never sent again by itself; the server's log tells.",
    ),
    _away(
        "portals-away",
        "The portals do not take callbacks",
        "portals",
        "Callbacks wait untried, for each portal behind a valve of its own.",
        "Portals may pull the feed meanwhile.",
    ),
    _away(
        "issuer-away",
        "The issuer of tokens is away",
        "tokens",
        "Known keys serve on, and tokens that were given go on being taken.",
        "Do not restart services meanwhile: one that starts without keys answers 503.",
    ),
)
