"""What gets a turn of the sequencer: gather, decide, carry out."""
