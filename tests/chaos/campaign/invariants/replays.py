"""I15: the topics told once more to the services' own rules give the states that are kept."""

from tests.chaos.campaign.invariants.finding import Facts, Verdict, verdict

REPLAYED = ("routing", "registry-sync", "notifier")


def replays_equal(facts: Facts) -> Verdict:
    """I15: each reader's state of each dossier, and what it said, come out the same again."""
    breaches = []
    counted = []
    for service in REPLAYED:
        replay = facts.evidence.replays.get(service)
        if replay is None:
            breaches.append(f"{service}: was not replayed")
            continue
        counted.append(f"{service} {replay.dossiers} ({replay.left_out} left out)")
        breaches += [f"{service}: {one}" for one in replay.differences]
    return verdict(
        "I15 replay gives the same",
        f"{len(facts.dossiers)} dossiers",
        ", ".join(counted),
        breaches,
    )
