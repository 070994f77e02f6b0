"""How managers, managed objects and listeners are made."""

from multiprocessing.connection import Listener

from . import endpoints, served
from .barrier_action import BarrierAction
from .creation_values import lock_options
from .data import among, build
from .scalars import scalar
from .targets import seconds


def make_manager(context, spec, ticket, existing):
    address = endpoints.manager_address(spec.get("at", "unsaid"), ticket)
    manager = served.Manager(address, ctx=context, **endpoints.key_options(spec.get("key", "unsaid")))
    manager.note = endpoints.note_path(ticket, spec["name"])
    manager.first = first_of(spec.get("initializer"), ticket)
    if not spec.get("idle"):
        manager.start()
    return manager


def first_of(initializer, ticket):
    """The arguments of a manager's start."""
    if initializer is None:
        return ()
    if initializer == "raises":
        return (served.refuse,)
    if initializer == "nonsense":
        return ("this cannot be called",)
    return (served.count, (ticket["directory"], initializer["counts"]))


def make_listener(context, spec, ticket, existing):
    options = endpoints.options(spec.get("at", "unsaid"), ticket)
    options.update(endpoints.key_options(spec.get("key", "unsaid")))
    if spec.get("backlog") is not None:
        options["backlog"] = spec["backlog"]
    listener = Listener(**options)
    endpoints.note(endpoints.note_path(ticket, spec["name"]), listener.address)
    return listener


def make_managed(context, spec, ticket, existing):
    known, of = among(existing, spec["name"]), dict(spec["of"], name=spec["name"])
    return MANAGED[of["kind"]](known(spec["manager"]), of, ticket, existing)


def plain(method):
    """An object that is created without arguments."""
    return lambda manager, of, ticket, existing: getattr(manager, method)()


def bounded(method):
    """A queue."""
    return lambda manager, of, ticket, existing: getattr(manager, method)(of.get("maxsize", 0))


def counting(method):
    """A semaphore."""

    def make(manager, of, ticket, existing):
        first = () if of.get("value") is None else (of["value"],)
        return getattr(manager, method)(*first)

    return make


def holding(method):
    """A container, perhaps with what it holds at first."""

    def make(manager, of, ticket, existing):
        first = ()
        if of.get("initial") is not None:
            first = (build(of["initial"], among(existing, of["name"])),)
        return getattr(manager, method)(*first)

    return make


def make_condition(manager, of, ticket, existing):
    if of.get("lock") is None:
        return manager.Condition()
    return manager.Condition(among(existing, of["name"])(of["lock"]))


def make_barrier(manager, of, ticket, existing):
    options = {}
    if of.get("timeout_ms") is not None:
        options["timeout"] = seconds(of["timeout_ms"])
    if of.get("action") is not None:
        then = of["action"].get("then", "returns")
        options["action"] = BarrierAction(ticket["directory"], of["action"]["word"], then)
    return manager.Barrier(of["parties"], **options)


def make_value(manager, of, ticket, existing):
    initial = 0 if of.get("initial") is None else scalar(of["initial"])
    return manager.Value(of["code"], initial, **lock_options(of, existing))


def make_array(manager, of, ticket, existing):
    if of.get("initial") is None:
        elements = [0] * of["length"]
    else:
        elements = [scalar(written) for written in of["initial"]]
    return manager.Array(of["code"], elements, **lock_options(of, existing))


def make_namespace(manager, of, ticket, existing):
    known = among(existing, of["name"])
    return manager.Namespace(**{name: build(value, known) for name, value in of.get("initial", ())})


def make_registered(manager, of, ticket, existing):
    known = among(existing, of["name"])
    arguments = [build(argument, known) for argument in of.get("args", ())]
    if of["type"] == "unknown":
        # The manager has no method for it; this asks the server all the same.
        return manager._create("unknown", *arguments)
    return getattr(manager, of["type"])(*arguments)


MANAGED = {
    "queue": bounded("Queue"),
    "joinable_queue": bounded("JoinableQueue"),
    "lock": plain("Lock"),
    "rlock": plain("RLock"),
    "semaphore": counting("Semaphore"),
    "bounded_semaphore": counting("BoundedSemaphore"),
    "condition": make_condition,
    "event": plain("Event"),
    "barrier": make_barrier,
    "value": make_value,
    "array": make_array,
    "list": holding("list"),
    "dict": holding("dict"),
    "namespace": make_namespace,
    "registered": make_registered,
}

MAKERS = {"manager": make_manager, "listener": make_listener}
