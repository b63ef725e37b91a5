"""The OpenAPI document of the API, as `docs/openapi.json` holds it: `python -m monitor.web.openapi docs/openapi.json`.

FastAPI writes it from the routes and models; here it gets what these can't say. The same routes give the same bytes.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.access.access import COOKIE
from monitor.access.roles import Scope
from monitor.web import problems
from monitor.web.api.examples import EXAMPLES

Document = dict[str, Any]

DESCRIPTION = """\
What a wind farm's monitor knows and does, for programs.

Times are ISO 8601 in UTC; energy is in kWh, power in kW, wind in m/s. Lists come a page at a time: ask again with
`cursor` set to `next_cursor` until that is null. A query may hold only the names that are told here. What goes wrong
is told as a problem document (RFC 9457). On loopback nobody is asked who it is, unless `--http-key-file` is given;
elsewhere everybody is: programs bring a bearer token, people sign in."""

TAGS = {
    "farm": "The farm at a glance: totals, engineers, the waiting line.",
    "turbines": "Each turbine as the monitor sees it now.",
    "readings": "What turbines measured: one by one, averaged for charts, as a power curve; and a door for more.",
    "windows": "What turbines, regions and the farm came to: minutes, quarter hours, hours, days.",
    "outages": "What was out, from when to when, and what it cost; and a door for reports.",
    "repairs": "Incidents, visits, and each decision with its cause.",
    "baselines": "What is normal for each turbine, and what was found that is not.",
    "availability": "How available turbines were, by time and by energy, and how often they failed.",
    "alarms": "What asks a person to act, and what people did about it.",
    "notifications": "Who was told of which alarm, and whether it arrived.",
    "dead letters": "What was refused, and why.",
    "audit": "Who ordered what, and who came in.",
    "orders": "What a person wants of a turbine's repairs.",
    "live": "The farm as it changes.",
    "session": "Signing in and out, on a site that asks who one is.",
    "operations": "Health and metrics.",
}

_PROBLEMS = {
    "401": ("Stranger", "This site asks who you are, and it is not known."),
    "403": ("NotAllowed", "You may not do this: the document says which scope or role it asks for."),
    "404": ("NotFound", "What the address names is not there."),
    "422": ("NotValid", "Something in the address, the query or the body is not as described here."),
    "429": ("TooMany", "You ask too often: `Retry-After` says when the next question is answered."),
    "503": ("Unavailable", "The database, or the monitor, can't be reached or takes too long: try again."),
}
_METHODS = ("get", "post", "put", "patch", "delete")
_API = "/api/v1/"


def finish(document: Document, scopes: Mapping[tuple[str, str], Scope | None]) -> Document:
    """Say in a document of FastAPI what it can't know: tags in words, access, and what problems look like.

    `scopes` tells by method and path what each route asks for; others ask for nothing.
    """
    info = {**document["info"], "description": DESCRIPTION, "license": {"name": "MIT", "identifier": "MIT"}}
    paths = {path: _with_problems(path, operations, scopes) for path, operations in document["paths"].items()}
    used = {tag for operations in paths.values() for one in operations.values() for tag in one.get("tags", ())}
    return {
        **document,
        "info": info,
        "tags": [{"name": name, "description": text} for name, text in TAGS.items() if name in used],
        "paths": paths,
        "components": _components(document.get("components", {})),
    }


def _components(components: Document) -> Document:
    schemas = {
        name: {**schema, "examples": [EXAMPLES[name]]} if name in EXAMPLES else schema
        for name, schema in components.get("schemas", {}).items()
    }
    return {
        **components,
        "schemas": {**schemas, "Problem": problems.SCHEMA},
        "responses": {name: _problem(text) for name, text in _PROBLEMS.values()},
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "description": "Of `grid-monitor token create`."},
            "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Of a sign-in."},
        },
    }


def _problem(description: str) -> Document:
    return {"description": description, "content": problems.RESPONSES["default"]["content"]}


def _with_problems(path: str, operations: Document, scopes: Mapping[tuple[str, str], Scope | None]) -> Document:
    return {
        method: _operation(path, operation) | {"security": _security((method, path), scopes)}
        if method in _METHODS
        else operation
        for method, operation in operations.items()
    }


def _security(route: tuple[str, str], scopes: Mapping[tuple[str, str], Scope | None]) -> list[Document]:
    """What opens a route: nothing where nobody is asked, else a token of the scope, or a session of the role."""
    if route not in scopes:
        return []
    scope = scopes[route]
    token, session = ([], []) if scope is None else ([scope.value], [scope.role.word])
    return [{}, {"bearer": token}, {"session": session}]


def _operation(path: str, operation: Document) -> Document:
    found = {**operation, "responses": _responses(path, operation)}
    if "parameters" in found:
        found["parameters"] = [_parameter(parameter) for parameter in found["parameters"]]
    return found


def _responses(path: str, operation: Document) -> Document:
    """The responses of a route of the API, with the problems that any of them may meet."""
    responses: Document = operation["responses"]
    if not path.startswith(_API):
        return responses
    usual = {status: {"$ref": f"#/components/responses/{name}"} for status, (name, _) in _PROBLEMS.items()}
    if "{" not in path:
        del usual["404"]
    return dict(sorted({**usual, **responses}.items()))


def _parameter(parameter: Document) -> Document:
    """A parameter whose schema is that of its value: null is for what is left out, and no address can say it."""
    schema = parameter["schema"]
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return parameter
    return {**parameter, "schema": {**kinds[0], **{key: value for key, value in schema.items() if key != "anyOf"}}}


def text() -> str:
    """The text of the document."""
    from monitor.site_settings import SiteSettings
    from monitor.web.app import create_app
    from monitor.web.monitor_link import MonitorLink
    from monitor.web.readers import Readers
    from monitor.web.site import Site

    nowhere = Path()
    app = create_app(Site(SiteSettings(data_dir=nowhere), Readers(nowhere), MonitorLink(nowhere)))
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
