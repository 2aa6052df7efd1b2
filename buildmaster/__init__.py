"""The master of a build farm for Debian-style source packages.

Source packages come in; the master works out which architectures each needs, queues and scores the builds, hands them
to build slaves over XML-RPC, follows them, checks what comes back, and publishes it.

==============  ==========================================================================
``farm``        what ought to happen: values and pure functions
``model``       what is remembered: tables, and questions that return facts
``tasks``       what gets a turn of the sequencer: gather, decide, carry out
``web``         what others see
``buildd``      what builds, for those who have no slaves yet: the bundled slave
``cli``         what an operator types
``service``     puts the parts together; nothing else does
==============  ==========================================================================
"""

__version__ = "0.1.0"
