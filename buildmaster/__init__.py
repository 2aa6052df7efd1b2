"""The master of a build farm for Debian-style source packages.

Source packages come in; the master works out which architectures each needs, queues and scores the builds, hands them
to build slaves over XML-RPC, follows them, checks what comes back, and publishes it.

==============  ============================================================================
``cli``         what an operator types
``daemon``      who puts the parts together, and keeps them alive
``tasks``       what gets a turn of the sequencer: gather, decide, carry out
``web``         what others see over HTTP
``work``        how work is done: in turn, in transactions, off the reactor, within limits
``files``       where files lie, and how they come to the disk whole
``model``       what is remembered: tables, questions that return facts, deeds
``slave``       what a slave says, byte for byte
``farm``        what ought to happen: values and pure functions
``workers``     what runs on other machines; it imports nothing of the others
==============  ============================================================================

Each imports those below it only. ``docs/architecture.rst`` goes through the rooms, and follows a build through them.
"""

__version__ = "0.1.0"
