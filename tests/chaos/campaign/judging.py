"""A campaign and its verdict, on a stack that is up: what the command and its tests share."""

from local_stack.stack import Stack
from tests.chaos.campaign.evidence import gather
from tests.chaos.campaign.run import Say, Settings, run
from tests.chaos.campaign.verdict import Judgement, judge


async def judged(stack: Stack, settings: Settings, say: Say) -> Judgement:
    """Return the verdict on a whole campaign; the stack is still up afterwards."""
    course = await run(stack, settings, say)
    say("judging")
    evidence = await gather(stack.status(), course, stack.place.root)
    return judge(evidence, course)
