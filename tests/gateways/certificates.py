"""Makes certificates for the tests: an authority, and servers that it vouches for or that vouch for themselves."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Certificate:
    """A certificate with its private key; ``pem`` is both, ``public`` the certificate alone."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def public(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + self.public

    def server_context(self, folder: Path) -> ssl.SSLContext:
        """Return the TLS side of a server with this certificate."""
        file = folder / f"{self.certificate.serial_number}.pem"
        file.write_bytes(self.pem)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        return context


def authority(now: datetime) -> Certificate:
    """Return an authority of one's own."""
    return _made(now, "Authority of the tests", (), now + YEAR, None, is_authority=True)


def server(now: datetime, *names: str, by: Certificate | None, until: datetime | None = None) -> Certificate:
    """Return a server's certificate for names or addresses; without an authority it is signed by itself."""
    return _made(now, names[0], names, until or now + YEAR, by, is_authority=False)


def _made(
    now: datetime, subject: str, names: tuple[str, ...], until: datetime, by: Certificate | None, *, is_authority: bool
) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    issuer, signer = (name, key) if by is None else (by.certificate.subject, by.key)
    signer_public = signer.public_key()
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 2 * YEAR)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer_public), critical=False)
    )
    if is_authority:
        usage = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        built = built.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
    if names:
        built = built.add_extension(x509.SubjectAlternativeName([_alternative(each) for each in names]), critical=False)
    return Certificate(built.sign(signer, hashes.SHA256()), key)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
