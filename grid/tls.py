"""TLS 1.2 or later, from the files that say whom to trust and who we are."""

import ssl

from grid.broker import Tls


def tls_context(tls: Tls | None) -> ssl.SSLContext | None:
    """TLS 1.2 or later with these files; None for a connection without TLS. Raises OSError for unusable files."""
    if tls is None:
        return None
    try:
        context = ssl.create_default_context(cafile=tls.cafile)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslsocket_class = TlsSocket
        if tls.certfile is not None:
            context.load_cert_chain(tls.certfile, tls.keyfile, password=_no_password)
    except OSError as error:
        raise OSError(f"the files for TLS can't be used: {_why(error, tls)}") from error
    return context


def _why(error: OSError, tls: Tls) -> str:
    """What is wrong with the files, which OpenSSL says in words of its own, or not at all."""
    if not isinstance(error, ssl.SSLError):
        return error.strerror or str(error)
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"the key in {tls.keyfile} is not that of the certificate in {tls.certfile}"
    if error.reason == "NO_CERTIFICATE_OR_CRL_FOUND" or tls.certfile is None:
        return f"there is no certificate in {tls.cafile}"
    if tls.keyfile is None:
        return f"there is no certificate with its key in {tls.certfile}: name the file of the key with --keyfile"
    return f"there is no certificate in {tls.certfile}, or no key in {tls.keyfile}"


def _no_password() -> str:
    """Keep OpenSSL from asking for a password on the terminal: a program that runs alone would wait for ever."""
    raise OSError("the key is encrypted: give one without a password")


class TlsSocket(ssl.SSLSocket):
    """A socket that does not outlive a failed handshake: paho leaves it to the garbage collector.

    It also remembers over what it broke, which paho keeps to itself: in TLS 1.3 a broker says only after the
    handshake that it does not take our certificate (RFC 8446, section 4.6.2 and appendix E.1.2).
    """

    failure: OSError | None = None

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands, or close."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Read, and remember what fails."""
        try:
            return super().recv(buflen, flags)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):  # nothing is wrong
            raise
        except OSError as error:
            self.failure = error
            raise
