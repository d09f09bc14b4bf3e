import pathlib

import pytest

from tests.dial.loopback import Authority, authority


@pytest.fixture(scope="session")
def vouched(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that clients trust."""
    return authority(pathlib.Path(tmp_path_factory.mktemp("vouched")))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that nobody trusts."""
    return authority(pathlib.Path(tmp_path_factory.mktemp("stranger")), "stranger")
