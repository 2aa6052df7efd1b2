"""What builds, for those who have no slaves yet: the bundled slave."""
