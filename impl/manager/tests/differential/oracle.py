"""Answers what Python's own objects do, one case after the other.

A case is a pickle of (typeid, arguments, names, calls); each of these but the first is a pickle itself, so that
no two of them share an object, as no two requests of a manager do. A call is a pickle of (on, method, arguments,
names): on the object, or on the iterator of this number. The answer is a list of outcomes, and at its end the object
itself with its representation.
"""

import array
import multiprocessing.managers as managers
import pickle
import struct
import sys
from multiprocessing.reduction import ForkingPickler

MAKERS = {
    'list': list,
    'dict': dict,
    'Namespace': managers.Namespace,
    'Value': managers.Value,
    'Array': managers.Array,
}
TAKING = ('__delitem__', 'pop', 'popitem', 'clear')


def pickled(value):
    return bytes(ForkingPickler.dumps(value))


def unordered(value):
    """Whether sorting may give anything: beside a NaN, or among sets, there is no order."""
    text = repr(value)
    return 'nan' in text or '{' in text or 'set(' in text


def too_long(value, method, args):
    if method not in ('__mul__', '__rmul__', '__imul__') or not args or type(args[0]) is not int:
        return False
    return 0 < abs(args[0]) < 2 ** 62 and len(value) * args[0] > 500


def restore(value, before):
    if type(value) is list:
        value[:] = before
    elif type(value) is dict:
        value.clear()
        value.update(before)


def run(typeid, arguments, names, calls):
    try:
        value = MAKERS[typeid](*pickle.loads(arguments), **pickle.loads(names))
    except Exception as error:
        return [('error', type(error).__name__)], None, None
    outcomes = []
    iterators = []
    taken = 0
    for call in calls:
        on, method, args, kwargs = pickle.loads(call)
        if on is not None:
            if on >= len(iterators):
                outcomes.append(('skip',))
                continue
            iterator, size, taken_then = iterators[on]
            if taken_then != taken and size == len(value):
                # Where it stands after keys were taken out and others put in is an accident.
                outcomes.append(('skip',))
                continue
            target = iterator
        else:
            target = value
        if too_long(value, method, args) or method == 'sort' and unordered(value):
            outcomes.append(('skip',))
            continue
        if method == '__reversed__' and not value:
            # From 3.13 on it is sent without an index.
            outcomes.append(('skip',))
            continue
        before = value.copy() if type(value) in (list, dict) else None
        try:
            result = getattr(target, method)(*args, **kwargs)
            if method == '__iter__':
                iterators.append((result, len(value), taken))
                outcomes.append(('iterator',))
            else:
                outcomes.append(('value', pickled(result)))
            if method in TAKING:
                taken += 1
        except Exception as error:
            outcomes.append(('error', type(error).__name__))
            # What failed has changed nothing here; of Python some of it has stayed.
            if method in ('sort', 'update', 'extend'):
                restore(value, before)
                taken += 1
                iterators = [(iterator, size, -1) for iterator, size, then in iterators]
    return outcomes, pickled(value), repr(value)


def main():
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        length = asked.read(4)
        if len(length) < 4:
            break
        case = pickle.loads(asked.read(struct.unpack('>I', length)[0]))
        answer = pickled(run(*case))
        answers.write(struct.pack('>I', len(answer)) + answer)
        answers.flush()


main()
