"""The ways of building that the bundled slave knows."""
