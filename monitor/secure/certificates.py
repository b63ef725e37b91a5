"""A certificate authority of our own, after RFC 5280: the only module that knows the cryptography library."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LASTS = timedelta(days=3650)
CERTIFICATE_LASTS = timedelta(days=365)
CLOCKS_MAY_BE_BEHIND = timedelta(hours=1)
"""A certificate holds from a while before it was made, for machines whose clocks are late."""

_ORGANISATION = "Grid wind farm"
_HOST_NAME = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)*"
)
_LONGEST_COMMON_NAME = 64
"""By RFC 5280, appendix A. Hosts have longer names: those count that stand in the subject alternative name."""

_KEY_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Certified:
    """A new key with its certificate, both PEM."""

    certificate: bytes
    key: bytes = field(repr=False)
    serial: str
    """In hexadecimal digits."""
    expires_at: datetime


class Authority:
    """Signs certificates and the list of those that were revoked. Keys are on the curve P-256."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self._certificate = certificate

    @classmethod
    def create(cls, now: datetime) -> Self:
        """A new one, which signs certificates of clients and servers, but of no further authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Grid certificate authority")
        builder = _builder(name, key.public_key(), name, now, now + AUTHORITY_LASTS)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_key_usage("key_cert_sign", "crl_sign"), critical=True)
        builder = builder.add_extension(_issued_by(key), critical=False)
        return cls(key, builder.sign(key, SHA256()))

    @classmethod
    def load(cls, certificate: bytes, key: bytes) -> Self:
        """One from its files, PEM. Raises ValueError for files that are none, or do not belong together."""
        try:
            loaded = load_pem_private_key(key, password=None)
            own = x509.load_pem_x509_certificate(certificate)
        except (TypeError, ValueError):  # of the library, which sends its reader to a page of questions
            raise ValueError("the authority's key or certificate is damaged") from None
        if not isinstance(loaded, ec.EllipticCurvePrivateKey) or loaded.public_key() != own.public_key():
            raise ValueError("the authority's key and certificate do not belong together")
        return cls(loaded, own)

    @property
    def certificate(self) -> bytes:
        """What everybody trusts, PEM."""
        return self._certificate.public_bytes(Encoding.PEM)

    @property
    def key(self) -> bytes:
        """Whoever has it can make certificates of anybody, PEM."""
        return _private_pem(self._key)

    def require_valid(self, now: datetime) -> None:
        """Raises ValueError where nobody would take what it signs now: before its beginning, and from its end on."""
        begins_at, ends_at = self._certificate.not_valid_before_utc, self._certificate.not_valid_after_utc
        if now < begins_at:
            raise ValueError(f"by this machine's clock it is {now:%Y-%m-%d}, before the authority was made: set it")
        if now >= ends_at:
            raise ValueError(f"the authority ended on {ends_at:%Y-%m-%d}: make a new folder, and hand everything out")

    def certify_client(self, name: str, now: datetime) -> Certified:
        """A certificate by which a client shows that it is `name`."""
        return self._certify(name, now, ExtendedKeyUsageOID.CLIENT_AUTH)

    def certify_server(self, name: str, hosts: Iterable[str], now: datetime) -> Certified:
        """A certificate of whoever answers at these names and addresses. Raises ValueError for what is neither."""
        return self._certify(name, now, ExtendedKeyUsageOID.SERVER_AUTH, [general_name(host) for host in hosts])

    def _certify(
        self, name: str, now: datetime, purpose: x509.ObjectIdentifier, hosts: list[x509.GeneralName] | None = None
    ) -> Certified:
        key = ec.generate_private_key(ec.SECP256R1())
        expires_at = min(now + CERTIFICATE_LASTS, self._certificate.not_valid_after_utc)
        builder = _builder(_name(name), key.public_key(), self._certificate.subject, now, expires_at)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage("digital_signature"), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        builder = builder.add_extension(_issued_by(self._key), critical=False)
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        signed = builder.sign(self._key, SHA256())
        return Certified(
            signed.public_bytes(Encoding.PEM),
            _private_pem(key),
            f"{signed.serial_number:X}",
            signed.not_valid_after_utc,
        )

    def revocation_list(self, revoked: Iterable[tuple[str, datetime]], number: int, now: datetime) -> bytes:
        """The list of revoked serials and since when, PEM; each list has a higher number than the one before.

        It holds as long as the authority, and from a while before it was made: brokers refuse everybody when by
        their clock their list is out of date, or of the future.
        """
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=self._certificate.subject,
            last_update=now - CLOCKS_MAY_BE_BEHIND,
            next_update=max(self._certificate.not_valid_after_utc, now + timedelta(days=1)),
        )
        builder = builder.add_extension(_issued_by(self._key), critical=False)
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
        for serial, since in revoked:
            entry = x509.RevokedCertificateBuilder(int(serial, 16), since)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM)


def general_name(host: str) -> x509.GeneralName:
    """A host's name or address as it stands in a certificate.

    Raises ValueError for what is neither, and for an address at which nobody is reached.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if _HOST_NAME.fullmatch(host) and not host.rpartition(".")[2].isdigit():  # or it is a mistyped address
            return x509.DNSName(host)
        raise ValueError(f"{host!r} is no name of a host, and no address{_instead(host)}") from None
    if address.is_unspecified or address.is_multicast or "%" in host:
        raise ValueError(f"{host} is no address by which others reach this machine")
    return x509.IPAddress(address)


def _instead(host: str) -> str:
    """What a person may have meant."""
    if not host.isascii():
        return ": write it in ASCII (xn--...)"
    return ": without a port and brackets, please" if re.search(r"[]:]", host) else ""


def names_in(certificate: bytes) -> frozenset[str]:
    """The DNS names and addresses, in lower case, that the first certificate in a PEM text is for.

    They stand in its subject alternative name (RFC 5280, section 4.2.1.6): browsers look at nothing else. Raises
    ValueError where there is no certificate, and for one without such names.
    """
    try:
        extensions = x509.load_pem_x509_certificate(certificate).extensions
        found = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise ValueError("the certificate names no host") from None
    addresses = [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    return frozenset(name.lower() for name in [*found.get_values_for_type(x509.DNSName), *addresses])


def expires_at(certificate: bytes) -> datetime:
    """When the first certificate of a PEM file ends. Raises ValueError if there is none."""
    return x509.load_pem_x509_certificate(certificate).not_valid_after_utc


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, issuer: x509.Name, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(
        issuer, subject, key, x509.random_serial_number(), now - CLOCKS_MAY_BE_BEHIND, until
    )
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:_LONGEST_COMMON_NAME]),
        ]
    )


def _issued_by(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _key_usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in allowed for usage in _KEY_USAGES})


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
