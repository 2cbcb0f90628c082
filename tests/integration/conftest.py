"""What only tests of this folder share."""

from collections.abc import Iterator

import pytest

from tests.integration.secured_kit import SecuredBroker, secured_broker


@pytest.fixture(scope="package")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    """A Kafka of its own where nothing is allowed that is not granted."""
    with secured_broker(tmp_path_factory.mktemp("secured")) as broker:
        yield broker
