"""The daemons: twistd applications and systemd units."""
