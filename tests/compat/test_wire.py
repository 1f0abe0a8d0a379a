"""What no client sends: the server answers it cleanly, or closes the connection."""

import random
import socket
import struct
import time

import pytest

import wire
from broker_process import Broker

API_VERSIONS = wire.API_KEYS["ApiVersions"]


def ends(connection):
    return wire.answer(connection) is None


def test_answers_come_in_the_order_of_the_requests(broker):
    with wire.connect(broker.bootstrap) as connection:
        asked = b"".join(wire.request(API_VERSIONS, 0, n, b"") for n in range(200))
        for at in range(0, len(asked), 777):  # frames arrive in pieces
            connection.sendall(asked[at:at + 777])
        assert [wire.answer(connection)[0] for _ in range(200)] == list(range(200))


def test_a_version_too_high_of_api_versions_is_answered_with_ours(broker, served):
    with wire.connect(broker.bootstrap) as connection:
        connection.sendall(wire.request(API_VERSIONS, 99, 7, b"\0"))
        correlation, body = wire.answer(connection)
        error, ranges = wire.ranges_in(body)
        assert (correlation, error) == (7, 35)
        assert ranges[API_VERSIONS] == served[API_VERSIONS]
        connection.sendall(wire.request(API_VERSIONS, 0, 8, b""))
        assert wire.answer(connection)[0] == 8


@pytest.mark.millrace_only("Kafka has given up versions that old clients look for")
def test_floors_of_old_clients_are_served(served):
    """librdkafka before 2.11 looks for these single versions."""
    gates = {"Produce": 3, "Fetch": 4, "FindCoordinator": 0, "OffsetCommit": 1, "OffsetFetch": 1,
             "JoinGroup": 0, "SyncGroup": 0, "Heartbeat": 0, "LeaveGroup": 0, "ListOffsets": 1}
    for name, version in gates.items():
        low, high = served[wire.API_KEYS[name]]
        assert low <= version <= high, name


@pytest.mark.parametrize("key, version", [(999, 0), (-1, 0), (3, 99), (0, -1)])
def test_unknown_apis_and_versions_close_the_connection(broker, key, version):
    with wire.connect(broker.bootstrap) as connection:
        connection.sendall(wire.request(API_VERSIONS, 0, 1, b""))
        connection.sendall(wire.request(key, version, 2, b"\0" * 16))
        assert wire.answer(connection)[0] == 1  # what came before is answered
        assert ends(connection)


@pytest.mark.parametrize("size", [-1, 0, 3, 2**31 - 1])
def test_frames_of_a_wrong_size_close_the_connection(broker, size):
    with wire.connect(broker.bootstrap) as connection:
        connection.sendall(struct.pack(">i", size) + b"\0" * 64)
        assert ends(connection)


@pytest.mark.parametrize("wrong", [struct.pack(">i", -1), wire.request(999, 0, 0, b""),
                                   wire.request(wire.API_KEYS["Metadata"], 1, 0,
                                                struct.pack(">i", 2**31 - 1))],
                         ids=["frame", "api", "body"])
def test_answers_to_what_came_before_arrive_although_more_was_sent(broker, wrong):
    """With bytes unread a close would take back the answers that the client has no room for yet."""
    connection = small_window(broker)
    connection.sendall(b"".join(wire.request(API_VERSIONS, 0, n, b"") for n in range(2000)))
    connection.sendall(wrong + wire.request(API_VERSIONS, 0, 2000, b"") * 20_000)
    time.sleep(0.5)
    assert [wire.answer(connection)[0] for _ in range(2000)] == list(range(2000))
    assert connection.recv(1) == b""  # an end, and no reset
    connection.close()


def small_window(broker):
    """A connection that has little room for answers."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, port = broker.bootstrap.split(":")
    connection.settimeout(20)
    connection.connect((host, int(port)))
    return connection


def test_the_largest_request_is_what_the_setting_says(tmp_path):
    server = Broker(tmp_path, socket_request_max_bytes=1000).start()
    with wire.connect(server.bootstrap) as connection:
        connection.sendall(wire.request(API_VERSIONS, 0, 1, b"\0" * 900))
        assert wire.answer(connection)[0] == 1
        connection.sendall(wire.request(API_VERSIONS, 0, 2, b"\0" * 1000))
        assert ends(connection)
    server.stop()


def test_an_array_longer_than_its_frame_closes_the_connection(broker):
    with wire.connect(broker.bootstrap) as connection:
        connection.sendall(wire.request(wire.API_KEYS["Metadata"], 1, 1,
                                        struct.pack(">i", 2**31 - 1)))
        assert ends(connection)


def test_garbage_does_no_harm(broker):
    noise = random.Random(7)
    for _ in range(50):
        with wire.connect(broker.bootstrap) as connection:
            body = noise.randbytes(noise.randrange(200))
            key = noise.choice(list(wire.API_KEYS.values()))
            connection.sendall(wire.request(key, noise.randrange(14), 1, body))
            connection.settimeout(0.05)
            try:
                wire.answer(connection)
            except TimeoutError:
                pass  # a fetch that waits, a request without an answer
    assert wire.api_versions(broker.bootstrap)


def test_a_server_stops_while_clients_come(own_broker):
    for turn in range(5):
        connections = [wire.connect(own_broker.bootstrap) for _ in range(8)]
        for connection in connections[::2]:
            connection.sendall(wire.request(API_VERSIONS, 0, 1, b""))
        time.sleep(turn / 1000)
        own_broker.restart()
        for connection in connections:
            connection.close()
