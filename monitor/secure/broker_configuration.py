"""The text of a secure broker's mosquitto.conf: the workbench's limits, behind TLS."""

import re

from monitor.secure.parties import Credentials

PORT = 8883
"""Where MQTT over TLS is: registered with IANA as secure-mqtt."""

_OPEN_DOORS = frozenset({"listener", "allow_anonymous"})
"""Options of the workbench that are said otherwise here."""

_HEADER = """\
# The broker on a network: written by `grid-monitor secure`. Start Mosquitto in this folder, since the names of files
# are relative to it: mosquitto -c mosquitto.conf. Only options that Mosquitto 2.0 and 2.1 both know.

# Over TLS only: there is no other listener. Older versions than 1.2 are refused.
listener {port}
tls_version tlsv1.2
certfile broker.crt
keyfile broker.key
"""
_CERTIFICATES = """\
# Nobody enters without a certificate of this authority, and the name in it is the user name: 7 is turbine 7.
cafile ca.crt
require_certificate true
use_identity_as_username true
crlfile revoked.crl
allow_anonymous false
"""
_PASSWORDS = """\
# Nobody enters without a user name and its password: 7 is turbine 7.
password_file passwords
allow_anonymous false
"""
_RULES = """\
# Who may publish and hear what.
acl_file acl
"""
_LOG = """\
# Who comes, who goes, who is turned away, and what they listen to.
log_type error
log_type warning
log_type notice
log_type information
log_type subscribe
"""


def broker_configuration(workbench: str, credentials: Credentials, *, port: int = PORT) -> str:
    """The secure configuration, whose limits are those of the workbench's configuration, word by word.

    Raises ValueError if that has no place for what it keeps.
    """
    limits = [
        paragraph
        for paragraph in workbench.strip().split("\n\n")[1:]  # the first says what that file is for
        if not _OPEN_DOORS & set(re.findall(r"^(\w+)", paragraph, flags=re.MULTILINE))
    ]
    doors = _CERTIFICATES if credentials is Credentials.CERTIFICATES else _PASSWORDS
    text = "\n".join([_HEADER.format(port=port), doors, _RULES, *(f"{limit}\n" for limit in limits), _LOG])
    text, places = re.subn(r"^persistence_location .*$", "persistence_location ../data/", text, flags=re.MULTILINE)
    if places != 1:
        raise ValueError(f"the workbench's mosquitto.conf has {places} lines of persistence_location, expected one")
    return text
