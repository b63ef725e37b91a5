"""What the pages' process tells of its guards: refusals as they are counted, certificates as they lie there."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from guests import Guests, bearer, cookie
from measured import values_of
from people import PASSWORD
from sites import asking, site_app

from grid.times import from_datetime
from monitor.access.roles import Role, Scope
from monitor.secure.certificates import Authority, expires_at
from monitor.site_settings import SiteSettings
from monitor.web.operations.guarded import certificates_of


async def test_each_refusal_is_counted_by_its_reason(tmp_path: Path) -> None:
    guests = Guests(tmp_path)
    prometheus = guests.token(Scope.METRICS)
    app = site_app(tmp_path, **guests.settings)
    async with asking(app) as client:

        async def refused(reason: str) -> float:
            text = (await client.get("/metrics", headers=bearer(prometheus))).text
            return values_of(text)[reason]

        before = [await refused(f'grid_requests_refused_total{{reason="{one}"}}') for one in ("nothing", "garbled")]
        await client.get("/api/v1/farm")
        await client.get("/api/v1/farm", headers=bearer("no token at all"))
        await client.get("/api/v1/audit", headers=cookie(guests.session(Role.VIEWER)))
        await client.get("/metrics", headers=bearer(guests.expired(prometheus)))
        for password in ("wrong", PASSWORD):
            origin = {"Origin": "http://localhost:8787"}
            await client.post("/api/v1/session", json={"name": "viewer", "password": password}, headers=origin)
        assert before == [0, 0]
        for reason in ("nothing", "garbled", "scope", "expired"):
            assert await refused(f'grid_requests_refused_total{{reason="{reason}"}}') == 1, reason
        assert await refused('grid_sign_ins_refused_total{reason="wrong"}') == 1


def test_the_end_of_a_certificate_is_read_anew_and_one_that_is_none_is_left_out(tmp_path: Path) -> None:
    pages, broken = tmp_path / "site.crt", tmp_path / "client.crt"
    broken.write_text("no certificate")
    settings = SiteSettings(http_certfile=pages, certfile=broken, cafile=tmp_path / "missing.crt")
    assert certificates_of(settings) == {}
    today = datetime(2026, 11, 21, tzinfo=UTC)
    authority = Authority.create(today)
    for day in (today, today + timedelta(days=200)):
        certified = authority.certify_server("site", ["localhost"], day)
        pages.write_bytes(certified.certificate)
        assert certificates_of(settings) == {"pages": from_datetime(expires_at(certified.certificate))}
