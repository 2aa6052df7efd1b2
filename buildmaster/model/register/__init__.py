"""What operators set: archives, series, builders, chroots, accounts, freezes; each is a function for one command."""
