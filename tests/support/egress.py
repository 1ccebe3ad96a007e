"""A private certificate authority, servers that it vouches for, and a proxy that reads along."""

import asyncio
import contextlib
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PIECE = 65536


@dataclass(frozen=True)
class Authority:
    ca_file: Path
    server: ssl.SSLContext  # of a server that has its certificate


def private_authority(folder: Path, *names: str) -> Authority:
    """An authority that only `ca_file` knows, and a server's certificate for these names."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate("Test authority", root_key, None, ())
    leaf = _certificate(names[0], key, (root, root_key), names)
    ca_file, chain = folder / "ca.pem", folder / "server.pem"
    ca_file.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    chain.write_bytes(
        leaf.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(chain)
    return Authority(ca_file, server)


def _certificate(
    common_name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
    names: tuple[str, ...],
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    signer = issuer[1] if issuer else key
    now = dt.datetime.now(dt.UTC)
    ca = issuer is None
    usage = x509.KeyUsage(
        digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    return builder.sign(signer, hashes.SHA256())


@contextlib.asynccontextmanager
async def tls_in_front(tls: ssl.SSLContext, port_behind: Callable[[], int]) -> AsyncIterator[int]:
    """A server that speaks TLS and passes all on to a plain one on this machine."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind = await asyncio.open_connection("127.0.0.1", port_behind())
        await _join((reader, writer), behind)

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]


@dataclass
class ConnectProxy:
    """An HTTP proxy for CONNECT alone (RFC 9110, 9.3.6): it leads all names to one port."""

    port_behind: int
    port: int = 0
    refuses_with: int | None = None
    heads: list[bytes] = field(default_factory=list)  # of what it was asked
    seen: bytearray = field(default_factory=bytearray)  # what clients sent into its tunnels

    @property
    def asked_for(self) -> list[str]:
        """Host and port of each tunnel, or the whole first line of what was no CONNECT."""
        lines = [head.partition(b"\r\n")[0].decode() for head in self.heads]
        return [line.split()[1] if line.startswith("CONNECT ") else line for line in lines]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            if self.refuses_with is not None or not self.heads[-1].startswith(b"CONNECT "):
                status = self.refuses_with or 405
                writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)
                await writer.drain()
                writer.close()
                return
            behind = await asyncio.open_connection("127.0.0.1", self.port_behind)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _join((reader, writer), behind, self.seen)


@contextlib.asynccontextmanager
async def connect_proxy(port_behind: int) -> AsyncIterator[ConnectProxy]:
    proxy = ConnectProxy(port_behind)
    async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
        proxy.port = server.sockets[0].getsockname()[1]
        yield proxy


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _join(one: Stream, other: Stream, seen: bytearray | None = None) -> None:
    """Pass bytes both ways until either side ends."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                if seen is not None and reader is one[0]:
                    seen.extend(piece)
                writer.write(piece)
                await writer.drain()

    ways = [
        asyncio.create_task(pass_on(one[0], other[1])),
        asyncio.create_task(pass_on(other[0], one[1])),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for writer in (one[1], other[1]):
            writer.close()
