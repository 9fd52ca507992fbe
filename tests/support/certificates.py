"""A certificate authority of the tests' own, and certificates that are wrong in one way."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Kind = Literal["good", "self-signed", "other host", "expired", "not yet valid"]
WRONG: tuple[Kind, ...] = ("self-signed", "other host", "expired", "not yet valid")
_DAY = timedelta(days=1)


class Authority:
    """Signs certificates for 127.0.0.1; `bundle` is what a client trusts it by."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Test Authority")
        own = self._builder(self._name, self._key.public_key(), -_DAY, _DAY, self._name)
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.bundle = folder / "authority.pem"
        self.bundle.write_bytes(_pem(own.sign(self._key, hashes.SHA256())))

    def server_context(self, kind: Kind) -> ssl.SSLContext:
        """Return what a server that listens at 127.0.0.1 speaks TLS with."""
        key = ec.generate_private_key(ec.SECP256R1())
        begin, end = {"expired": (-2 * _DAY, -_DAY), "not yet valid": (_DAY, 2 * _DAY)}.get(
            kind, (-_DAY, _DAY)
        )
        own = _name("server")
        issuer = own if kind == "self-signed" else self._name
        builder = self._builder(own, key.public_key(), begin, end, issuer)
        host = x509.IPAddress(ip_address("127.0.0.2" if kind == "other host" else "127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([host]), critical=False)
        signer = key if kind == "self-signed" else self._key
        file = self._folder / f"{kind}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        file.write_bytes(secret + _pem(builder.sign(signer, hashes.SHA256())))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    @staticmethod
    def _builder(
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        begin: timedelta,
        end: timedelta,
        issuer: x509.Name,
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer)
        builder = builder.public_key(key).serial_number(x509.random_serial_number())
        return builder.not_valid_before(now + begin).not_valid_after(now + end)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
