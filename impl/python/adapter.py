"""The adapter for CPython's multiprocessing: `python3 adapter.py`, started by the suite.

The control process keeps itself pristine and forks once for each run; the fork comes back here and
becomes the main worker, so that it ends as any program ends: at the bottom of its main module.
Spawned children execute this file again under another name, so it does nothing then.
"""

if __name__ == "__main__":
    from procession_adapter import control

    run = control.serve()
    if run is not None:
        from procession_adapter import worker

        worker.main(run)
