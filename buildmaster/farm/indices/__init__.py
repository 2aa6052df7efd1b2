"""Indices of archives elsewhere, read: Packages, Sources and Release."""
