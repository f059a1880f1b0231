"""Run the review app on this machine until Ctrl-C."""

from __future__ import annotations

import gc
import ipaddress
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from ..errors import InputError, LibraryMissingError
from ..pipeline import Review
from ..progress import Say, say_nothing
from .access import Guarded, allowed_hosts, new_token
from .config import ReviewConfig

_LISTENING = 128

_NOT_ENCRYPTED = (
    "Warning: HTTP is not encrypted. Whoever sees the traffic of this network sees the pictures, and may judge them."
)


def serve_review(config: ReviewConfig, say: Say = say_nothing) -> None:
    """Serve the review of an output folder until the process is interrupted; ``say`` gets the address to open.

    Raises
    ------
    LibraryMissingError
        The extra ``review`` is not installed.
    InputError
        The port is in use, the address is not one of this machine, or ``--host`` lacks ``--allow-host``; or it is no
        output folder.
    OutputError
        Another run works in the folder, or it cannot be written.
    VerdictsError
        The file of verdicts cannot be used.
    """
    uvicorn = _import_uvicorn()
    from .app import review_app
    from .rendering import compile_templates

    is_local = _is_local(config.host)
    if not is_local and not config.allow_host:
        raise InputError(
            f"--host {config.host} lets other machines in: name this one as their browsers will call it, with "
            "--allow-host NAME. HTTP is not encrypted."
        )
    threading.Thread(target=compile_templates, name="templates", daemon=True).start()  # while pictures are read
    with (
        closing(_listening(config.host, config.port)) as listening,
        closing(Review(config.output, read_only=config.read_only, say=say)) as review,
    ):
        port, token = listening.getsockname()[1], new_token()
        guarded = Guarded(
            review_app(review), allowed_hosts(port, config.allow_host), token, f"image-tagging-review-{port}"
        )
        name = config.allow_host[0] if config.allow_host else "[::1]" if ":" in config.host else "127.0.0.1"
        if not is_local:
            say(_NOT_ENCRYPTED)
        if config.read_only:
            say("Read-only: no verdict is kept.")
        settings = uvicorn.Config(
            guarded,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
        )
        server = uvicorn.Server(settings)
        with _ended_by_ctrl_c(server), _never_looked_through():
            say(f"Open http://{name}:{port}/?token={token} (Ctrl-C ends; what was judged is kept)")
            server.run(sockets=[listening])
        say("Ended. What was judged is kept.")


@contextmanager
def _ended_by_ctrl_c(server: Any) -> Iterator[None]:
    """Have Ctrl-C end a server, from now on and not only once it runs.

    Python would raise KeyboardInterrupt wherever the main thread is just then. In what it runs when an object is freed
    that is printed and ignored, and the server would never end.
    """

    def end(number: int, frame: Any) -> None:
        server.should_exit = True

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _never_looked_through() -> Iterator[None]:
    """Have Python not look for cycles in what is there by now: in a million pictures each look takes seconds."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _import_uvicorn() -> Any:
    try:
        import jinja2  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn
    except ImportError as error:
        raise LibraryMissingError(
            f"image-tagging review needs Starlette, uvicorn and Jinja2, and one cannot be imported ({error}). Install "
            "them: pip install 'image-tagging-tools[review]'"
        ) from error
    return uvicorn


def _is_local(host: str) -> bool:
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address, before anything else is done; InputError where that cannot be."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(f"--host {host} is no address of this machine ({error.strerror or error}).") from error
    try:
        if not hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # on Windows two programs would then share the port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_LISTENING)
    except OSError as error:
        listening.close()
        raise InputError(
            f"cannot listen at {host} port {port} ({error.strerror or error}): is a review open there already? Give "
            "another --port, or --port 0 for any."
        ) from error
    return listening
