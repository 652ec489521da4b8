"""Says whether the attacks run in their short or in their full form."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the attacks in their full form, as `make attack` does")


@pytest.fixture(scope="session")
def full(pytestconfig: pytest.Config) -> bool:
    """Whether the attacks run in their full form; the option is unknown where other tests are asked for, too."""
    return bool(pytestconfig.getoption("--full", default=False))
