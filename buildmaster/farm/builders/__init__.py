"""What ought to be done about builders: the facts, the actions, and the rules between them.

``facts`` is what is known, ``scanning.decide`` and ``runningjobs`` say what follows from it, ``actions`` is what they
may say, ``blame`` whose fault a failure is.
"""
