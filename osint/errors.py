"""The one error that a user of this library is meant to read."""


class OsintError(Exception):
    """What was wrong, where, and what to do next, in one sentence."""
