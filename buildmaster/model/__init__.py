"""What is remembered: tables, questions that return facts, and deeds that change rows.

All are functions of a ``session``, to be run by ``work.database``; none commits, and no mapped object leaves them.
"""
