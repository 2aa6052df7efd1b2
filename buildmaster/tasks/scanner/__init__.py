"""The slave scanner's turns, and its errands to slaves.

``turn`` is the whole of a turn; ``deciding`` asks the rules, ``effects`` carries out what they say, ``slaveerrands``
has what needs a slave, and ``fetching`` and ``landing`` how results come from there to ``incoming/``.
"""
