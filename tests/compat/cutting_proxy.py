"""A TCP proxy that cuts connections in the midst of requests or answers."""

import socket
import threading


class CuttingProxy:
    """Listens on a port of its own and passes bytes on to `target`, both ways. Each way of each
    connection is cut after as many bytes as `limit()` says when it is made; None: never."""

    def __init__(self, limit):
        self.target = None
        self.limit = limit
        self.cuts = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                host, port = self.target.rsplit(":", 1)
                server = socket.create_connection((host, int(port)), 5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, daemon=True,
                                 args=(source, sink, self.limit())).start()

    def _pass_on(self, source, sink, limit):
        left = limit
        try:
            while data := source.recv(1 << 16):
                if left is not None and len(data) >= left:
                    sink.sendall(data[:left])
                    self.cuts += 1
                    break
                sink.sendall(data)
                left = None if left is None else left - len(data)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
