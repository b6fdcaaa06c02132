"""Connections that ask for nothing, against `sortie serve`."""

import http.client
import resource
import socket

import pytest

from support import Server


@pytest.mark.parametrize("descriptors", [None, 200], ids=["as-many-as-connections", "few-descriptors"])
def test_idle_connections_make_room(sortie, descriptors):
    """More of them than the server takes, or has descriptors for: who asks is answered all the same."""
    wanted = 2 * descriptors if descriptors else 5000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < wanted + 200:
        pytest.skip(f"{wanted} connections need more than the {hard} descriptors that are allowed")
    server = Server(sortie)
    address = ("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
    if descriptors:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (descriptors, descriptors))
    if soft < wanted + 200:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted + 200, hard))
    if not descriptors:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (wanted + 200, wanted + 200))
    idle = []
    try:
        for _ in range(wanted):
            idle.append(socket.create_connection(address, timeout=60))
        for _ in range(3):
            connection = http.client.HTTPConnection(*address, timeout=60)
            connection.request("GET", "/none/k")
            assert connection.getresponse().status == 404
            connection.close()
    finally:
        for one in idle:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert server.stop() == 0
