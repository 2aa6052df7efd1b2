"""What a slave says, byte for byte: the client of the XML-RPC that slaves speak."""
