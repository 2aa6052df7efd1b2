"""What is told of a code import: that it is new, that it was reviewed, that it fails."""

from dataclasses import dataclass

from buildmaster.farm.codeimports.jobs import ImportFacts
from buildmaster.farm.codeimports.states import ReviewStatus
from buildmaster.farm.text.redacting import without_credentials

SENTENCES = {
    ReviewStatus.NEW: "It waits for a review.",
    ReviewStatus.REVIEWED: "It is approved and will start shortly.",
    ReviewStatus.SUSPENDED: "It is suspended.",
    ReviewStatus.INVALID: "It is marked as invalid.",
    ReviewStatus.FAILING: "It failed too often in a row and is run no more, until somebody approves it again.",
}


@dataclass(frozen=True)
class ImportNotice:
    """A mail about a code import, but for its recipient."""

    subject: str
    body: str
    headers: tuple[tuple[str, str], ...]


def import_notice(code_import: ImportFacts, who: str | None) -> ImportNotice:
    """Return the mail about an import as it is now; ``who`` made it so, None for the master itself."""
    status = code_import.review_status
    subject = f"Code import {code_import.name} status: {status.name.capitalize()}"
    if status is ReviewStatus.NEW:
        subject = f"New code import: {code_import.name}"
    source = without_credentials(f"{code_import.url} {code_import.module}".strip())
    by = f"\nBy: {who}" if who else ""
    body = f"{SENTENCES[status]}\n\nImport: {code_import.name}\nFrom: {source} ({code_import.rcs_type.name}){by}\n"
    return ImportNotice(subject, body, (("X-Buildmaster-Code-Import", code_import.name),))
