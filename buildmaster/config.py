"""Read the conf file once; report every mistake at once."""
