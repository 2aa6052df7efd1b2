"""What people may do."""

from enum import StrEnum


class Role(StrEnum):
    """What an account may do."""

    READER = "reader"
    UPLOADER = "uploader"
    IMPORT_OPERATOR = "import-operator"
    BUILDD_ADMIN = "buildd-admin"
    ADMIN = "admin"
