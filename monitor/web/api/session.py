"""Who is signed in: signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.requests import Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from monitor.access.identity import Identity, IdentityKind
from monitor.access.passwords import LONGEST_PASSWORD
from monitor.access.refusals import SignInRefusedError, ThrottledError
from monitor.access.roles import Scope
from monitor.web.access import CHALLENGE, TheIdentity, address_of, require_anyone, require_somebody, session_cookie
from monitor.web.api.documents import Document, Time
from monitor.web.closed_site import FORGET_COOKIE, keep_cookie
from monitor.web.problems import RESPONSES, Problem
from monitor.web.site import TheSite

LONGEST_NAME = 64

router = APIRouter(prefix="/api/v1/session", tags=["session"])


class SignInBody(BaseModel):
    """Who signs in."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    """The user's name."""
    password: Annotated[SecretStr, Field(min_length=1, max_length=LONGEST_PASSWORD)]
    """Their password."""


class Session(Document):
    """Who asks, and what they may do."""

    kind: IdentityKind
    """`user` for who signed in, `token` for a program, `neighbour` on a site that asks nobody."""
    name: str
    """Of the user or the token; empty where nobody is asked."""
    role: str
    """`viewer`, `operator`, `engineer` or `admin`; for a token the least role that holds its scopes."""
    scopes: list[Scope]
    """What they may do."""
    expires_at: Time | None
    """When that ends, unless it is renewed; null where nobody is asked."""
    sign_in: bool
    """Whether this site asks who one is."""


_SIGN_IN_RESPONSES: dict[int | str, dict[str, object]] = {
    401: {**RESPONSES["default"], "description": "The name or the password is wrong."},
    409: {**RESPONSES["default"], "description": "This site asks nobody who it is."},
    429: {**RESPONSES["default"], "description": "Too many attempts: `Retry-After` says when the next is looked at."},
}


@router.post(
    "",
    operation_id="sign_in",
    summary="Sign in",
    response_model=Session,
    responses=_SIGN_IN_RESPONSES,
    dependencies=[Depends(require_anyone())],
)
async def sign_in(request: Request, site: TheSite, body: SignInBody) -> JSONResponse:
    """Open a session of 15 minutes, which slides while it is used, in the cookie `__Host-grid`."""
    if site.door.is_open:
        raise Problem(409, "Open site", "This site asks nobody who it is: there is nothing to sign in to.")
    try:
        session = await site.door.sign_in(body.name, body.password.get_secret_value(), address_of(request))
    except SignInRefusedError:
        detail = "The name or the password is wrong."
        raise Problem(401, "Not signed in", detail, headers={"www-authenticate": CHALLENGE}) from None
    except ThrottledError as error:
        detail = f"Too many attempts to sign in: wait {_in_words(error.retry_after)}."
        raise Problem(429, "Too many attempts", detail, headers={"retry-after": str(error.retry_after)}) from None
    answer = JSONResponse(_document(session.identity, sign_in=True).model_dump(mode="json"))
    answer.headers["set-cookie"] = keep_cookie(session)
    _never_kept(answer)
    return answer


@router.get("", operation_id="get_session", summary="Who one is", dependencies=[Depends(require_somebody())])
async def get_session(site: TheSite, who: TheIdentity, response: Response) -> Session:
    """Tell who asks, by a session or a token, and what they may do; a stranger gets 401."""
    _never_kept(response)
    return _document(who, sign_in=not site.door.is_open)


@router.delete(
    "", operation_id="sign_out", summary="Sign out", status_code=204, dependencies=[Depends(require_anyone())]
)
async def sign_out(request: Request, site: TheSite) -> Response:
    """End the session, its renewals and the channels that it opened."""
    cookie = session_cookie(request)
    if cookie is not None and not site.door.is_open:
        await site.door.sign_out(cookie, address_of(request))
    return Response(status_code=204, headers={"set-cookie": FORGET_COOKIE, "cache-control": "no-store"})


def _document(who: Identity, *, sign_in: bool) -> Session:
    return Session.model_validate(
        {
            "kind": who.kind,
            "name": who.name,
            "role": who.role.word,
            "scopes": sorted(who.scopes),
            "expires_at": who.expires_at,
            "sign_in": sign_in,
        }
    )


def _in_words(seconds: int) -> str:
    return f"{seconds} s" if seconds < 2 * 60 else f"{-(-seconds // 60)} minutes"


def _never_kept(response: Response) -> None:
    response.headers["cache-control"] = "no-store"
