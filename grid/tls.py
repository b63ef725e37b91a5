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
        context.sslsocket_class = _TlsSocket
        if tls.certfile is not None:
            context.load_cert_chain(tls.certfile, tls.keyfile)
    except OSError as error:
        raise OSError(f"the files for TLS can't be used: {error.strerror or error}") from error
    return context


class _TlsSocket(ssl.SSLSocket):
    """A socket that does not outlive a failed handshake: paho leaves it to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise
