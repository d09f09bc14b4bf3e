import pathlib

import pytest

from tests.engine.loopback import Authority, authority


@pytest.fixture(scope="session")
def vouched(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(pathlib.Path(tmp_path_factory.mktemp("authority")))
