"""Keep the collector of garbage from holding up the reactor."""

import gc


def spare() -> None:
    """Keep all that is there now out of the collector's sight, once what is garbage of it is gone.

    That is most of the daemon: its modules and the maps of its tables. Each full collection looked at them, for a
    tenth of a second. To be called whenever the parts of the daemon have been made.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
