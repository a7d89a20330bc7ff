"""Errors that a user of this library is meant to read.

Each error says what was wrong, where, and what to do next, in one sentence without a full stop. The kinds are
also the usual exceptions of Python, so that `except ValueError` catches bad input.
"""


class OsintError(Exception):
    """Base of all errors of this library; a message that a person can act on."""


class BadInputError(OsintError, ValueError):
    """An argument, a table or a file of the user has a value that is not allowed."""


class NotFoundError(OsintError, LookupError):
    """A site, a claim, a capture or a scene with this name does not exist."""


class RefusedError(OsintError, PermissionError):
    """Something was not done because a rule of this library forbids it (an address, a size, a licence)."""


class UnreadableError(OsintError, ValueError):
    """Bytes that came from elsewhere are broken, cut short or not of the kind that they claim to be."""


class NetworkError(OsintError, OSError):
    """A server could not be reached or did not answer as it should; never a sign that something is absent."""
