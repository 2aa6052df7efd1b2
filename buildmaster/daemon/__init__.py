"""Who puts the parts together, and keeps them alive.

``service`` makes the daemon of the conf file's settings; read it first. All that a part needs is handed to it there.
"""
