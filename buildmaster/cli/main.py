"""The `buildmaster` command: find the conf file, run one command, say in one line what went wrong."""

from errno import EPIPE
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from buildmaster import __version__
from buildmaster.cli.farm import Farm
from buildmaster.cli.nouns.account import account
from buildmaster.cli.nouns.arch import arch
from buildmaster.cli.nouns.archive import archive
from buildmaster.cli.nouns.audit import audit
from buildmaster.cli.nouns.build import build
from buildmaster.cli.nouns.builder import builder
from buildmaster.cli.nouns.chroot import chroot
from buildmaster.cli.nouns.codeimport import code_import
from buildmaster.cli.nouns.distribution import distribution
from buildmaster.cli.nouns.freezing import freeze, freezes, thaw
from buildmaster.cli.nouns.importsources import import_sources
from buildmaster.cli.nouns.machine import machine
from buildmaster.cli.nouns.pas import pas
from buildmaster.cli.nouns.processor import processor
from buildmaster.cli.nouns.queue import queue
from buildmaster.cli.nouns.series import series
from buildmaster.cli.nouns.source import source
from buildmaster.cli.nouns.upload import upload
from buildmaster.cli.running.buildd import buildd
from buildmaster.cli.running.demo import demo
from buildmaster.cli.running.doctor import doctor
from buildmaster.cli.running.importworker import import_worker
from buildmaster.cli.running.master import check_config, init, run
from buildmaster.errors import BuildmasterError

COMMANDS: tuple[click.Command, ...] = (
    check_config,
    init,
    run,
    doctor,
    demo,
    buildd,
    processor,
    distribution,
    series,
    arch,
    chroot,
    archive,
    freeze,
    thaw,
    freezes,
    builder,
    upload,
    import_sources,
    pas,
    source,
    queue,
    build,
    account,
    audit,
    code_import,
    machine,
    import_worker,
)


class Commands(click.Group):
    """A group whose failures are one line on stderr and the exit code 1; wrong usage is 2."""

    def invoke(self, context: click.Context) -> object:
        """Run the command that was asked for."""
        try:
            return super().invoke(context)
        except BuildmasterError as error:
            raise click.ClickException(str(error)) from error
        except DBAPIError as error:
            name = repr(context.obj.raw_transactions.engine.url)  # without its password
            raise click.ClickException(f"the database {name}: {error.orig}".partition("\n")[0]) from error
        except OSError as error:
            if error.errno == EPIPE:
                raise  # click ends quietly when nobody reads any more
            raise click.ClickException(_in_words(error)) from error


def _in_words(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)


@click.group(cls=Commands, commands=COMMANDS, context_settings={"max_content_width": 100})
@click.option("--config", "path", type=click.Path(path_type=Path), envvar="BUILDMASTER_CONF", help="The conf file.")
@click.version_option(__version__)
@click.pass_context
def buildmaster(context: click.Context, path: Path | None) -> None:
    """Look after the master of a build farm for Debian-style source packages."""
    if context.obj is None:
        context.obj = Farm(path)
        context.call_on_close(context.obj.close)


def main() -> None:
    """Run the command that the shell was given."""
    buildmaster(prog_name="buildmaster")
