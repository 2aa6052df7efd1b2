"""The root of the errors that a caller can name."""


class BuildmasterError(Exception):
    """Something is wrong that an operator can mend; the message says what, where and how."""
