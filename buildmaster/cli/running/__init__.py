"""What the command runs: the master, slaves, import workers, the demo, the doctor."""
