"""The names that a certificate is for."""

from pathlib import Path

from cryptography import x509

from grid.errors import SettingsError


def names_in(certfile: Path) -> frozenset[str]:
    """The DNS names and addresses of the first certificate in a PEM file. Raises SettingsError where it has none.

    They stand in its subject alternative name (RFC 5280, section 4.2.1.6): browsers look at nothing else.
    """
    try:
        certificate = x509.load_pem_x509_certificate(certfile.read_bytes())
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except OSError as error:
        raise SettingsError(f"http_certfile {certfile}: {error.strerror}") from None
    except (ValueError, x509.ExtensionNotFound):
        raise SettingsError(f"http_certfile {certfile} holds no certificate with names (PEM)") from None
    names = found.get_values_for_type(x509.DNSName)
    addresses = [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    return frozenset(name.lower() for name in [*names, *addresses])
