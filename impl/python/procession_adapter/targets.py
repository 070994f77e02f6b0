"""What a call is made on, and why it sometimes cannot be."""


class NoSuchTarget(Exception):
    """The worker has no object, end or process of this name (any more)."""


class Interruption(KeyboardInterrupt):
    """What the function of a signal raises, in the middle of whatever the main thread does."""


class NotOffered(Exception):
    """CPython has no such call on this object, or not with these arguments."""


def offered(target, name):
    """The method of this name. Looked up on the type, since a property may raise an error."""
    if not hasattr(type(target), name):
        raise NotOffered("%s has no %s" % (type(target).__name__, name))
    return getattr(target, name)


def attribute(target, name):
    """A function that reads the attribute, in the call, because that may raise an error."""
    if not hasattr(type(target), name):
        raise NotOffered("%s has no %s" % (type(target).__name__, name))
    return lambda: getattr(target, name)


def seconds(milliseconds):
    """A time as Python takes it; None for no limit."""
    return None if milliseconds is None else milliseconds / 1000
