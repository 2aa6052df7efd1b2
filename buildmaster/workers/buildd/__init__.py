"""What builds, for those who have no slaves yet: the bundled slave, which speaks the protocol of all slaves."""
