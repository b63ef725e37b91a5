"""The door to typer for both programs: options made from settings, and errors in one line."""

import inspect
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from functools import wraps
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TextIO, TypeVar, Union, get_args, get_origin

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from grid.errors import CommandError, ExitCode, SettingsError
from grid.settings import PREFIX, Settings

SettingsT = TypeVar("SettingsT", bound=Settings)


def run(app: typer.Typer, program: str) -> None:
    """Run a program's command line to its end; never returns. Errors that a user can mend are one line.

    So is what the operating system refuses, such as output on a full disk. A program that was started without a
    standard stream (`>&-`) writes to nowhere.
    """
    _open_missing_streams()
    try:
        _run_and_flush(app, program)
    except SettingsError as error:
        _leave(program, str(error), ExitCode.WRONG_USAGE)
    except CommandError as error:
        _leave(program, str(error), error.code)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except BrokenPipeError:  # what was still to be written at the end has no reader any more
        _forget(sys.stdout)
        sys.exit(ExitCode.FINE)
    except OSError as error:
        _forget(sys.stdout)
        _leave(program, _in_words(error), ExitCode.FAILED)
    except SystemExit as leaving:
        if isinstance(leaving.__context__, BrokenPipeError):  # typer calls it a failure that `head` has seen enough
            sys.exit(ExitCode.FINE)
        raise


def _run_and_flush(app: typer.Typer, program: str) -> None:
    try:
        app(prog_name=program)
    finally:
        sys.stdout.flush()


def _open_missing_streams() -> None:
    """Put the null device where a standard stream is closed: else the next file that is opened would take its place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, mode))


def _forget(stream: TextIO) -> None:
    """Send nowhere what is still to be written: it would fail once more when the interpreter ends."""
    with suppress(OSError):  # a stream in memory has no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _in_words(error: OSError) -> str:
    words = error.strerror or str(error)
    return f"{error.filename}: {words}" if error.filename else words


def _leave(program: str, sentence: str, code: ExitCode) -> None:
    try:
        print(f"{program}: {sentence}", file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        _forget(sys.stderr)
    sys.exit(code)


def with_settings(model: type[SettingsT]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command one option for each field of `model`, and call it with the settings as first argument.

    Field descriptions become help texts. Options given before a subcommand hold for the subcommand too. Other
    parameters of the command stay as they are. A secret has no option: the list of processes would show it.
    """
    options = {name: field for name, field in model.model_fields.items() if not _is_secret(field)}

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        own = list(inspect.signature(command).parameters.values())[1:]

        @wraps(command)
        def wrapper(*, ctx: typer.Context, config: Path | None, **arguments: Any) -> Any:
            given = {name: arguments.pop(name) for name in options}
            flags = ctx.meta.setdefault("grid.flags", {})
            flags.update({name: value for name, value in given.items() if value is not None})
            flags.update({} if config is None else {"config": config})
            known = {name: value for name, value in flags.items() if name in model.model_fields}
            if "ctx" in takes:
                arguments["ctx"] = ctx
            return command(model.load(known, flags.get("config")), **arguments)

        takes = {parameter.name for parameter in own}
        keyword_only = inspect.Parameter.KEYWORD_ONLY
        parameters = [inspect.Parameter("ctx", keyword_only, annotation=typer.Context)]
        parameters += [parameter.replace(kind=keyword_only) for parameter in own if parameter.name != "ctx"]
        parameters += [_option(name, field) for name, field in options.items()]
        parameters.append(_CONFIG)
        wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return wrapper

    return decorate


_CONFIG = inspect.Parameter(
    "config",
    inspect.Parameter.KEYWORD_ONLY,
    default=None,
    annotation=Annotated[
        Path | None,
        typer.Option("--config", help="TOML file with settings; else GRID_CONFIG, else grid.toml.", show_default=False),
    ],
)


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in (field.annotation, *get_args(field.annotation))


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    flag = "--" + name.replace("_", "-")
    kind = _plain_type(field.annotation)
    declaration = f"{flag}/--no-{flag[2:]}" if kind is bool else flag
    default = field.get_default()
    shown = "" if default in (None, False, "") else f" Default: {getattr(default, 'value', default)}."
    option = typer.Option(
        declaration, help=f"{field.description or ''}{shown} [{PREFIX}{name.upper()}]", show_default=False
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )


def _plain_type(annotation: Any) -> Any:
    """The type that typer parses; what it can't, stays text for pydantic."""
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not NoneType)
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if isinstance(annotation, type) and (annotation in (int, float, bool, Path) or issubclass(annotation, Enum)):
        return annotation
    return str
