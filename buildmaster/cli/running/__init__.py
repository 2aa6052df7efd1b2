"""What the command runs for a while: the daemon, slaves, import workers, the demo, the doctor."""
