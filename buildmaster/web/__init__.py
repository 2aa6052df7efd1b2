"""What others see over HTTP: stored files, uploads, the daemon's health; XML-RPC and JSON of code imports."""
