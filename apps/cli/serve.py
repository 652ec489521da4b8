"""The command that serves the REST API: serve."""

from ipaddress import ip_address
from typing import Annotated

import typer

from apps.cli.context import Json, cli
from apps.cli.number_options import whole_option
from apps.listening import HOST, PORT, Listening, check_listening

Host = Annotated[str, typer.Option()]
Port = Annotated[int, whole_option(least=1, most=65_535)]
Workers = Annotated[int, whole_option(least=1, most=64)]
Proxies = Annotated[str, typer.Option("--forwarded-allow-ips")]


def join(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(serve)


def serve(
    host: Host = HOST, port: Port = PORT, workers: Workers = 1, proxies: Proxies = "", json: Json = False
) -> None:
    """Serve the REST API until Ctrl-C."""
    listening = Listening(host, port, workers, proxies)
    with cli.store.looking():
        pass  # a store that does not exist or has another schema is refused here, and not by each worker
    cli.store.close()
    check_listening(listening)
    cli.err.print(cli.translate("serve.ready", api=listening.url), soft_wrap=True)
    if not _is_loopback(host):
        cli.err.print(cli.translate("serve.unencrypted"), soft_wrap=True)
    from apps.api.process import serve as serve_here  # takes a second, which a refusal need not

    serve_here(cli.settings.where, listening)
    cli.give({"stopped": True}, cli.translate("stopped"))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
