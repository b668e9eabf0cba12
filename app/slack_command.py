"""The command `footnote slack`: runs the bot, or prints what has to be set in Slack."""

import click

from core.command_line import common_options
from core.errors import ConfigError, UsageError
from core.settings import Settings


@click.command()
@click.option(
    "--socket", "by_socket", is_flag=True, help="Ask Slack for a connection (Socket Mode)."
)
@click.option(
    "--http",
    "port",
    type=click.IntRange(0, 65_535),
    metavar="PORT",
    help="Take Slack's requests on a port.",
)
@click.option(
    "--host", default="127.0.0.1", metavar="ADDRESS", help="Address to listen on with --http."
)
@click.option(
    "--init", "as_steps", is_flag=True, help="Print the app's manifest and what to do with it."
)
@common_options
def slack(
    settings: Settings, as_json: bool, by_socket: bool, port: int | None, host: str, as_steps: bool
) -> None:
    """Start the Slack bot; without a choice, by Socket Mode where there is a token for it."""
    if [by_socket, port is not None, as_steps].count(True) > 1:
        raise UsageError("Choose one of --socket, --http PORT and --init.")
    try:
        import slack_bolt  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "The Slack bot is not installed. Install it with `pip install 'footnote[slack]'`."
        ) from error
    if as_steps:
        _print_steps(settings, as_json=as_json)
        return
    if port is None and not by_socket and settings.slack.app_token is None:
        raise UsageError(
            "Say how Slack reaches the bot: set FOOTNOTE_SLACK__APP_TOKEN for Socket Mode, or use --http PORT. "
            "`footnote slack --init` prints what has to be set in Slack."
        )
    from app.bootstrap import open_application
    from app.slack.runtime import run_http, run_socket

    application = open_application(settings, "slack")
    try:
        if port is None:
            run_socket(settings, application)
        else:
            run_http(settings, application, host, port)
    finally:
        application.service.close()


def _print_steps(settings: Settings, *, as_json: bool) -> None:
    from app.slack.manifest import manifest, setup_steps
    from core.command_line import print_json

    if as_json:
        print_json(manifest(settings))
    else:
        click.echo(setup_steps(settings), nl=False)
