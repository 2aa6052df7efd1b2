"""Tests that need processes, and some of them root: a crash of the daemon, a real slave."""
