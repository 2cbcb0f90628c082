"""What schemas do not see: that the parts of the manifests fit each other, and fit the code."""

from collections.abc import Callable, Iterator

import pytest

from tests.manifests import configuring, hardening, keeping, reaching, standing
from tests.manifests.breaking import Break
from tests.manifests.breaks_kept import KEPT
from tests.manifests.breaks_pods import PODS
from tests.manifests.breaks_roads import ROADS
from tests.manifests.breaks_standing import STANDING
from tests.manifests.breaks_told import TOLD
from tests.manifests.rendered import EVERY, Rendered, rendered

Policy = Callable[[Rendered], Iterator[str]]

POLICIES: dict[str, Policy] = {
    "hardened": hardening.hardened,
    "accounts": hardening.accounts,
    "images": hardening.images,
    "selectors": hardening.selectors,
    "ports": hardening.ports,
    "settings": configuring.settings,
    "files": configuring.files,
    "secrets": configuring.secrets,
    "shut": reaching.shut,
    "roads": reaching.roads,
    "entered": reaching.entered,
    "databases apart": reaching.databases_apart,
    "entrances": reaching.entrances,
    "addresses": reaching.addresses,
    "migrations": keeping.migrations,
    "replicas": keeping.replicas,
    "alerted": keeping.alerted,
    "ending": standing.ending,
    "apart": standing.apart,
    "archive": standing.archive,
    "listeners": standing.listeners,
}
#: Of installations that count.
STRICTER: dict[str, Policy] = {
    "lasting": keeping.lasting,
    "own addresses": keeping.own_addresses,
}

BREAKS = (*PODS, *TOLD, *ROADS, *KEPT, *STANDING)


@EVERY
@pytest.mark.parametrize("name", POLICIES)
def test_every_overlay_keeps_to_every_policy(overlay: str, name: str) -> None:
    assert list(POLICIES[name](rendered(overlay))) == []


@EVERY
def test_topics_and_rights_are_those_of_the_contracts(overlay: str) -> None:
    assert list(keeping.kafka(rendered(overlay), overlay)) == []


@pytest.mark.parametrize("overlay", ["staging", "production"])
@pytest.mark.parametrize("name", STRICTER)
def test_an_installation_that_counts_is_safe(overlay: str, name: str) -> None:
    assert list(STRICTER[name](rendered(overlay))) == []


@pytest.mark.parametrize("broken", BREAKS, ids=lambda one: one.what)
def test_a_policy_sees_what_breaks_it(broken: Break) -> None:
    objects = rendered("production")
    broken.act(objects)

    if broken.policy == "kafka":
        found = list(keeping.kafka(objects, "production"))
    else:
        found = list({**POLICIES, **STRICTER}[broken.policy](objects))

    assert any(broken.seen in one for one in found), found


def test_every_policy_is_seen_to_fail() -> None:
    assert {one.policy for one in BREAKS} == {*POLICIES, *STRICTER, "kafka"}


def test_every_service_of_the_tree_is_in_the_manifests() -> None:
    served = {pod.service for pod in rendered("production").serving()}

    folders = keeping.SERVICES.iterdir()
    assert served == {one.name for one in folders if (one / "pyproject.toml").is_file()}
