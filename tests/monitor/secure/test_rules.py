"""The text of the access rules; what they come to is proven in test_rights.py."""

from grid.channels import CHANNELS, TURBINE
from monitor.secure.parties import MONITOR, SITE, VIEWER, parse_parties
from monitor.secure.rules import access_rules


def test_every_channel_of_the_contract_is_in_the_rules() -> None:
    rules = access_rules([MONITOR, VIEWER, *parse_parties(["substation-2"])], [])
    for channel in CHANNELS:
        topic = channel.address.replace("{turbine_number}", "+").replace("{controller_id}", "+")
        assert topic.replace("{alarm_id}", "+") in rules


def test_turbines_write_what_the_contract_says_that_turbines_publish() -> None:
    rules = access_rules([], []).splitlines()
    written = {line.removeprefix("pattern write ") for line in rules if line.startswith("pattern write ")}
    published = {channel.address for channel in CHANNELS if channel.publisher == TURBINE}
    assert written == {address.replace("{turbine_number}", "%u") for address in published}


def test_turbines_need_no_lines_of_their_own_and_servers_are_no_users() -> None:
    assert access_rules(parse_parties(["1-1000"]), []) == access_rules([], [])
    assert access_rules([SITE], [SITE]) == access_rules([], [])


def test_a_revoked_party_is_denied_everything_before_any_pattern() -> None:
    rules = access_rules([], parse_parties(["7", "substation-2"]))
    assert rules.count("topic deny #") == 2
    assert "user 7\ntopic deny #\n" in rules
