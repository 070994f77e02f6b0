"""How shared values, arrays and records are made."""

from .records import record_type
from .scalars import scalar
from .targets import NoSuchTarget

NOT_A_LOCK = "this is no lock"


def lock_options(spec, existing):
    """The argument `lock`, if the script says anything about it."""
    choice = spec.get("lock", "unsaid")
    if isinstance(choice, dict):
        name = choice["given"]
        if name not in existing:
            raise NoSuchTarget("there is no %r to be the lock of %r" % (name, spec["name"]))
        return {"lock": existing[name]}
    said = {"unsaid": {}, "own": True, "absent": None, "raw": False, "nonsense": NOT_A_LOCK}[choice]
    return {} if choice == "unsaid" else {"lock": said}


def make_value(context, spec, ticket, existing):
    initial = () if spec.get("initial") is None else (scalar(spec["initial"]),)
    return context.Value(spec["code"], *initial, **lock_options(spec, existing))


def make_array(context, spec, ticket, existing):
    elements = spec.get("length")
    if spec.get("initial") is not None:
        elements = [scalar(written) for written in spec["initial"]]
    return context.Array(spec["code"], elements, **lock_options(spec, existing))


def make_record(context, spec, ticket, existing):
    kind = record_type(tuple((field["name"], field["code"]) for field in spec["fields"]))
    initial = [scalar(written) for written in spec.get("initial", ())]
    options = lock_options(spec, existing)
    length, width = spec.get("length"), len(spec["fields"])
    if length is None:
        return context.Value(kind, *initial, **options)
    if not initial:
        return context.Array(kind, length, **options)
    rows = [tuple(initial[width * row : width * (row + 1)]) for row in range(length)]
    return context.Array(kind, rows, **options)


MAKERS = {"value": make_value, "array": make_array, "record": make_record}
