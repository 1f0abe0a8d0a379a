"""Several listeners, clients that are dead or slow, and the end of a server that has them."""

import os
import re
import select
import socket
import struct
import time

import pytest

import wire
from broker_process import Broker

pytestmark = pytest.mark.millrace_only("its command line, its limits")
METADATA, FIND_COORDINATOR, API_VERSIONS = 3, 10, 18


class Listeners(Broker):
    """A server with the listeners and what each tells of itself."""

    def __init__(self, folder, listen, advertise=(), **settings):
        super().__init__(folder, **settings)
        self.listen, self.told, self.addresses = listen, advertise, []

    def command(self):
        command = [part for part in super().command() if not part.startswith("kafka=")]
        at = command.index("--listen")
        del command[at]
        for address in self.listen:
            command += ["--listen", f"kafka={address}"]
        for address in self.told:
            command += ["--advertise", address]
        return command

    def await_ready(self):
        output = b""
        while b"\n" not in output:
            assert select.select([self.process.stdout], [], [], 30)[0]
            part = os.read(self.process.stdout.fileno(), 4096)
            assert part, self.log()
            output += part
        self.addresses = re.findall(r"kafka=(\S+)", output.decode())
        self.bootstrap = self.addresses[0]


def place(body):
    """host:port out of `length host port` in front of `body`."""
    size = struct.unpack(">h", body[:2])[0]
    host = body[2:2 + size].decode()
    port = struct.unpack(">i", body[2 + size:6 + size])[0]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def told(address):
    metadata = wire.ask(address, METADATA, 1, struct.pack(">i", 0))
    coordinator = wire.ask(address, FIND_COORDINATOR, 0, struct.pack(">h", 1) + b"g")
    return {place(metadata[8:]), place(coordinator[6:])}


def test_each_listener_tells_its_own_address(tmp_path):
    server = Listeners(tmp_path, ["127.0.0.1:0", "[::1]:0", "127.0.0.1:0"],
                       ["127.0.0.1:0", "[::1]:0", "broker.example:19092"]).start()
    assert len(server.addresses) == 3
    assert server.addresses[1].startswith("[::1]:")
    for address in server.addresses[:2]:
        assert told(address) == {address}
    assert told(server.addresses[2]) == {"broker.example:19092"}
    server.stop()


def test_more_addresses_to_tell_than_listeners_are_refused(tmp_path):
    server = Listeners(tmp_path, ["127.0.0.1:0"], ["a:1", "b:2"]).launch()
    assert server.process.wait(30) == 2
    assert "--advertise" in server.log()


def test_connections_beyond_the_limits_are_closed(tmp_path):
    server = Broker(tmp_path, max_connections_per_ip=20).start()
    held = [wire.connect(server.bootstrap) for _ in range(30)]
    served = 0
    for connection in held:
        try:
            connection.sendall(wire.request(API_VERSIONS, 0, 1, b""))
            served += wire.answer(connection) is not None
        except ConnectionError:
            pass
    assert served == 20
    for connection in held:
        connection.close()
    server.stop()


def test_silent_clients_are_disconnected(tmp_path):
    server = Broker(tmp_path, connections_max_idle_ms=500).start()
    silent, half = wire.connect(server.bootstrap), wire.connect(server.bootstrap)
    half.sendall(b"\0\0\1")
    for connection in (silent, half):
        assert wire.receive(connection, 1) == b""
    server.stop()


def test_half_received_large_requests_stop_nobody(tmp_path):
    server = Broker(tmp_path, socket_request_max_bytes=1 << 20,
                    queued_max_request_bytes=2 << 20).start()
    large = wire.request(API_VERSIONS, 0, 1, bytes(900_000))
    half = [wire.connect(server.bootstrap, 30) for _ in range(50)]
    for connection in half:
        connection.sendall(large[:50_000])
    assert wire.api_versions(server.bootstrap)
    for connection in half:
        connection.setblocking(False)
    left = {connection: large[50_000:] for connection in half}
    end = time.monotonic() + 30
    while left and time.monotonic() < end:
        for connection in select.select([], list(left), [], 1)[1]:
            left[connection] = left[connection][connection.send(left[connection]):]
            if not left[connection]:
                del left[connection]
    assert not left
    for connection in half:
        connection.setblocking(True)
        assert wire.answer(connection)[0] == 1
        connection.close()
    server.stop()


def test_a_server_ends_in_time_although_clients_do_not_read(tmp_path):
    server = Broker(tmp_path).start()
    slow = []
    for _ in range(5):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = server.bootstrap.split(":")
        connection.connect((host, int(port)))
        connection.setblocking(False)
        try:
            for _ in range(20_000):
                connection.send(wire.request(API_VERSIONS, 0, 1, b""))
        except BlockingIOError:
            pass
        slow.append(connection)
    begin = time.monotonic()
    server.stop()
    assert time.monotonic() - begin < 8
