"""What turns read and write of builders and of their attempts.

``snapshots`` reads, ``actions`` changes what the scanner decided; each deed names the attempt that it is about, and
does nothing where that has moved on.
"""
