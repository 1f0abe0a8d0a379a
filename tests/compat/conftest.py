"""What the tests of the Kafka door share: a server, and which APIs it has."""

import itertools

import pytest

import wire
from broker_process import AGAINST_KAFKA, Broker


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "needs(*APIs): skipped while the server does not list these APIs")
    config.addinivalue_line(
        "markers", "millrace_only(why): skipped against Apache Kafka, which differs by design")


@pytest.fixture(scope="session")
def shared_broker(tmp_path_factory):
    """One server for all tests that leave it running."""
    broker = Broker(tmp_path_factory.mktemp("broker")).start()
    yield broker
    assert broker.alive(), f"the server ended in the midst of tests\n{broker.log()}"
    broker.stop()


@pytest.fixture(scope="session")
def served(shared_broker):
    return shared_broker.served()


@pytest.fixture(autouse=True)
def skip_what_cannot_hold(request):
    for mark in request.node.iter_markers("millrace_only"):
        if AGAINST_KAFKA:
            pytest.skip(f"about Millrace: {mark.args[0]}")
    for mark in request.node.iter_markers("needs"):
        listed = request.getfixturevalue("served")
        missing = [name for name in mark.args if wire.API_KEYS[name] not in listed]
        if missing:
            pytest.skip(f"ApiVersions does not list {', '.join(missing)}")


@pytest.fixture
def broker(shared_broker):
    """The shared server, which the test must leave running and must find running."""
    assert shared_broker.alive(), f"an earlier test ended the server\n{shared_broker.log()}"
    return shared_broker


@pytest.fixture
def own_broker(tmp_path):
    """A server of this test alone, to stop, kill and start again."""
    broker = Broker(tmp_path).start()
    yield broker
    if broker.alive():
        broker.stop()
    elif broker.process is not None:
        code = broker.process.wait()
        broker.kill()
        pytest.fail(f"the server ended with {code}\n{broker.log()}")


names = itertools.count(1)


@pytest.fixture
def topic(request):
    """A name that no other test uses."""
    test = "".join(c if c.isalnum() else "-" for c in request.node.name)
    return f"{test[:60]}.{next(names)}"


@pytest.fixture
def group(topic):
    return f"group.{topic}"
