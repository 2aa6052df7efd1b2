"""The ways of building that the bundled slave knows: ``sbuild`` in a chroot, on the host, or only pretending."""
