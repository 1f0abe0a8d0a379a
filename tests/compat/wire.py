"""The Kafka protocol without a client: what no client would send, and what the server serves."""

import socket
import struct
import time
from collections import namedtuple

API_KEYS = {
    "Produce": 0, "Fetch": 1, "ListOffsets": 2, "Metadata": 3, "OffsetCommit": 8, "OffsetFetch": 9,
    "FindCoordinator": 10, "JoinGroup": 11, "Heartbeat": 12, "LeaveGroup": 13, "SyncGroup": 14,
    "DescribeGroups": 15, "ListGroups": 16, "ApiVersions": 18, "CreateTopics": 19,
    "DeleteTopics": 20, "DeleteRecords": 21, "InitProducerId": 22, "OffsetForLeaderEpoch": 23,
    "AddPartitionsToTxn": 24, "AddOffsetsToTxn": 25, "EndTxn": 26, "TxnOffsetCommit": 28,
    "DescribeConfigs": 32, "AlterConfigs": 33, "DescribeLogDirs": 35, "CreatePartitions": 37,
    "DeleteGroups": 42, "IncrementalAlterConfigs": 44, "OffsetDelete": 47, "DescribeCluster": 60,
    "DescribeProducers": 61, "DescribeTransactions": 65, "ListTransactions": 66,
}
LATEST = -1


def connect(bootstrap, timeout_s=10):
    host, port = bootstrap.rsplit(":", 1)
    return socket.create_connection((host.strip("[]"), int(port)), timeout_s)


def request(key, version, correlation, body, client="wire"):
    """A request with header version 1."""
    name = client.encode()
    header = struct.pack(">hhih", key, version, correlation, len(name)) + name
    return struct.pack(">i", len(header) + len(body)) + header + body


def receive(connection, count):
    """`count` bytes; fewer when the server closed the connection."""
    data = b""
    while len(data) < count:
        try:
            part = connection.recv(count - len(data))
        except ConnectionError:
            break
        if not part:
            break
        data += part
    return data


def answer(connection):
    """(correlation id, body), or None when the server closed the connection."""
    size = receive(connection, 4)
    if len(size) < 4:
        return None
    frame = receive(connection, struct.unpack(">i", size)[0])
    return struct.unpack(">i", frame[:4])[0], frame[4:]


def ranges_in(body):
    """The error and the API ranges of a body of ApiVersions, version 0."""
    error, count = struct.unpack(">hi", body[:6])
    rows = (struct.unpack(">hhh", body[6 + 6 * at:12 + 6 * at]) for at in range(count))
    return error, {key: (low, high) for key, low, high in rows}


def api_versions(bootstrap):
    with connect(bootstrap) as connection:
        connection.sendall(request(API_KEYS["ApiVersions"], 0, 1, b""))
        error, ranges = ranges_in(answer(connection)[1])
    assert error == 0
    return ranges


def ask(bootstrap, key, version, body, flexible=False):
    """The body of the answer to one request on a connection of its own."""
    with connect(bootstrap) as connection:
        connection.sendall(request(key, version, 1, b"\0" * flexible + body))
        return answer(connection)[1][int(flexible):]


def ends(bootstrap, topic, partition):
    """The last stable offset and the high watermark of a partition."""
    name, found = topic.encode(), []
    for isolation in (1, 0):
        body = struct.pack(f">ibih{len(name)}siiq", -1, isolation, 1, len(name), name, 1, partition,
                           LATEST)
        error, _, offset = struct.unpack(">hqq", ask(bootstrap, API_KEYS["ListOffsets"], 2,
                                                     body)[-18:])
        assert error == 0, error
        found.append(offset)
    return tuple(found)


def await_leader(bootstrap, topic):
    """A topic that was made has no leader yet, for a moment, in Kafka."""
    end = time.monotonic() + 10
    while True:
        try:
            return ends(bootstrap, topic, 0)
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


class Reader:
    """Takes a flexible body apart."""

    def __init__(self, data):
        self.data = data

    def take(self, layout):
        size = struct.calcsize(layout)
        head, self.data = self.data[:size], self.data[size:]
        return struct.unpack(layout, head)[0]

    def length(self):
        value = shift = 0
        while True:
            byte = self.take(">B")
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value

    def text(self):
        return self.take(f">{self.length() - 1}s").decode()


Transaction = namedtuple("Transaction", "id producer state")


def transactions(bootstrap):
    """All that the server's coordinator knows."""
    body = Reader(ask(bootstrap, API_KEYS["ListTransactions"], 0, b"\1\1\0", flexible=True))
    assert (body.take(">i"), body.take(">h")) == (0, 0)
    assert body.length() == 1  # no filter that the server does not know
    found = []
    for _ in range(body.length() - 1):
        found.append(Transaction(body.text(), body.take(">q"), body.text()))
        body.length()
    return found
