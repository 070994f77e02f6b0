"""An adapter of the conformance suite for CPython's multiprocessing, for CPython 3.8 and later.

`control` talks to the suite and forks the main worker of each run; `creation` makes the objects and
`launch` the processes; `worker` does the steps; the `calls_*` modules say what each call is in Python; `outcomes`
says what each error means; `items`, `history` and `lines` are the formats of the protocol.
"""
