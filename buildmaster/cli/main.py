"""The `buildmaster` command: find the conf file, run one command, say in one line what went wrong."""

from errno import EPIPE
from pathlib import Path

import click

from buildmaster import __version__
from buildmaster.cli.later import Later
from buildmaster.errors import BuildmasterError

COMMANDS = (
    Later(
        "check-config",
        "running.master:check_config",
        "Print every mistake in the conf file, each as FILE:LINE: KEY: what is wrong.",
    ),
    Later(
        "init",
        "running.master:init",
        "Make the farm's folders, and its database, or bring that to this version; may be repeated.",
    ),
    Later("run", "running.master:run", "Run the daemon in the foreground."),
    Later("doctor", "running.doctor:doctor", "Check the farm; say what is wrong and what to do."),
    Later(
        "demo",
        "running.demo:demo",
        "Build real packages on a farm of its own in a temporary folder, and tell what happens.",
    ),
    Later("buildd", "running.buildd:buildd", "Run build slaves in the foreground, for those who have none yet."),
    Later("processor", "nouns.processor:processor", "Add and list processors: the kinds of CPU."),
    Later("distribution", "nouns.distribution:distribution", "Add and list distributions, such as ubuntu."),
    Later("series", "nouns.series:series", "Add, change and list series, such as ubuntu/hoary."),
    Later("arch", "nouns.arch:arch", "Add and list architectures: ubuntu/hoary/i386."),
    Later("chroot", "nouns.chroot:chroot", "Set, remove and list the chroots that builds are made in."),
    Later("archive", "nouns.archive:archive", "Add, change and show archives."),
    Later("freeze", "nouns.freezing:freeze", "Dispatch nothing until `thaw`."),
    Later("thaw", "nouns.freezing:thaw", "Dispatch again what `freeze` stopped."),
    Later("freezes", "nouns.freezing:freezes", "List what is frozen, since when and why."),
    Later("builder", "nouns.builder:builder", "Add, change, watch and mend builders: the build machines."),
    Later(
        "upload",
        "nouns.upload:upload",
        "Take in FILE, the .changes or .dsc of a source package, with the files that it lists.",
    ),
    Later(
        "import-sources",
        "nouns.importsources:import_sources",
        "Publish the sources of an apt index (`Sources`, plain, .gz or .xz), and make the builds that they want.",
    ),
    Later("pas", "nouns.pas:pas", "Show and check Packages-arch-specific files."),
    Later("source", "nouns.source:source", "List, delete and copy the publications of sources."),
    Later("queue", "nouns.queue:queue", "Look at the queue: what waits to be built, and why."),
    Later("build", "nouns.build:build", "List, show, retry, rescore and cancel builds."),
    Later("account", "nouns.account:account", "Say who may do what over HTTP, and gets mail."),
    Later("audit", "nouns.audit:audit", "List who did what to the farm, newest first."),
    Later(
        "code-import", "nouns.codeimport:code_import", "Import repositories from elsewhere into git, again and again."
    ),
    Later("machine", "nouns.machine:machine", "Look after the machines that run code imports."),
    Later(
        "import-worker",
        "running.importworker:import_worker",
        "Ask for code imports and run them, in the foreground; the limits are those of the conf file.",
    ),
)


class Commands(click.Group):
    """A group whose failures are one line on stderr and the exit code 1; wrong usage is 2."""

    def invoke(self, context: click.Context) -> object:
        """Run the command that was asked for."""
        try:
            return super().invoke(context)
        except BuildmasterError as error:
            raise click.ClickException(str(error)) from error
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
    context.obj = path


def main() -> None:
    """Run the command that the shell was given."""
    buildmaster(prog_name="buildmaster")
