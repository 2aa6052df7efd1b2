"""The words that all rules share: states, pockets, references, versions, names of files."""
