"""Refuse every connection that leaves this machine, in processes that find this file first."""

import socket

_connect, _getaddrinfo = socket.socket.connect, socket.getaddrinfo
_LOCAL = ("127.", "::1", "localhost", "0.0.0.0")


class NetworkRefusedError(OSError):
    """Something tried to reach another machine."""


def _check(host):
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    if not name.startswith(_LOCAL):
        raise NetworkRefusedError(f"the build tried to reach {name}")


def connect(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6):
        _check(address[0])
    return _connect(self, address)


def getaddrinfo(host, *args, **kwargs):
    _check(host)
    return _getaddrinfo(host, *args, **kwargs)


socket.socket.connect = connect
socket.getaddrinfo = getaddrinfo
